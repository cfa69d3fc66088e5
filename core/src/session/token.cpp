#include "session/token.h"

#include <algorithm>
#include <array>
#include <vector>

#include "crypto/encoding.h"

namespace anteroom::session {

namespace {

std::optional<std::string> random_bytes(Random& random, std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  if (!random.fill(bytes)) return std::nullopt;
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace

std::optional<std::string> new_token(Random& random) {
  const auto bytes = random_bytes(random, 32);
  if (!bytes) return std::nullopt;
  return crypto::base64url(*bytes);
}

std::optional<std::string> new_hex(Random& random, std::size_t bytes) {
  const auto raw = random_bytes(random, bytes);
  if (!raw) return std::nullopt;
  return crypto::to_hex(*raw);
}

std::optional<TokenHash> hash_from_hex(std::string_view hex) {
  const auto bytes = crypto::from_hex(hex);
  TokenHash hash;
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

std::string new_reference(Random& random) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::array<std::uint8_t, 8> bytes{};
  if (!random.fill(bytes)) return "NO-RANDOM";
  std::string out;
  for (const std::uint8_t byte : bytes) {
    if (out.size() == 4) out += '-';
    out += kAlphabet[byte & 31];
  }
  return out;
}

}  // namespace anteroom::session
