#include "session/token.h"

#include <algorithm>
#include <array>
#include <vector>

#include "crypto/encoding.h"

namespace anteroom::session {

namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kSessionDigits = 16;

bool consists_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

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

std::optional<std::string> read_reference(std::string_view typed) {
  std::string text;
  for (const char c : typed) {
    if (c != ' ' && c != '-') text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  if (text.size() == kSessionDigits && consists_of(text, "0123456789ABCDEF")) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
  }
  std::replace(text.begin(), text.end(), 'O', '0');
  std::replace(text.begin(), text.end(), 'I', '1');
  std::replace(text.begin(), text.end(), 'L', '1');
  if (text.size() != 8 || !consists_of(text, kAlphabet)) return std::nullopt;
  return text.insert(4, "-");
}

std::string new_reference(Random& random) {
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
