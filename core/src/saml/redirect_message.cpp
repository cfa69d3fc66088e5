#include "saml/redirect_message.h"

#include <zlib.h>

#include <map>
#include <memory>
#include <optional>

#include "crypto/encoding.h"
#include "http/form.h"
#include "saml/codes.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxQuery = 64u << 10;
constexpr std::size_t kMaxInflated = 64u << 10;
constexpr std::size_t kMaxParameters = 16;
constexpr const char* kDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

Failure bad(std::string detail) {
  return {code::kRedirect, std::move(detail)};
}

// One pass into a buffer of fixed size: what does not end in it is refused.
std::optional<std::string> inflate_raw(const std::string& packed) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return std::nullopt;
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, inflateEnd);
  std::string out(kMaxInflated, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (inflate(&stream, Z_FINISH) != Z_STREAM_END || stream.avail_in != 0) return std::nullopt;
  out.resize(stream.total_out);
  return out;
}

using Parameters = std::map<std::string_view, std::string_view>;

// Names as they stand: no honest sender escapes the letters of "SAMLRequest".
std::optional<Parameters> split(std::string_view query) {
  Parameters parameters;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const auto equals = pair.find('=');
    if (pair.empty()) continue;
    // "RelayState" alone is not what was signed as "RelayState=".
    if (equals == std::string_view::npos ||
        !parameters.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second ||
        parameters.size() > kMaxParameters) {
      return std::nullopt;
    }
  }
  return parameters;
}

std::optional<std::string> decoded(const Parameters& parameters, std::string_view name,
                                   bool plus_is_space = false) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::optional<std::string>("")
                                   : http::percent_decode(found->second, plus_is_space);
}

// saml-bindings 3.4.4.1: message, RelayState, SigAlg, in this order, as they were escaped.
std::string signed_octets(const Parameters& parameters, std::string_view message) {
  std::string octets;
  for (const std::string_view name :
       {message, std::string_view("RelayState"), std::string_view("SigAlg")}) {
    const auto found = parameters.find(name);
    if (found == parameters.end()) continue;
    octets.append(octets.empty() ? "" : "&").append(name).append("=").append(found->second);
  }
  return octets;
}

}  // namespace

Result<RedirectMessage> read_redirect(std::string_view raw_query) {
  if (raw_query.size() > kMaxQuery) return bad("the query is too long");
  const auto parameters = split(raw_query);
  if (!parameters) return bad("a parameter is there twice, or without a value");
  const bool is_request = parameters->contains("SAMLRequest");
  if (is_request == parameters->contains("SAMLResponse")) return bad("not exactly one message");
  const std::string_view name = is_request ? "SAMLRequest" : "SAMLResponse";
  const auto encoding = decoded(*parameters, "SAMLEncoding");
  if (!encoding || (!encoding->empty() && *encoding != kDeflate)) return bad("SAMLEncoding");

  const auto text = decoded(*parameters, name);
  const auto packed = text ? crypto::from_base64(*text) : std::nullopt;
  if (!packed) return bad("not canonical base64");
  auto xml = inflate_raw(*packed);
  if (!xml) return bad("not DEFLATE, or too long");
  const auto relay_state = decoded(*parameters, "RelayState", true);
  const auto algorithm = decoded(*parameters, "SigAlg");
  const auto signature_text = decoded(*parameters, "Signature");
  const auto signature = signature_text ? crypto::from_base64(*signature_text) : std::nullopt;
  if (!relay_state || !algorithm || !signature) return bad("RelayState, SigAlg or Signature");
  if (algorithm->empty() != signature->empty()) return bad("SigAlg or Signature without the other");
  return RedirectMessage{is_request, std::move(*xml), *relay_state,
                         *algorithm, *signature,      signed_octets(*parameters, name)};
}

}  // namespace anteroom::saml
