// Keys and certificates in PEM, for configuration and messages to operators.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/ports.h"
#include "anteroom/result.h"

namespace anteroom::crypto {

namespace code {
inline constexpr Code kUnusableKey{"unusable_key"};
inline constexpr Code kUnusableCertificate{"unusable_certificate"};
}  // namespace code

struct CertificateFacts {
  std::string subject;
  std::string sha256_fingerprint;  ///< upper-case hex with colons
  Time not_before;
  Time not_after;
  std::string key_type;  ///< "RSA", "EC", or what OpenSSL calls it: "RSA-PSS", "ED25519", …
  int key_bits = 0;
  std::string curve;  ///< of EC, as OpenSSL names it: "prime256v1", "secp384r1", …
  /// Of RSA: modulus and exponent are odd, the exponent is above 1. With others anybody can sign,
  /// or nobody.
  bool is_sound = true;
};

Result<std::string> pem_to_der_certificate(std::string_view pem);
Result<CertificateFacts> certificate_facts(std::string_view der);
Result<CertificateFacts> pem_certificate_facts(std::string_view pem);

/// Fails, with the reason, if either is unreadable, the key is encrypted, or they do not belong
/// together.
Status check_key_pair(std::string_view private_key_pem, std::string_view certificate_pem);

/// Whether sign_rsa_sha256() can sign with this key: RSA from 2048 bits, not encrypted. The
/// failure's detail is for an operator.
Status check_signing_key(std::string_view private_key_pem);

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 8.2); nullopt if the key does not serve.
std::optional<std::string> sign_rsa_sha256(std::string_view private_key_pem, std::string_view text);

}  // namespace anteroom::crypto
