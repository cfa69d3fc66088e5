#include "http/form.h"
#include "saml/codes.h"
#include "saml/outgoing.h"
#include "saml/xml.h"
#include "text/instant.h"

namespace anteroom::saml {

namespace {

// saml-core 3.3.2.2.1; Entra ID takes no other comparison than this.
std::string requested_context(const std::vector<std::string>& classes) {
  if (classes.empty()) return "";
  std::string out = "<samlp:RequestedAuthnContext Comparison=\"exact\">";
  for (const std::string& name : classes) {
    out += "<saml:AuthnContextClassRef>" + escape_xml(name) + "</saml:AuthnContextClassRef>";
  }
  return out + "</samlp:RequestedAuthnContext>";
}

std::string request_xml(const ServiceProviderSettings& sp, const IdentityProvider& idp,
                        const AuthnRequestParams& params, const std::string& destination) {
  std::string policy;
  if (!idp.name_id_format.empty()) {
    policy = "<samlp:NameIDPolicy Format=\"" + escape_xml(idp.name_id_format) + "\"/>";
  }
  const std::string wishes = std::string(params.force_authn ? " ForceAuthn=\"true\"" : "") +
                             (params.is_passive ? " IsPassive=\"true\"" : "");
  return "<samlp:AuthnRequest xmlns:samlp=\"" + std::string(kProtocol) + "\" xmlns:saml=\"" +
         kAssertion + "\" ID=\"" + escape_xml(params.id) + "\" Version=\"2.0\" IssueInstant=\"" +
         text::format_instant(params.issue_instant) + "\" Destination=\"" +
         escape_xml(destination) + "\" AssertionConsumerServiceURL=\"" + escape_xml(sp.acs_url) +
         "\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:" +
         (idp.response_binding == ResponseBinding::artifact ? "HTTP-Artifact\"" : "HTTP-POST\"") +
         wishes + "><saml:Issuer>" + escape_xml(sp.entity_id) + "</saml:Issuer>" + policy +
         requested_context(params.authn_contexts) + "</samlp:AuthnRequest>";
}

std::string hint(const IdentityProvider& idp, const AuthnRequestParams& params) {
  if (!idp.send_login_hint || params.login_hint.empty()) return "";
  return "login_hint=" + http::percent_encode(params.login_hint);
}

}  // namespace

Result<OutgoingMessage> build_authn_request(const ServiceProviderSettings& sp,
                                            const IdentityProvider& idp,
                                            const AuthnRequestParams& params) {
  const bool is_redirect = idp.request_binding == RequestBinding::redirect;
  const std::string& url = idp.sign_on_url();
  if (idp.sign_requests && !sp.signing) return Failure{code::kCannotBuild, "no signing key"};
  const Outgoing message{
      "SAMLRequest",      request_xml(sp, idp, params, url),          params.id,
      params.relay_state, idp.sign_requests ? &*sp.signing : nullptr, hint(idp, params)};
  return is_redirect ? send_by_redirect(url, message) : send_by_post(url, message);
}

}  // namespace anteroom::saml
