#include <glib-object.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <libxml/xpath.h>
//
#include <lasso/lasso.h>

#include <algorithm>
#include <array>
#include <stdexcept>

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

std::string sp_metadata(const ServiceProviderSettings& sp) {
  return "<EntityDescriptor xmlns=\"" + std::string(kMetadata) + "\" entityID=\"" +
         escape_xml(sp.entity_id) + "\"><SPSSODescriptor protocolSupportEnumeration=\"" +
         kProtocol +
         "\"><AssertionConsumerService index=\"0\" isDefault=\"true\""
         " Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"" +
         escape_xml(sp.acs_url) + "\"/></SPSSODescriptor></EntityDescriptor>";
}

// Without keys: where Lasso finds them in metadata, xmlsec reads the system's CA bundle for each
// (25 to 140 ms), which is never needed, for they are pinned.
std::string idp_metadata(const IdpMetadata& idp) {
  const bool has_redirect = !idp.sso_redirect_url.empty();
  return "<EntityDescriptor xmlns=\"" + std::string(kMetadata) + "\" entityID=\"" +
         escape_xml(idp.entity_id) + "\"><IDPSSODescriptor protocolSupportEnumeration=\"" +
         kProtocol +
         "\"><SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-" +
         (has_redirect ? "Redirect" : "POST") + "\" Location=\"" +
         escape_xml(has_redirect ? idp.sso_redirect_url : idp.sso_post_url) +
         "\"/></IDPSSODescriptor></EntityDescriptor>";
}

// The bare key: Lasso copies it for each message, and a certificate with it would be parsed anew
// each time, which takes longer than checking the signature.
bool add_key(LassoProvider* provider, const SigningKey& key) {
  const std::string pem = key.alone.pem();  // the form that it tries first
  const GHandle<LassoKey> made(lasso_key_new_for_signature_from_memory(
      pem.data(), pem.size(), nullptr, LASSO_SIGNATURE_METHOD_RSA_SHA256, nullptr));
  if (made == nullptr || lasso_provider_add_key(provider, made.get(), TRUE) != 0) return false;
  // It looks at its keys only where it was told of one when it was made; the text is not read.
  if (provider->public_key == nullptr) provider->public_key = g_strdup("added");
  return true;
}

}  // namespace

class LassoOpinion::Implementation {
 public:
  GHandle<LassoServer> server;
};

LassoOpinion::LassoOpinion(const ServiceProviderSettings& sp, const IdentityProvider& idp,
                           const std::vector<SigningKey>& keys)
    : implementation_(std::make_unique<Implementation>()) {
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
  LassoProvider* provider = lasso_server_get_provider(server, idp.metadata.entity_id.c_str());
  for (const SigningKey& key : keys) {
    if (!key.alone.is_rsa()) continue;  // Lasso knows no other
    if (provider == nullptr || !add_key(provider, key)) {
      throw std::runtime_error(idp.name + ": Lasso refuses a signing key of the identity provider");
    }
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
