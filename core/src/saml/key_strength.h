// Which keys an identity provider may sign with.
#pragma once

#include "crypto/pem.h"

namespace anteroom::saml {

/// RSA from 2048 bits, or EC P-256, P-384, P-521.
inline bool is_strong(const crypto::CertificateFacts& facts) {
  if (facts.key_type == "EC") {
    return facts.key_bits == 256 || facts.key_bits == 384 || facts.key_bits == 521;
  }
  return facts.key_type == "RSA" && facts.key_bits >= 2048;
}

}  // namespace anteroom::saml
