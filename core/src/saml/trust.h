// What the messages of one company are checked with.
#pragma once

#include <memory>
#include <vector>

#include "anteroom/saml.h"
#include "saml/decryptor.h"
#include "saml/keys.h"

namespace anteroom::saml {

struct OwnKeys::State {
  const ServiceProviderSettings& sp;
  std::shared_ptr<const std::vector<crypto::DecryptionKey>> decryption;
};

/// Its keys and ours. Safe to read from many threads at once.
struct Trust {
  /// Throws std::runtime_error with an operator's message if none of its keys is usable.
  Trust(const OwnKeys& ours, std::shared_ptr<const IdentityProvider> company);

  const ServiceProviderSettings& sp;
  std::shared_ptr<const IdentityProvider> idp;
  std::vector<SigningKey> keys;
  Decryptor decryptor;
};

/// For one use; `sp` and `idp` must outlive it.
std::shared_ptr<const Trust> trust_of(const ServiceProviderSettings& sp,
                                      const IdentityProvider& idp);

}  // namespace anteroom::saml
