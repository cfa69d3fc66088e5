// Which keys an identity provider may sign with.
#pragma once

#include <string>

#include "crypto/pem.h"

namespace anteroom::saml {

/// RSA from 2048 to 16384 bits (OpenSSL checks no signature by a longer one), or EC P-256, P-384,
/// P-521.
inline bool is_strong(const crypto::CertificateFacts& facts) {
  if (facts.key_type == "EC") {  // by the names that OpenSSL gives them
    return facts.curve == "prime256v1" || facts.curve == "secp384r1" || facts.curve == "secp521r1";
  }
  return facts.key_type == "RSA" && facts.key_bits >= 2048 && facts.key_bits <= 16384 &&
         facts.is_sound;
}

/// "signing key AB:CD (RSA, 1024 bits)": which it is, for an operator.
inline std::string name_of_key(const crypto::CertificateFacts& facts) {
  return "signing key " + facts.sha256_fingerprint + " (" + facts.key_type + ", " +
         (facts.curve.empty() ? "" : facts.curve + ", ") + std::to_string(facts.key_bits) +
         " bits)";
}

}  // namespace anteroom::saml
