#include "saml/keys.h"

#include <xmlsec/openssl/app.h>

#include <stdexcept>

#include "crypto/pem.h"
#include "saml/key_strength.h"

namespace anteroom::saml {

namespace {

constexpr Code kUnusable{"idp_metadata"};

}  // namespace

Result<SigningKey> load_signing_key(const std::string& certificate_der) {
  const auto facts = crypto::certificate_facts(certificate_der);
  if (!facts) {
    return Failure{kUnusable,
                   "a signing certificate in it cannot be read: " + facts.failure().detail};
  }
  if (!is_strong(*facts)) {
    return Failure{kUnusable, name_of_key(*facts) +
                                  " is not accepted: RSA from 2048 bits, or EC "
                                  "P-256, P-384, P-521"};
  }
  // The bare key: xmlsec copies it for each message, and would parse a certificate with it anew
  // each time, which takes longer than checking the signature.
  const std::string bare = crypto::public_key_der(certificate_der);
  KeyHandle key(xmlSecOpenSSLAppKeyLoadMemory(reinterpret_cast<const xmlSecByte*>(bare.data()),
                                              static_cast<xmlSecSize>(bare.size()),
                                              xmlSecKeyDataFormatDer, nullptr, nullptr, nullptr));
  auto alone = crypto::PublicKey::of_certificate(certificate_der);
  if (key == nullptr || !alone) {
    return Failure{kUnusable, name_of_key(*facts) + " cannot be used by xmlsec"};
  }
  return SigningKey{std::move(key), std::move(*alone), facts->not_after, facts->sha256_fingerprint};
}

std::vector<SigningKey> load_signing_keys(const IdentityProvider& idp) {
  std::vector<SigningKey> keys;
  std::string why;
  for (const std::string& der : idp.metadata.signing_certificates_der) {
    auto key = load_signing_key(der);
    if (key) {
      keys.push_back(std::move(*key));
    } else {
      why += ": " + key.failure().detail;
    }
  }
  if (keys.empty()) throw std::runtime_error(idp.name + ": no usable signing key" + why);
  return keys;
}

}  // namespace anteroom::saml
