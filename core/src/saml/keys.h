// The registered signing keys of one IdP, ready for xmlsec.
#pragma once

#include <xmlsec/keys.h>

#include <memory>
#include <string>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "crypto/public_key.h"

namespace anteroom::saml {

struct DestroyKey {
  void operator()(xmlSecKey* key) const { xmlSecKeyDestroy(key); }
};
using KeyHandle = std::unique_ptr<xmlSecKey, DestroyKey>;

struct SigningKey {
  KeyHandle key;
  crypto::PublicKey alone;  ///< the same, without xmlsec
  Time not_after;
  std::string fingerprint;
};

/// Throws std::runtime_error with an operator's message for a key that is unreadable or too weak
/// (RSA below 2048 bits, curves other than P-256, P-384, P-521).
std::vector<SigningKey> load_signing_keys(const IdentityProvider& idp);

}  // namespace anteroom::saml
