#include <algorithm>

#include "anteroom/saml.h"
#include "crypto/encoding.h"
#include "crypto/pem.h"
#include "http/unicode.h"
#include "http/url.h"
#include "saml/instant.h"
#include "saml/metadata_signature.h"
#include "saml/xml.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxMetadataBytes = 4u << 20;
constexpr std::size_t kMaxKeys = 16;  // each is tried on each message
constexpr const char* kRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
constexpr const char* kSoap = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";
constexpr const char* kPost = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
constexpr Code kUnusable{"idp_metadata"};

Failure unusable(std::string detail) {
  return {kUnusable, std::move(detail)};
}

// The EntityDescriptor that is an IdP: the root, or the only one within an EntitiesDescriptor.
Result<const xmlNode*> find_idp(const xmlNode* root) {
  std::vector<xmlNode*> entities;
  if (is_element(root, kMetadata, "EntitiesDescriptor")) {
    entities = children(root, kMetadata, "EntityDescriptor");
  } else if (is_element(root, kMetadata, "EntityDescriptor")) {
    entities.push_back(const_cast<xmlNode*>(root));
  } else {
    return unusable("this is no SAML 2.0 metadata: the root element is no EntityDescriptor");
  }
  std::erase_if(entities, [](const xmlNode* entity) {
    return children(entity, kMetadata, "IDPSSODescriptor").empty();
  });
  if (entities.empty()) return unusable("there is no identity provider (IDPSSODescriptor) in it");
  if (entities.size() > 1)
    return unusable("there are several identity providers in it; one is needed");
  return entities.front();
}

// saml-metadata 2.4.1.1: a KeyDescriptor without use serves for signing too.
Status read_keys(const xmlNode* role, IdpMetadata& idp) {
  for (const xmlNode* descriptor : children(role, kMetadata, "KeyDescriptor")) {
    if (attribute(descriptor, "use").value_or("signing") != "signing") continue;
    for (const xmlNode* info : children(descriptor, kDsig, "KeyInfo")) {
      for (const xmlNode* data : children(info, kDsig, "X509Data")) {
        for (const xmlNode* certificate : children(data, kDsig, "X509Certificate")) {
          std::string text = plain_text(certificate).value_or("");
          std::erase_if(text,
                        [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
          auto der = crypto::from_base64(text);
          if (!der || !crypto::certificate_facts(*der)) {
            return unusable("a signing certificate in it cannot be read");
          }
          auto& known = idp.signing_certificates_der;
          if (std::find(known.begin(), known.end(), *der) == known.end()) known.push_back(*der);
          if (known.size() > kMaxKeys) {
            return unusable("there are more than 16 signing certificates in it");
          }
        }
      }
    }
  }
  if (idp.signing_certificates_der.empty())
    return unusable("there is no signing certificate in it");
  return Done{};
}

Status read_endpoint(const xmlNode* role, const char* service, const char* binding,
                     std::string& url, const char* attribute_name = "Location") {
  for (const xmlNode* endpoint : children(role, kMetadata, service)) {
    if (attribute(endpoint, "Binding") != binding || !url.empty()) continue;
    const std::string location = attribute(endpoint, attribute_name).value_or("");
    if (location.empty() && attribute_name != std::string_view("Location")) continue;
    const auto parsed = http::parse_url(location);
    if (!parsed || (parsed->scheme != "https" && !http::is_loopback(*parsed))) {
      return unusable(std::string(service) + " leads to '" + location + "', which is no https URL");
    }
    url = location;
  }
  return Done{};
}

// saml-metadata 2.4.3: several, told apart by index. What has no usable index is left out.
Status read_artifact_services(const xmlNode* role, IdpMetadata& idp) {
  for (const xmlNode* service : children(role, kMetadata, "ArtifactResolutionService")) {
    const std::string index = attribute(service, "index").value_or("");
    if (attribute(service, "Binding") != kSoap || index.empty() || index.size() > 5 ||
        index.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const std::string location = attribute(service, "Location").value_or("");
    const auto url = http::parse_url(location);
    if (!url || (url->scheme != "https" && !http::is_loopback(*url))) {
      return unusable("ArtifactResolutionService leads to '" + location +
                      "', which is no https URL");
    }
    idp.artifact_urls.emplace(std::stoi(index), location);
  }
  return Done{};
}

Status check_validity(const xmlNode* node, Time now, IdpMetadata& idp) {
  const auto text = attribute(node, "validUntil");
  if (!text) return Done{};
  const auto until = parse_instant(*text);
  if (!until) return unusable("validUntil '" + *text + "' is no UTC time");
  if (now >= *until) return unusable("it expired at " + *text + " (validUntil): ask for a new one");
  if (!idp.valid_until || *until < *idp.valid_until) idp.valid_until = *until;
  return Done{};
}

Status read_role(const xmlNode* role, IdpMetadata& idp) {
  if (Status keys = read_keys(role, idp); !keys) return keys;
  for (const auto& [service, binding, url] :
       {std::tuple{"SingleSignOnService", kRedirect, &idp.sso_redirect_url},
        std::tuple{"SingleSignOnService", kPost, &idp.sso_post_url},
        std::tuple{"SingleLogoutService", kRedirect, &idp.slo_redirect_url}}) {
    if (Status fine = read_endpoint(role, service, binding, *url); !fine) return fine;
  }
  for (const auto& [binding, name, url] :
       {std::tuple{kPost, "Location", &idp.slo_post_url},
        std::tuple{kRedirect, "ResponseLocation", &idp.slo_redirect_response_url},
        std::tuple{kPost, "ResponseLocation", &idp.slo_post_response_url}}) {
    if (Status fine = read_endpoint(role, "SingleLogoutService", binding, *url, name); !fine)
      return fine;
  }
  if (idp.sso_redirect_url.empty() && idp.sso_post_url.empty()) {
    return unusable("there is no SingleSignOnService with HTTP-Redirect or HTTP-POST in it");
  }
  return read_artifact_services(role, idp);
}

bool speaks_saml2(const xmlNode* role) {
  const std::string protocols =
      " " + attribute(role, "protocolSupportEnumeration").value_or("") + " ";
  return protocols.find(std::string(" ") + kProtocol + " ") != std::string::npos;
}

}  // namespace

Result<IdpMetadata> parse_idp_metadata(std::string_view xml, Time now,
                                       std::string_view pinned_certificate_der) {
  auto document = parse_xml(xml, kMaxMetadataBytes);
  if (!document) {
    return unusable("this is no usable XML: " + document.failure().detail);
  }
  if (!pinned_certificate_der.empty()) {
    document = open_signed_metadata(document->get(), pinned_certificate_der);
    if (!document) return unusable(document.failure().detail);
  }
  const xmlNode* root = xmlDocGetRootElement(document->get());
  const auto entity = find_idp(root);
  if (!entity) return entity.failure();
  IdpMetadata idp;
  idp.entity_id = attribute(*entity, "entityID").value_or("");
  if (idp.entity_id.empty()) return unusable("the EntityDescriptor has no entityID");
  if (!http::is_plain_text(idp.entity_id, http::Lines::one)) {
    return unusable("the entityID has control characters or invisible ones in it");
  }
  if (idp.entity_id.find('{') != std::string::npos) {
    return unusable("the entityID '" + idp.entity_id +
                    "' is a template: download the metadata of the customer's own application");
  }
  auto roles = children(*entity, kMetadata, "IDPSSODescriptor");
  std::erase_if(roles, [](const xmlNode* role) { return !speaks_saml2(role); });
  if (roles.size() != 1) {
    return unusable(roles.empty() ? "its identity provider does not speak SAML 2.0"
                                  : "there are several IDPSSODescriptors in it; one is needed");
  }
  for (const xmlNode* node : {root, *entity, static_cast<const xmlNode*>(roles.front())}) {
    if (Status fine = check_validity(node, now, idp); !fine) return fine.failure();
  }
  if (Status read = read_role(roles.front(), idp); !read) return read.failure();
  return idp;
}

}  // namespace anteroom::saml
