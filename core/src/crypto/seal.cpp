#include "crypto/seal.h"

#include <array>

#include "crypto/aes_gcm.h"
#include "crypto/derive.h"
#include "crypto/encoding.h"

namespace anteroom::crypto {

namespace {

// Three bytes in base64url. A value of the versions before begins with a random nonce: one in
// sixteen million is taken for one of ours, and opens to nobody.
constexpr std::string_view kFormat = "XAES";
constexpr std::string_view kKeyPurpose = "anteroom sealed values, XAES-256-GCM";
constexpr std::size_t kExpiryBytes = 8;
constexpr std::size_t kMaxSealed = 16u << 10;

using OpenWith = std::optional<std::string> (*)(std::string_view key, std::string_view nonce,
                                                std::string_view data, std::string_view sealed);

// Seconds since 1970, big endian.
std::array<char, kExpiryBytes> pack_expiry(Time expires_at) {
  auto seconds = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::seconds>(expires_at).time_since_epoch().count());
  std::array<char, kExpiryBytes> out{};
  for (std::size_t i = kExpiryBytes; i-- > 0; seconds >>= 8)
    out[i] = static_cast<char>(seconds & 255);
  return out;
}

Time unpack_expiry(std::string_view packed) {
  std::uint64_t seconds = 0;
  for (const char c : packed) seconds = seconds << 8 | static_cast<unsigned char>(c);
  return Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

// Whatever key it was sealed under.
std::optional<std::string> open_with(OpenWith open, const std::vector<Secret>& keys,
                                     std::size_t nonce_bytes, std::string_view purpose,
                                     std::string_view text, Time now) {
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() < nonce_bytes + kExpiryBytes + kGcmTagBytes) return std::nullopt;
  const std::string_view nonce = std::string_view(*bytes).substr(0, nonce_bytes);
  const std::string_view body = std::string_view(*bytes).substr(nonce_bytes);
  for (const Secret& key : keys) {
    const auto plain = open(key.reveal(), nonce, purpose, body);
    if (!plain) continue;
    if (now >= unpack_expiry(std::string_view(*plain).substr(0, kExpiryBytes))) return std::nullopt;
    return plain->substr(kExpiryBytes);
  }
  return std::nullopt;
}

}  // namespace

Sealer::Sealer(const std::vector<Secret>& keys) : cookie_keys_(keys) {
  keys_.reserve(keys.size());
  for (const Secret& key : keys) keys_.push_back(derive_key(key, kKeyPurpose));
}

std::optional<std::string> Sealer::seal(Random& random, std::string_view purpose,
                                        std::string_view plain, Time expires_at) const {
  std::array<std::uint8_t, kXaesNonceBytes> nonce{};
  if (keys_.empty() || !random.fill(nonce)) return std::nullopt;
  const auto expiry = pack_expiry(expires_at);
  std::string sealed;
  sealed.reserve(kXaesNonceBytes + kExpiryBytes + plain.size() + kGcmTagBytes);
  sealed.assign(nonce.begin(), nonce.end());
  const std::string_view used(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  if (!xaes_seal(keys_.front().reveal(), used, purpose, {{expiry.data(), expiry.size()}, plain},
                 sealed)) {
    return std::nullopt;
  }
  return std::string(kFormat) + base64url(sealed);
}

std::optional<std::string> Sealer::open(std::string_view purpose, std::string_view sealed,
                                        Time now) const {
  if (sealed.size() > kMaxSealed) return std::nullopt;
  if (sealed.starts_with(kFormat)) {
    return open_with(xaes_open, keys_, kXaesNonceBytes, purpose, sealed.substr(kFormat.size()),
                     now);
  }
  return open_with(gcm_open, cookie_keys_, kGcmNonceBytes, purpose, sealed, now);
}

}  // namespace anteroom::crypto
