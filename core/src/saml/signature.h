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

/// Looks for the registered key, never one from the message, that signed SignedInfo; only then at
/// the document, which takes long for what strangers may send. Fails with kSignature.
Result<SignedBytes> check_signature(const SignatureParts& signature,
                                    const std::vector<SigningKey>& keys);

}  // namespace anteroom::saml
