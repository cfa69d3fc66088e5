// Logout messages of ours (saml-core 3.7, saml-profiles 4.4).
#include "saml/codes.h"
#include "saml/outgoing.h"
#include "saml/xml.h"
#include "text/instant.h"

namespace anteroom::saml {

namespace {

constexpr auto kRequestLife = std::chrono::minutes(5);
constexpr const char* kLogoutReason = "urn:oasis:names:tc:SAML:2.0:logout:user";

std::string head(const char* name, const std::string& id, Time now, const std::string& destination,
                 const std::string& more) {
  return "<samlp:" + std::string(name) + " xmlns:samlp=\"" + kProtocol + "\" xmlns:saml=\"" +
         kAssertion + "\" ID=\"" + escape_xml(id) + "\" Version=\"2.0\" IssueInstant=\"" +
         text::format_instant(now) + "\" Destination=\"" + escape_xml(destination) + "\"" + more +
         ">";
}

Result<OutgoingMessage> dispatch(const IdentityProvider& idp, const std::string& url,
                                 const Outgoing& message) {
  return idp.logout.binding == LogoutBinding::redirect ? send_by_redirect(url, message)
                                                       : send_by_post(url, message);
}

}  // namespace

Result<OutgoingMessage> build_logout_request(const ServiceProviderSettings& sp,
                                             const IdentityProvider& idp,
                                             const LogoutRequestParams& params) {
  if (params.name_id.empty()) return Failure{code::kCannotBuild, "no NameID to log out"};
  const std::string& url = idp.logout.request_url;
  const std::string format =
      params.name_id_format.empty() ? "" : " Format=\"" + escape_xml(params.name_id_format) + "\"";
  std::string xml = head("LogoutRequest", params.id, params.now, url,
                         " NotOnOrAfter=\"" + text::format_instant(params.now + kRequestLife) +
                             "\" Reason=\"" + kLogoutReason + "\"") +
                    "<saml:Issuer>" + escape_xml(sp.entity_id) + "</saml:Issuer><saml:NameID" +
                    format + ">" + escape_xml(params.name_id) + "</saml:NameID>";
  // Never one that the IdP did not give.
  if (!params.session_index.empty()) {
    xml += "<samlp:SessionIndex>" + escape_xml(params.session_index) + "</samlp:SessionIndex>";
  }
  xml += "</samlp:LogoutRequest>";
  return dispatch(
      idp, url,
      {"SAMLRequest", xml, params.id, params.relay_state, sp.signing ? &*sp.signing : nullptr, ""});
}

Result<OutgoingMessage> build_logout_response(const ServiceProviderSettings& sp,
                                              const IdentityProvider& idp,
                                              const LogoutResponseParams& params) {
  const std::string& url = idp.logout.response_url;
  const std::string xml = head("LogoutResponse", params.id, params.now, url,
                               " InResponseTo=\"" + escape_xml(params.in_response_to) + "\"") +
                          "<saml:Issuer>" + escape_xml(sp.entity_id) +
                          "</saml:Issuer><samlp:Status><samlp:StatusCode Value=\"" + kSuccess +
                          "\"/></samlp:Status></samlp:LogoutResponse>";
  return dispatch(idp, url,
                  {"SAMLResponse", xml, params.id, params.relay_state,
                   sp.signing ? &*sp.signing : nullptr, ""});
}

}  // namespace anteroom::saml
