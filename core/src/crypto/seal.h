// Sealed values: what we hand to a browser and want back unread and unchanged.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom::crypto {

/// XAES-256-GCM with a random 192-bit nonce, under a key derived from the cookie key: strangers may
/// have as many values sealed as they like. A sealed value is bound to its purpose (as additional
/// data) and its expiry (inside). Text form: "XAES" base64url(nonce | ciphertext | tag).
///
/// What versions before sealed opens too: AES-256-GCM under the cookie key itself,
/// base64url(12-byte nonce | ciphertext | tag). Nothing lives longer than a day.
class Sealer {
 public:
  /// 32-byte keys, at least one: the first seals, all open. They must outlive the Sealer. Throws
  /// std::runtime_error if the library fails.
  explicit Sealer(const std::vector<Secret>& keys);

  /// nullopt if randomness or the library fails.
  [[nodiscard]] std::optional<std::string> seal(Random& random, std::string_view purpose,
                                                std::string_view plain, Time expires_at) const;

  /// nullopt if it was not sealed by us for this purpose, was changed, or has expired.
  [[nodiscard]] std::optional<std::string> open(std::string_view purpose, std::string_view sealed,
                                                Time now) const;

 private:
  const std::vector<Secret>& cookie_keys_;
  std::vector<Secret> keys_;  ///< derived from those, in the same order
};

}  // namespace anteroom::crypto
