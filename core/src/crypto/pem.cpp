#include "crypto/pem.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <memory>
#include <utility>

#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "crypto/public_key.h"

namespace anteroom::crypto {

namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigestContext>;
using Bio = std::unique_ptr<BIO, FreeBio>;
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;

Bio reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key would otherwise make OpenSSL ask at the terminal.
int no_password(char*, int, int, void*) {
  return -1;
}

Certificate read_der_certificate(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return Certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
}

Certificate read_pem_certificate(std::string_view pem) {
  return Certificate(PEM_read_bio_X509(reader(pem).get(), nullptr, no_password, nullptr));
}

Result<Time> time_of(const ASN1_TIME* asn1) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(asn1, &tm) != 1)
    return Failure{code::kUnusableCertificate, "unreadable validity"};
  using namespace std::chrono;
  const year_month_day date{year(tm.tm_year + 1900), month(static_cast<unsigned>(tm.tm_mon + 1)),
                            day(static_cast<unsigned>(tm.tm_mday))};
  return Time(sys_days(date).time_since_epoch() + hours(tm.tm_hour) + minutes(tm.tm_min) +
              seconds(tm.tm_sec));
}

std::string fingerprint_of(std::string_view der) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto hash = sha256(der);
  std::string out;
  if (!hash) return out;
  for (const std::uint8_t byte : *hash) {
    if (!out.empty()) out += ':';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string subject_of(const X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0,
                     XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return text == nullptr ? "" : std::string(text, static_cast<std::size_t>(length));
}

std::string type_of(const EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_RSA) return "RSA";
  if (type == EVP_PKEY_EC) return "EC";
  const char* name = EVP_PKEY_get0_type_name(key);
  return name == nullptr ? "unknown" : name;
}

struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;

Number number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* value = nullptr;
  if (key == nullptr || EVP_PKEY_get_bn_param(key, name, &value) != 1) return nullptr;
  return Number(value);
}

bool is_sound_rsa(const EVP_PKEY* key) {
  const Number modulus = number_of(key, OSSL_PKEY_PARAM_RSA_N);
  const Number exponent = number_of(key, OSSL_PKEY_PARAM_RSA_E);
  return modulus != nullptr && exponent != nullptr && BN_is_odd(modulus.get()) == 1 &&
         BN_is_odd(exponent.get()) == 1 && BN_is_one(exponent.get()) == 0;
}

constexpr int kLeastBits = 2048;
constexpr int kMostBits = OPENSSL_RSA_MAX_MODULUS_BITS;

Result<Key> load_signing_key(std::string_view pem) {
  Key key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_password, nullptr));
  if (key == nullptr) {
    return Failure{code::kUnusableKey, "this is not a private key in PEM, or it is encrypted"};
  }
  const std::string type = type_of(key.get());
  const int bits = EVP_PKEY_get_bits(key.get());
  if (type != "RSA" || bits < kLeastBits || bits > kMostBits || !is_sound_rsa(key.get())) {
    return Failure{code::kUnusableKey, "RSA of at least 2048 bits is needed to sign; this is " +
                                           type + " with " + std::to_string(bits) + " bits"};
  }
  return key;
}

}  // namespace

Result<std::string> pem_to_der_certificate(std::string_view pem) {
  const Certificate certificate = read_pem_certificate(pem);
  if (certificate == nullptr) {
    return Failure{code::kUnusableCertificate, "this is not a certificate in PEM"};
  }
  unsigned char* bytes = nullptr;
  const int length = i2d_X509(certificate.get(), &bytes);
  const std::unique_ptr<unsigned char, void (*)(void*)> owner(bytes,
                                                              [](void* p) { OPENSSL_free(p); });
  if (length <= 0) return Failure{code::kUnusableCertificate, "this certificate cannot be encoded"};
  return std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

Result<ReadCertificate> read_certificate(std::string_view der) {
  const Certificate certificate = read_der_certificate(der);
  if (certificate == nullptr) {
    return Failure{code::kUnusableCertificate, "this is not an X.509 certificate"};
  }
  const auto not_before = time_of(X509_get0_notBefore(certificate.get()));
  const auto not_after = time_of(X509_get0_notAfter(certificate.get()));
  if (!not_before) return not_before.failure();
  if (!not_after) return not_after.failure();
  EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  if (key == nullptr) return Failure{code::kUnusableCertificate, "its public key cannot be read"};
  const int type = EVP_PKEY_get_base_id(key);
  std::array<char, 64> curve{};
  if (type == EVP_PKEY_EC) EVP_PKEY_get_group_name(key, curve.data(), curve.size(), nullptr);
  CertificateFacts facts{subject_of(certificate.get()),
                         fingerprint_of(der),
                         *not_before,
                         *not_after,
                         type_of(key),
                         EVP_PKEY_get_bits(key),
                         curve.data(),
                         type != EVP_PKEY_RSA || is_sound_rsa(key)};
  return ReadCertificate{std::move(facts), PublicKey::of(key)};
}

Result<CertificateFacts> certificate_facts(std::string_view der) {
  auto read = read_certificate(der);
  if (!read) return read.failure();
  return std::move(read->facts);
}

Result<CertificateFacts> pem_certificate_facts(std::string_view pem) {
  const auto der = pem_to_der_certificate(pem);
  if (!der) return der.failure();
  return certificate_facts(*der);
}

Status check_key_pair(std::string_view private_key_pem, std::string_view certificate_pem) {
  const Key key(
      PEM_read_bio_PrivateKey(reader(private_key_pem).get(), nullptr, no_password, nullptr));
  if (key == nullptr) {
    return Failure{code::kUnusableKey, "this is not a private key in PEM, or it is encrypted"};
  }
  const Certificate certificate = read_pem_certificate(certificate_pem);
  if (certificate == nullptr) {
    return Failure{code::kUnusableCertificate, "this is not a certificate in PEM"};
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Failure{code::kUnusableKey, "the key and the certificate do not belong together"};
  }
  return Done{};
}

Status check_signing_key(std::string_view private_key_pem) {
  const auto key = load_signing_key(private_key_pem);
  if (!key) return key.failure();
  if (!sign_rsa_sha256(private_key_pem, "anteroom")) {
    return Failure{code::kUnusableKey, "nothing can be signed with this key"};
  }
  return Done{};
}

std::optional<std::string> sign_rsa_sha256(std::string_view private_key_pem,
                                           std::string_view text) {
  const auto key = load_signing_key(private_key_pem);
  const DigestContext context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t length = 0;
  if (!key || context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key->get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, bytes, text.size()) != 1) {
    return std::nullopt;
  }
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                     bytes, text.size()) != 1) {
    return std::nullopt;
  }
  signature.resize(length);
  return signature;
}

}  // namespace anteroom::crypto
