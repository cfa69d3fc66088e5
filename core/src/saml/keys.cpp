#include "saml/keys.h"

#include <xmlsec/openssl/app.h>

#include <stdexcept>

#include "crypto/pem.h"
#include "saml/key_strength.h"

namespace anteroom::saml {

namespace {

SigningKey load(const IdentityProvider& idp, const std::string& der) {
  const auto facts = crypto::certificate_facts(der);
  if (!facts) throw std::runtime_error(idp.name + ": " + facts.failure().detail);
  if (!is_strong(*facts)) {
    throw std::runtime_error(
        idp.name + ": signing key " + facts->sha256_fingerprint + " (" + facts->key_type + ", " +
        std::to_string(facts->key_bits) +
        " bits) is not accepted: RSA from 2048 bits, or EC P-256, P-384, P-521");
  }
  // The bare key: xmlsec copies it for each message, and would parse a certificate with it anew
  // each time, which takes longer than checking the signature.
  const std::string bare = crypto::public_key_der(der);
  KeyHandle key(xmlSecOpenSSLAppKeyLoadMemory(reinterpret_cast<const xmlSecByte*>(bare.data()),
                                              static_cast<xmlSecSize>(bare.size()),
                                              xmlSecKeyDataFormatDer, nullptr, nullptr, nullptr));
  auto alone = crypto::PublicKey::of_certificate(der);
  if (key == nullptr || !alone) {
    throw std::runtime_error(idp.name + ": xmlsec cannot use a signing key");
  }
  return {std::move(key), std::move(*alone), facts->not_after, facts->sha256_fingerprint};
}

}  // namespace

std::vector<SigningKey> load_signing_keys(const IdentityProvider& idp) {
  std::vector<SigningKey> keys;
  for (const std::string& der : idp.metadata.signing_certificates_der)
    keys.push_back(load(idp, der));
  if (keys.empty()) throw std::runtime_error(idp.name + ": no signing key");
  return keys;
}

}  // namespace anteroom::saml
