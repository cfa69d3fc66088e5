// Which keys an identity provider may sign with.
#pragma once

#include "crypto/pem.h"

namespace anteroom::saml {

/// RSA from 2048 bits, or EC P-256, P-384, P-521.
inline bool is_strong(const crypto::CertificateFacts& facts) {
  if (facts.key_type == "EC") {  // by the names that OpenSSL gives them
    return facts.curve == "prime256v1" || facts.curve == "secp384r1" || facts.curve == "secp521r1";
  }
  return facts.key_type == "RSA" && facts.key_bits >= 2048;
}

}  // namespace anteroom::saml
