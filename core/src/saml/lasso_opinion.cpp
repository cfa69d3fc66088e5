#include <glib-object.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <libxml/xpath.h>
//
#include <lasso/lasso.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include "crypto/encoding.h"
#include "crypto/pem.h"
#include "saml/keys.h"
#include "saml/lasso_opinion.h"
#include "saml/xml.h"

namespace anteroom::saml {

namespace {

// What Lasso answers to legal messages that it cannot read: with a Signature elsewhere than behind
// the Issuer; with two SubjectConfirmations or no Subject; without an Issuer of the Response, or
// with white space around one.
constexpr std::array<int, 5> kUnread{
    LASSO_PROFILE_ERROR_MISSING_ASSERTION, LASSO_PROFILE_ERROR_UNSUPPORTED_PROFILE,
    LASSO_PROFILE_ERROR_MISSING_SUBJECT, LASSO_SERVER_ERROR_PROVIDER_NOT_FOUND,
    LASSO_PROFILE_ERROR_INVALID_ISSUER};

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using GHandle = std::unique_ptr<T, Unref>;

// xmlsec reads the system's CA bundle for each key that it loads (140 ms against 3 ms) and never
// needs it here: the keys are pinned. It is hidden while the keys load; no thread runs yet.
class HiddenCaBundle {
 public:
  HiddenCaBundle() {
    for (Variable& variable : variables_) {
      const char* value = std::getenv(variable.name);  // NOLINT(concurrency-mt-unsafe)
      if (value != nullptr) variable.before = value;
      setenv(variable.name, "/nonexistent", 1);  // NOLINT(concurrency-mt-unsafe)
    }
  }
  ~HiddenCaBundle() {
    for (const Variable& variable : variables_) {
      if (variable.before) {
        setenv(variable.name, variable.before->c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
      } else {
        unsetenv(variable.name);  // NOLINT(concurrency-mt-unsafe)
      }
    }
  }
  HiddenCaBundle(const HiddenCaBundle&) = delete;
  HiddenCaBundle& operator=(const HiddenCaBundle&) = delete;

 private:
  struct Variable {
    const char* name;
    std::optional<std::string> before;
  };
  Variable variables_[2]{{"SSL_CERT_FILE", {}}, {"SSL_CERT_DIR", {}}};
};

std::string sp_metadata(const ServiceProviderSettings& sp) {
  return "<EntityDescriptor xmlns=\"" + std::string(kMetadata) + "\" entityID=\"" +
         escape_xml(sp.entity_id) + "\"><SPSSODescriptor protocolSupportEnumeration=\"" +
         kProtocol +
         "\"><AssertionConsumerService index=\"0\" isDefault=\"true\""
         " Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"" +
         escape_xml(sp.acs_url) + "\"/></SPSSODescriptor></EntityDescriptor>";
}

// The bare key: Lasso copies it for each message, and a certificate with it would be parsed anew
// each time, which takes longer than checking the signature.
std::string key_info(const std::string& der) {
  const auto rsa = crypto::rsa_numbers(der);
  if (!rsa) {
    return "<X509Data><X509Certificate>" + crypto::base64(der) + "</X509Certificate></X509Data>";
  }
  return "<KeyValue><RSAKeyValue><Modulus>" + crypto::base64(rsa->modulus) +
         "</Modulus><Exponent>" + crypto::base64(rsa->exponent) +
         "</Exponent></RSAKeyValue></KeyValue>";
}

std::string idp_metadata(const IdpMetadata& idp) {
  std::string keys;
  for (const std::string& der : idp.signing_certificates_der) {
    if (!load_signing_key(der)) continue;
    keys += "<KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"" + std::string(kDsig) + "\">" +
            key_info(der) + "</KeyInfo></KeyDescriptor>";
  }
  const bool has_redirect = !idp.sso_redirect_url.empty();
  return "<EntityDescriptor xmlns=\"" + std::string(kMetadata) + "\" entityID=\"" +
         escape_xml(idp.entity_id) + "\"><IDPSSODescriptor protocolSupportEnumeration=\"" +
         kProtocol + "\">" + keys +
         "<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-" +
         (has_redirect ? "Redirect" : "POST") + "\" Location=\"" +
         escape_xml(has_redirect ? idp.sso_redirect_url : idp.sso_post_url) +
         "\"/></IDPSSODescriptor></EntityDescriptor>";
}

}  // namespace

class LassoOpinion::Implementation {
 public:
  GHandle<LassoServer> server;
};

LassoOpinion::LassoOpinion(const ServiceProviderSettings& sp, const IdentityProvider& idp)
    : implementation_(std::make_unique<Implementation>()) {
  const HiddenCaBundle hidden;
  implementation_->server.reset(
      lasso_server_new_from_buffers(sp_metadata(sp).c_str(), nullptr, nullptr, nullptr));
  LassoServer* server = implementation_->server.get();
  if (server == nullptr) throw std::runtime_error("Lasso refuses the service provider's settings");
  server->signature_method = LASSO_SIGNATURE_METHOD_RSA_SHA256;
  if (lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP,
                                            idp_metadata(idp.metadata).c_str(), nullptr,
                                            nullptr) != 0) {
    throw std::runtime_error(idp.name + ": Lasso refuses the identity provider's metadata");
  }
}

LassoOpinion::~LassoOpinion() = default;

LassoAnswer LassoOpinion::ask(const GuardedResponse& response) const {
  const GHandle<LassoLogin> login(lasso_login_new(implementation_->server.get()));
  if (login == nullptr) return {Opinion::bad, LASSO_ERROR_UNDEFINED};
  // Lasso takes a mutable string and does not keep it.
  std::string message = response.base64;
  const int code = lasso_login_process_authn_response_msg(login.get(), message.data());
  if (code == 0) return {Opinion::good, code};
  const bool is_read = std::find(kUnread.begin(), kUnread.end(), code) == kUnread.end();
  return {is_read ? Opinion::bad : Opinion::none, code};
}

}  // namespace anteroom::saml
