#include <zlib.h>

#include <memory>

#include "anteroom/saml.h"
#include "crypto/encoding.h"
#include "crypto/pem.h"
#include "http/form.h"
#include "saml/instant.h"
#include "saml/sign_xml.h"
#include "saml/xml.h"

namespace anteroom::saml {

namespace {

constexpr Code kCannotBuild{"authn_request"};
constexpr const char* kRsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

// RFC 1951, no header: what saml-bindings 3.4.4.1 calls DEFLATE.
std::optional<std::string> deflate_raw(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return std::nullopt;
  }
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> end(&stream, deflateEnd);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return std::nullopt;
  out.resize(stream.total_out);
  return out;
}

std::string request_xml(const ServiceProviderSettings& sp, const IdentityProvider& idp,
                        const AuthnRequestParams& params, const std::string& destination) {
  std::string policy;
  if (!idp.name_id_format.empty()) {
    policy = "<samlp:NameIDPolicy Format=\"" + escape_xml(idp.name_id_format) + "\"/>";
  }
  return "<samlp:AuthnRequest xmlns:samlp=\"" + std::string(kProtocol) + "\" xmlns:saml=\"" +
         kAssertion + "\" ID=\"" + escape_xml(params.id) + "\" Version=\"2.0\" IssueInstant=\"" +
         format_instant(params.issue_instant) + "\" Destination=\"" + escape_xml(destination) +
         "\" AssertionConsumerServiceURL=\"" + escape_xml(sp.acs_url) +
         "\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"><saml:Issuer>" +
         escape_xml(sp.entity_id) + "</saml:Issuer>" + policy + "</samlp:AuthnRequest>";
}

std::string with_query(const std::string& url, const std::string& query) {
  return url + (url.find('?') == std::string::npos ? "?" : "&") + query;
}

std::string hint(const IdentityProvider& idp, const AuthnRequestParams& params) {
  if (!idp.send_login_hint || params.login_hint.empty()) return "";
  return "login_hint=" + http::percent_encode(params.login_hint);
}

// saml-bindings 3.4.4.1: the signature covers exactly these octets; the hint stays outside.
Result<OutgoingMessage> redirect_message(const ServiceProviderSettings& sp,
                                         const IdentityProvider& idp,
                                         const AuthnRequestParams& params) {
  const std::string& sso = idp.metadata.sso_redirect_url;
  const auto packed = deflate_raw(request_xml(sp, idp, params, sso));
  if (!packed) return Failure{kCannotBuild, "DEFLATE failed"};
  std::string query = "SAMLRequest=" + http::percent_encode(crypto::base64(*packed));
  if (!params.relay_state.empty())
    query += "&RelayState=" + http::percent_encode(params.relay_state);
  if (idp.sign_requests) {
    query += std::string("&SigAlg=") + http::percent_encode(kRsaSha256);
    const auto signature =
        sp.signing ? crypto::sign_rsa_sha256(sp.signing->private_key_pem.reveal(), query)
                   : std::nullopt;
    if (!signature) return Failure{kCannotBuild, "signing the request failed"};
    query += "&Signature=" + http::percent_encode(crypto::base64(*signature));
  }
  if (const std::string extra = hint(idp, params); !extra.empty()) query += "&" + extra;
  return OutgoingMessage{with_query(sso, query), "", ""};
}

Result<OutgoingMessage> post_message(const ServiceProviderSettings& sp, const IdentityProvider& idp,
                                     const AuthnRequestParams& params) {
  const std::string& sso = idp.metadata.sso_post_url;
  std::string xml = request_xml(sp, idp, params, sso);
  if (idp.sign_requests) {
    auto signed_xml = sp.signing ? sign_xml(xml, params.id, *sp.signing) : std::nullopt;
    if (!signed_xml) return Failure{kCannotBuild, "signing the request failed"};
    xml = std::move(*signed_xml);
  }
  const std::string extra = hint(idp, params);
  return OutgoingMessage{extra.empty() ? sso : with_query(sso, extra), crypto::base64(xml),
                         params.relay_state};
}

}  // namespace

Result<OutgoingMessage> build_authn_request(const ServiceProviderSettings& sp,
                                            const IdentityProvider& idp,
                                            const AuthnRequestParams& params) {
  return idp.request_binding == RequestBinding::redirect ? redirect_message(sp, idp, params)
                                                         : post_message(sp, idp, params);
}

}  // namespace anteroom::saml
