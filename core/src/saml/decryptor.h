// Our decryption keys at work. Whatever goes wrong, the answer is the same: kDecryption.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "anteroom/settings.h"
#include "saml/encryption_shape.h"

namespace anteroom::saml {

class Decryptor {
 public:
  Decryptor(std::shared_ptr<const std::vector<crypto::DecryptionKey>> keys, bool allow_rsa_pkcs1)
      : keys_(std::move(keys)), allow_rsa_pkcs1_(allow_rsa_pkcs1) {}

  /// The plain text under the first of our keys for which `fits` says that it is what it should be.
  [[nodiscard]] Status decrypt(const EncryptedElement& element,
                               const std::function<bool(const std::string&)>& fits) const;

 private:
  std::shared_ptr<const std::vector<crypto::DecryptionKey>> keys_;
  bool allow_rsa_pkcs1_;
};

}  // namespace anteroom::saml
