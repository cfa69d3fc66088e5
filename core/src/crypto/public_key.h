// A public key that checks signatures, read once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/pem.h"

struct evp_pkey_st;

namespace anteroom::crypto {

class PublicKey {
 public:
  /// The key of a DER certificate; nullopt if it is neither RSA nor EC, or cannot be read.
  static std::optional<PublicKey> of_certificate(std::string_view der);
  /// The same of OpenSSL's own, which it shares; nullptr: nullopt.
  static std::optional<PublicKey> of(evp_pkey_st* key);

  /// Whether it made `signature` over `text` by this signature algorithm of XML Signature: RSA
  /// (RFC 9231 2.3.2 to 2.3.4, and rsa-sha1) or ECDSA with r and s side by side (2.3.6). False for
  /// every other, and for one that is not of the key's kind.
  [[nodiscard]] bool verifies(std::string_view algorithm, std::string_view text,
                              std::string_view signature) const;

  [[nodiscard]] bool is_rsa() const;
  /// SubjectPublicKeyInfo (RFC 5280 4.1.2.7), as PEM; empty without memory.
  [[nodiscard]] std::string pem() const;
  /// For libraries that take OpenSSL's own.
  [[nodiscard]] evp_pkey_st* handle() const { return key_.get(); }

 private:
  explicit PublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

  std::shared_ptr<evp_pkey_st> key_;
};

/// A certificate that is read once.
struct ReadCertificate {
  CertificateFacts facts;
  std::optional<PublicKey> key;  ///< as PublicKey::of_certificate()
};
Result<ReadCertificate> read_certificate(std::string_view der);

}  // namespace anteroom::crypto
