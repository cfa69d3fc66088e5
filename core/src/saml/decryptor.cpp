#include "saml/decryptor.h"

#include <algorithm>

#include "saml/codes.h"

namespace anteroom::saml {

Status Decryptor::decrypt(const EncryptedElement& element,
                          const std::function<bool(const std::string&)>& fits) const {
  if (keys_->empty()) {
    return Failure{code::kNoDecryptionKey, "configure 'service_provider.decryption'"};
  }
  const bool has_pkcs1 =
      std::any_of(element.keys.begin(), element.keys.end(),
                  [](const EncryptedKey& key) { return !key.transport.is_oaep; });
  if (has_pkcs1 && !allow_rsa_pkcs1_) {
    return Failure{code::kEncryptionAlgorithm, "rsa-1_5 is not allowed for this IdP"};
  }
  for (const EncryptedKey& wrapped : element.keys) {
    for (const crypto::DecryptionKey& ours : *keys_) {
      const auto key = ours.unwrap(wrapped.transport, wrapped.wrapped, element.cipher.key_bytes);
      const auto plain = key ? crypto::decrypt_block(element.cipher, *key, element.bytes)
                             : std::optional<std::string>();
      if (plain && fits(*plain)) return Done{};
    }
  }
  return Failure{code::kDecryption, "none of our keys opens it"};
}

}  // namespace anteroom::saml
