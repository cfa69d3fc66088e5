#include "support/redirect.h"

#include <zlib.h>

#include <cctype>
#include <stdexcept>

namespace anteroom::forge {

namespace {

std::string escaped(const std::string& text, bool is_lower) {
  const char* const digits = is_lower ? "0123456789abcdef" : "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

}  // namespace

std::string deflated(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::logic_error("deflateInit2");
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (end != Z_STREAM_END) throw std::logic_error("deflate");
  return out;
}

std::string inflated(const std::string& packed) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::logic_error("inflateInit2");
  std::string out(64u << 10, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  if (end != Z_STREAM_END) throw std::logic_error("inflate");
  return out;
}

std::string unsigned_query(const Redirect& message) {
  const bool is_lower = message.is_lower;
  return message.parameter + "=" + escaped(to_base64(deflated(message.xml)), is_lower) +
         (message.relay_state.empty() ? ""
                                      : "&RelayState=" + escaped(message.relay_state, is_lower));
}

std::string signed_query(const Redirect& message, const Authority& by) {
  const std::string octets =
      unsigned_query(message) + "&SigAlg=" + escaped(message.algorithm, message.is_lower);
  return octets + "&Signature=" +
         escaped(to_base64(raw_signature(octets, by, message.algorithm)), message.is_lower);
}

}  // namespace anteroom::forge
