// Checks one Signature with xmlsec and the IdP's registered keys.
#pragma once

#include <string>
#include <vector>

#include "saml/guard.h"
#include "saml/keys.h"

namespace anteroom::saml {

/// The bytes that the digest was made over: what was signed, to the letter.
struct SignedBytes {
  std::string canonical;
  const SigningKey* key = nullptr;  ///< the registered key that made the signature
};

/// Tries each key in turn; never a key from the message. Fails with kSignature.
Result<SignedBytes> check_signature(const SignatureParts& signature,
                                    const std::vector<SigningKey>& keys);

}  // namespace anteroom::saml
