#include "saml/outgoing.h"

#include <zlib.h>

#include <memory>

#include "crypto/encoding.h"
#include "crypto/pem.h"
#include "http/form.h"
#include "saml/codes.h"
#include "saml/sign_xml.h"

namespace anteroom::saml {

namespace {

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

std::string with_query(const std::string& url, const std::string& query) {
  return url + (url.find('?') == std::string::npos ? "?" : "&") + query;
}

}  // namespace

Result<OutgoingMessage> send_by_redirect(const std::string& url, const Outgoing& message) {
  const auto packed = deflate_raw(message.xml);
  if (!packed) return Failure{code::kCannotBuild, "DEFLATE failed"};
  std::string query = message.parameter + "=" + http::percent_encode(crypto::base64(*packed));
  if (!message.relay_state.empty())
    query += "&RelayState=" + http::percent_encode(message.relay_state);
  if (message.signing != nullptr) {
    query += std::string("&SigAlg=") + http::percent_encode(kRsaSha256);
    const auto signature =
        crypto::sign_rsa_sha256(message.signing->private_key_pem.reveal(), query);
    if (!signature) return Failure{code::kCannotBuild, "signing failed"};
    query += "&Signature=" + http::percent_encode(crypto::base64(*signature));
  }
  if (!message.hint.empty()) query += "&" + message.hint;
  return OutgoingMessage{with_query(url, query), message.parameter, "", ""};
}

Result<OutgoingMessage> send_by_post(const std::string& url, const Outgoing& message) {
  std::string xml = message.xml;
  if (message.signing != nullptr) {
    auto signed_xml = sign_xml(xml, message.id, *message.signing);
    if (!signed_xml) return Failure{code::kCannotBuild, "signing failed"};
    xml = std::move(*signed_xml);
  }
  return OutgoingMessage{message.hint.empty() ? url : with_query(url, message.hint),
                         message.parameter, crypto::base64(xml), message.relay_state};
}

}  // namespace anteroom::saml
