// Opens what was encrypted for one of our keys: RSA key transport and AES, as XML Encryption 1.1
// uses them. Nothing here says why something did not open.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace anteroom::crypto {

/// XML Encryption 1.1, section 5.5
struct KeyTransport {
  bool is_oaep = true;  ///< else PKCS#1 v1.5
  Hash digest = Hash::sha1;
  Hash mask = Hash::sha1;
  std::string label;  ///< OAEPparams
};

/// XML Encryption 1.1, section 5.2
struct BlockCipher {
  std::size_t key_bytes = 32;  ///< 16, 24 or 32
  bool is_gcm = true;          ///< else CBC
};

/// An RSA private key that others encrypt for. Safe to use from many threads at once.
class DecryptionKey {
 public:
  /// nullopt if the PEM holds no RSA key of at least 2048 bits.
  static std::optional<DecryptionKey> load(std::string_view private_key_pem);
  DecryptionKey(DecryptionKey&&) noexcept;
  DecryptionKey& operator=(DecryptionKey&&) noexcept;
  ~DecryptionKey();

  /// The content key. By PKCS#1 v1.5 always something of the right length: where the padding is
  /// wrong, a value that only we can compute, so that nobody learns of the padding (the defence of
  /// RFC 5246 7.4.7.1).
  [[nodiscard]] std::optional<std::string> unwrap(const KeyTransport& transport,
                                                  std::string_view wrapped,
                                                  std::size_t key_bytes) const;

 private:
  struct State;
  explicit DecryptionKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// `bytes`: the IV in front, for GCM the tag behind.
std::optional<std::string> decrypt_block(const BlockCipher& cipher, std::string_view key,
                                         std::string_view bytes);

}  // namespace anteroom::crypto
