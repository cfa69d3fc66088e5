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
  std::string subject;
};

/// A certificate's key ready for use. The one judge of which keys are usable: metadata is read with
/// it, and so are the keys that messages are checked with. The failure's detail names the key, for
/// an operator. Works without initialize().
Result<SigningKey> load_signing_key(const std::string& certificate_der);

/// Those that are usable. Throws std::runtime_error with an operator's message if none is.
std::vector<SigningKey> load_signing_keys(const IdentityProvider& idp);

}  // namespace anteroom::saml
