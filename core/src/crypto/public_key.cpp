#include "crypto/public_key.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string>

namespace anteroom::crypto {

namespace {

struct Algorithm {
  std::string_view name;
  int key_type;
  const EVP_MD* (*digest)();
};
constexpr std::array<Algorithm, 7> kAlgorithms{{
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", EVP_PKEY_RSA, EVP_sha256},
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", EVP_PKEY_RSA, EVP_sha384},
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", EVP_PKEY_RSA, EVP_sha512},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", EVP_PKEY_EC, EVP_sha256},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", EVP_PKEY_EC, EVP_sha384},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", EVP_PKEY_EC, EVP_sha512},
    {"http://www.w3.org/2000/09/xmldsig#rsa-sha1", EVP_PKEY_RSA, EVP_sha1},
}};

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Two numbers of the same length, as OpenSSL wants them: DER. Empty if they are not.
std::string der_of(std::string_view r_and_s) {
  const auto half = static_cast<int>(r_and_s.size() / 2);
  const std::unique_ptr<ECDSA_SIG, Free> signature(ECDSA_SIG_new());
  if (signature == nullptr || half == 0 || half > 66 || r_and_s.size() % 2 != 0) return "";
  BIGNUM* r = BN_bin2bn(bytes_of(r_and_s), half, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(r_and_s) + half, half, nullptr);
  if (r == nullptr || s == nullptr || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return "";
  }
  std::string der(static_cast<std::size_t>(std::max(0, i2d_ECDSA_SIG(signature.get(), nullptr))),
                  '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(signature.get(), &out);
  return der;
}

}  // namespace

std::optional<PublicKey> PublicKey::of_certificate(std::string_view der) {
  const unsigned char* bytes = bytes_of(der);
  const std::unique_ptr<X509, Free> certificate(
      d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
  return of(certificate == nullptr ? nullptr : X509_get0_pubkey(certificate.get()));
}

std::optional<PublicKey> PublicKey::of(EVP_PKEY* key) {
  if (key == nullptr || EVP_PKEY_up_ref(key) != 1) return std::nullopt;
  std::shared_ptr<EVP_PKEY> owner(key, EVP_PKEY_free);
  const int type = EVP_PKEY_get_base_id(key);
  if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC) return std::nullopt;
  return PublicKey(std::move(owner));
}

bool PublicKey::is_rsa() const {
  return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA;
}

std::string PublicKey::pem() const {
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) return "";
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(length)};
}

bool PublicKey::verifies(std::string_view algorithm, std::string_view text,
                         std::string_view signature) const {
  const auto* const known =
      std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                   [&](const Algorithm& one) { return one.name == algorithm; });
  if (known == kAlgorithms.end() || EVP_PKEY_get_base_id(key_.get()) != known->key_type) {
    return false;
  }
  const std::string value =
      known->key_type == EVP_PKEY_EC ? der_of(signature) : std::string(signature);
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  return context != nullptr && !value.empty() &&
         EVP_DigestVerifyInit(context.get(), nullptr, known->digest(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(value), value.size(), bytes_of(text),
                          text.size()) == 1;
}

}  // namespace anteroom::crypto
