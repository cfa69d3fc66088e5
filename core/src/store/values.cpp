#include <string>

#include "anteroom/store.h"
#include "crypto/encoding.h"

namespace anteroom::store {

std::string array_literal(const std::vector<std::string>& items) {
  std::string out = "{";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : item) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + '}';
}

std::string bytea_literal(const TokenHash& hash) {
  return "\\x" + crypto::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

}  // namespace anteroom::store
