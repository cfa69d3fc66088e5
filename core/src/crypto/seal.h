// Sealed values: what we hand to a browser and want back unread and unchanged.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom::crypto {

/// AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. A sealed value is bound to its purpose
/// (as additional data) and its expiry (inside). Text form: base64url(nonce | ciphertext | tag).
class Sealer {
 public:
  /// 32-byte keys, at least one: the first seals, all open.
  explicit Sealer(const std::vector<Secret>& keys) : keys_(keys) {}

  /// nullopt if randomness or the library fails.
  [[nodiscard]] std::optional<std::string> seal(Random& random, std::string_view purpose,
                                                std::string_view plain, Time expires_at) const;

  /// nullopt if it was not sealed by us for this purpose, was changed, or has expired.
  [[nodiscard]] std::optional<std::string> open(std::string_view purpose, std::string_view sealed,
                                                Time now) const;

 private:
  const std::vector<Secret>& keys_;
};

}  // namespace anteroom::crypto
