#include "crypto/encoding.h"

#include <array>
#include <cstdint>

namespace anteroom::crypto {

namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kNone = 0x80;

constexpr std::array<std::uint8_t, 256> inverse(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  for (auto& entry : table) entry = kNone;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr auto kStandardInverse = inverse(kStandard);
constexpr auto kUrlSafeInverse = inverse(kUrlSafe);

std::uint32_t byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string out((bytes.size() * 4 + 2) / 3, '\0');
  char* place = out.data();
  while (bytes.size() >= 3) {
    const std::uint32_t group =
        byte_at(bytes, 0) << 16 | byte_at(bytes, 1) << 8 | byte_at(bytes, 2);
    for (int shift = 18; shift >= 0; shift -= 6) *place++ = alphabet[group >> shift & 63];
    bytes.remove_prefix(3);
  }
  if (bytes.empty()) return out;
  const std::uint32_t rest =
      byte_at(bytes, 0) << 16 | (bytes.size() == 2 ? byte_at(bytes, 1) << 8 : 0);
  *place++ = alphabet[rest >> 18 & 63];
  *place++ = alphabet[rest >> 12 & 63];
  if (bytes.size() == 2) *place++ = alphabet[rest >> 6 & 63];
  return out;
}

std::optional<std::string> decode(std::string_view text,
                                  const std::array<std::uint8_t, 256>& table) {
  const std::size_t rest = text.size() % 4;
  if (rest == 1) return std::nullopt;
  std::string out(text.size() * 3 / 4, '\0');
  char* place = out.data();
  std::uint32_t seen = 0;  // kNone once anything was not of the alphabet
  const auto value = [&](std::size_t index) {
    const std::uint32_t bits = table[static_cast<unsigned char>(text[index])];
    seen |= bits;
    return bits & 63;
  };
  for (; text.size() >= 4; text.remove_prefix(4)) {
    const std::uint32_t group = value(0) << 18 | value(1) << 12 | value(2) << 6 | value(3);
    *place++ = static_cast<char>(group >> 16 & 255);
    *place++ = static_cast<char>(group >> 8 & 255);
    *place++ = static_cast<char>(group & 255);
  }
  std::uint32_t left = 0;
  if (rest != 0) {
    const std::uint32_t group = value(0) << 18 | value(1) << 12 | (rest == 3 ? value(2) << 6 : 0);
    *place++ = static_cast<char>(group >> 16 & 255);
    if (rest == 3) *place++ = static_cast<char>(group >> 8 & 255);
    left = group & (rest == 3 ? 0xffu : 0xffffu);
  }
  // RFC 4648 section 3.5: bits that encode nothing must be zero, or two texts would mean one value.
  if ((seen & kNone) != 0 || left != 0) return std::nullopt;
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out = encode(bytes, kStandard);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode(text, kStandardInverse);
}

std::string base64url(std::string_view bytes) {
  return encode(bytes, kUrlSafe);
}

std::optional<std::string> from_base64url(std::string_view text) {
  return decode(text, kUrlSafeInverse);
}

}  // namespace anteroom::crypto
