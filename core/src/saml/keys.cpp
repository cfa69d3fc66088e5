#include "saml/keys.h"

#include <xmlsec/openssl/evp.h>

#include <stdexcept>

#include "crypto/pem.h"
#include "saml/key_strength.h"

namespace anteroom::saml {

namespace {

constexpr Code kUnusable{"idp_metadata"};

// The bare key, as it was read: xmlsec copies it for each message, and would parse a certificate
// with it anew each time, which takes longer than checking the signature. nullptr: it refuses.
KeyHandle key_for_xmlsec(const crypto::PublicKey& key) {
  if (EVP_PKEY_up_ref(key.handle()) != 1) return nullptr;
  xmlSecKeyData* data = xmlSecOpenSSLEvpKeyAdopt(key.handle());
  if (data == nullptr) {
    EVP_PKEY_free(key.handle());
    return nullptr;
  }
  KeyHandle made(xmlSecKeyCreate());
  if (made == nullptr || xmlSecKeySetValue(made.get(), data) < 0) {
    xmlSecKeyDataDestroy(data);
    return nullptr;
  }
  return made;
}

}  // namespace

Result<SigningKey> load_signing_key(const std::string& certificate_der) {
  auto read = crypto::read_certificate(certificate_der);
  if (!read) {
    return Failure{kUnusable,
                   "a signing certificate in it cannot be read: " + read.failure().detail};
  }
  const crypto::CertificateFacts& facts = read->facts;
  if (!is_strong(facts)) {
    return Failure{kUnusable, name_of_key(facts) +
                                  " is not accepted: RSA from 2048 bits, or EC "
                                  "P-256, P-384, P-521"};
  }
  KeyHandle key = read->key ? key_for_xmlsec(*read->key) : nullptr;
  if (key == nullptr) {
    return Failure{kUnusable, name_of_key(facts) + " cannot be used by xmlsec"};
  }
  return SigningKey{std::move(key), std::move(*read->key), facts.not_after,
                    facts.sha256_fingerprint, facts.subject};
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
