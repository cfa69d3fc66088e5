#include "session/mint.h"

#include <algorithm>
#include <array>

#include "crypto/derive.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "session/token.h"

namespace anteroom::session {

namespace {

constexpr std::size_t kRandomBytes = 20;
constexpr std::size_t kMacBytes = 12;

std::optional<std::string> mac_of(crypto::Mac& mac, std::string_view random,
                                  std::string_view bound_to) {
  // The first part has a fixed length: no two pairs are one text.
  const auto whole = mac.of({random, bound_to});
  if (!whole) return std::nullopt;
  return std::string(whole->begin(), whole->begin() + kMacBytes);
}

}  // namespace

Mint::Mint(const std::vector<Secret>& keys, std::string_view kind) {
  macs_.reserve(keys.size());
  for (const Secret& key : keys) macs_.emplace_back(crypto::derive_key(key, kind));
}

std::optional<std::string> Mint::make(Random& random, std::string_view bound_to) {
  std::array<std::uint8_t, kRandomBytes> drawn{};
  if (macs_.empty() || !random.fill(drawn)) return std::nullopt;
  const std::string bytes(drawn.begin(), drawn.end());
  const auto mac = mac_of(macs_.front(), bytes, bound_to);
  if (!mac) return std::nullopt;
  return crypto::base64url(bytes + *mac);
}

bool Mint::has_made(std::string_view token, std::string_view bound_to) {
  if (token.size() != kTokenCharacters) return false;
  const auto bytes = crypto::from_base64url(token);
  if (!bytes) return false;
  const std::string_view random = std::string_view(*bytes).substr(0, kRandomBytes);
  const std::string_view given = std::string_view(*bytes).substr(kRandomBytes);
  return std::any_of(macs_.begin(), macs_.end(), [&](crypto::Mac& mac) {
    const auto right = mac_of(mac, random, bound_to);
    return right && crypto::equal_in_constant_time(*right, given);
  });
}

}  // namespace anteroom::session
