#include "saml/metadata_role.h"

#include <algorithm>

#include "crypto/encoding.h"
#include "http/url.h"
#include "saml/keys.h"
#include "text/unicode.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxKeys = 16;  // each is tried on each message
constexpr std::size_t kMaxRemarks = 20;
constexpr std::size_t kMaxFormats = 20;
constexpr std::size_t kMaxShown = 200;
constexpr std::string_view kSpace = " \t\r\n";
constexpr const char* kRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
constexpr const char* kPost = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
constexpr const char* kSoap = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";
constexpr const char* kSignOn = "SingleSignOnService";
constexpr const char* kLogout = "SingleLogoutService";
constexpr Code kUnusable{"idp_metadata"};

std::string trimmed(std::string_view text) {
  return std::string(text::trimmed(text));
}

std::string shown(const std::string& text) {
  return "'" + text::printable(text, kMaxShown) + "'";
}

// The bytes of an X509Certificate, which some write with the lines of PEM around them.
std::string der_of(const xmlNode* certificate) {
  std::string text = plain_text(certificate).value_or("");
  for (const std::string_view line : {"-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"}) {
    if (const auto at = text.find(line); at != std::string::npos) text.erase(at, line.size());
  }
  std::erase_if(text, [](char c) { return kSpace.find(c) != std::string_view::npos; });
  return crypto::from_base64(text).value_or("");
}

std::vector<const xmlNode*> certificates_of(const xmlNode* descriptor) {
  std::vector<const xmlNode*> found;
  for (const xmlNode* info : children(descriptor, kDsig, "KeyInfo")) {
    for (const xmlNode* data : children(info, kDsig, "X509Data")) {
      const auto here = children(data, kDsig, "X509Certificate");
      found.insert(found.end(), here.begin(), here.end());
    }
  }
  return found;
}

// saml-metadata 2.4.1.1: a KeyDescriptor without use serves for signing too.
bool is_for_signing(const xmlNode* descriptor, IdpMetadata& idp) {
  const std::string use = trimmed(attribute(descriptor, "use").value_or("signing"));
  if (use == "signing") return true;
  if (use != "encryption") add_remark(idp, "a key for " + shown(use) + " is left out");
  return false;
}

class Keys {
 public:
  explicit Keys(IdpMetadata& idp) : idp_(idp) {}

  void take(const xmlNode* descriptor) {
    const auto certificates = certificates_of(descriptor);
    if (certificates.empty()) leave_out("a signing key without X509Certificate");
    for (const xmlNode* certificate : certificates) take_certificate(der_of(certificate));
  }

  [[nodiscard]] Status judge() const {
    const std::size_t count = idp_.signing_certificates_der.size();
    if (count > kMaxKeys) {
      return Failure{kUnusable, "there are more than 16 signing certificates in it"};
    }
    if (count > 0) return Done{};
    return Failure{kUnusable, left_out_.empty()
                                  ? "there is no signing certificate in it"
                                  : "there is no usable signing key in it" + left_out_};
  }

 private:
  void take_certificate(const std::string& der) {
    auto& known = idp_.signing_certificates_der;
    if (known.size() > kMaxKeys || std::find(known.begin(), known.end(), der) != known.end()) {
      return;
    }
    const auto key = load_signing_key(der);
    if (!key) return leave_out(key.failure().detail);
    known.push_back(der);
    idp_.certificates.push_back({key->fingerprint, key->subject, key->not_after});
  }

  void leave_out(const std::string& why) {
    if (left_out_.size() < kMaxShown * kMaxRemarks) left_out_ += ": " + why;
    add_remark(idp_, why + ": left out");
  }

  IdpMetadata& idp_;
  std::string left_out_;
};

bool is_safe_address(const std::string& location) {
  const auto url = http::parse_url(location);
  return url && (url->scheme == "https" || http::is_loopback(*url));
}

std::string complaint(const char* service, const std::string& location) {
  return std::string(service) + " leads to " + shown(location) + ", which is not an https URL";
}

std::optional<std::string> address(const xmlNode* endpoint, const char* service, const char* name,
                                   IdpMetadata& idp) {
  const auto raw = attribute(endpoint, name);
  if (!raw) return std::nullopt;
  const std::string location = trimmed(*raw);
  if (!is_safe_address(location)) {
    add_remark(idp, complaint(service, location) + ": left out");
    return std::nullopt;
  }
  if (location != *raw) {
    add_remark(
        idp, std::string(service) + ": the white space around " + shown(location) + " is left out");
  }
  return location;
}

struct Endpoint {
  std::string location;
  std::string response_location;
};

// The first that is usable; empty if none is.
Endpoint read_endpoint(const xmlNode* role, const char* service, const char* binding,
                       IdpMetadata& idp) {
  for (const xmlNode* endpoint : children(role, kMetadata, service)) {
    if (uri_attribute(endpoint, "Binding") != binding) continue;
    const auto location = address(endpoint, service, "Location", idp);
    if (!location) continue;
    return {*location, address(endpoint, service, "ResponseLocation", idp).value_or("")};
  }
  return {};
}

Failure no_sign_on_address(const xmlNode* role) {
  for (const xmlNode* endpoint : children(role, kMetadata, kSignOn)) {
    const auto binding = uri_attribute(endpoint, "Binding");
    if (binding != kRedirect && binding != kPost) continue;
    return {kUnusable, complaint(kSignOn, trimmed(attribute(endpoint, "Location").value_or("")))};
  }
  return {kUnusable, "there is no SingleSignOnService with HTTP-Redirect or HTTP-POST in it"};
}

// saml-metadata 2.4.3: several, told apart by index.
void read_artifact_services(const xmlNode* role, IdpMetadata& idp) {
  constexpr const char* kService = "ArtifactResolutionService";
  for (const xmlNode* service : children(role, kMetadata, kService)) {
    if (uri_attribute(service, "Binding") != kSoap) continue;
    const std::string index = trimmed(attribute(service, "index").value_or(""));
    if (index.empty() || index.size() > 5 ||
        index.find_first_not_of("0123456789") != std::string::npos) {
      add_remark(idp, std::string(kService) + " with the index " + shown(index) + " is left out");
      continue;
    }
    if (const auto location = address(service, kService, "Location", idp)) {
      idp.artifact_urls.emplace(std::stoi(index), *location);
    }
  }
}

void read_name_id_formats(const xmlNode* role, IdpMetadata& idp) {
  for (const xmlNode* format : children(role, kMetadata, "NameIDFormat")) {
    const std::string text = text::printable(plain_text(format).value_or(""), kMaxShown);
    if (!text.empty() && idp.name_id_formats.size() < kMaxFormats) {
      idp.name_id_formats.push_back(text);
    }
  }
}

}  // namespace

void add_remark(IdpMetadata& idp, std::string remark) {
  const auto& known = idp.remarks;
  if (known.size() >= kMaxRemarks || std::find(known.begin(), known.end(), remark) != known.end()) {
    return;
  }
  idp.remarks.push_back(std::move(remark));
}

std::optional<std::string> uri_attribute(const xmlNode* node, const char* name) {
  const auto text = attribute(node, name);
  return text ? std::optional(trimmed(*text)) : std::nullopt;
}

Status read_idp_role(const xmlNode* role, IdpMetadata& idp) {
  Keys keys(idp);
  for (const xmlNode* descriptor : children(role, kMetadata, "KeyDescriptor")) {
    if (is_for_signing(descriptor, idp)) keys.take(descriptor);
  }
  if (Status usable = keys.judge(); !usable) return usable;
  idp.sso_redirect_url = read_endpoint(role, kSignOn, kRedirect, idp).location;
  idp.sso_post_url = read_endpoint(role, kSignOn, kPost, idp).location;
  if (idp.sso_redirect_url.empty() && idp.sso_post_url.empty()) return no_sign_on_address(role);
  Endpoint logout = read_endpoint(role, kLogout, kRedirect, idp);
  idp.slo_redirect_url = std::move(logout.location);
  idp.slo_redirect_response_url = std::move(logout.response_location);
  logout = read_endpoint(role, kLogout, kPost, idp);
  idp.slo_post_url = std::move(logout.location);
  idp.slo_post_response_url = std::move(logout.response_location);
  read_artifact_services(role, idp);
  read_name_id_formats(role, idp);
  const auto wants = uri_attribute(role, "WantAuthnRequestsSigned");
  idp.wants_signed_requests = wants == "true" || wants == "1";
  return Done{};
}

}  // namespace anteroom::saml
