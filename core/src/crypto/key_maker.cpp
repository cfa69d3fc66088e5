#include "crypto/key_maker.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "crypto/pem.h"

namespace anteroom::crypto {

namespace {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;

constexpr std::size_t kLongestName = 64;  // ub-common-name of RFC 5280
constexpr int kSerialBits = 127;

bool set_serial(X509* certificate) {
  const Number number(BN_new());
  return number != nullptr && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, 0) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate, const std::string& common_name) {
  const std::string name = common_name.substr(0, kLongestName);
  X509_NAME* subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

bool set_validity(X509* certificate, Time now, int days) {
  const std::time_t start = std::chrono::system_clock::to_time_t(now - std::chrono::hours(1));
  return ASN1_TIME_set(X509_getm_notBefore(certificate), start) != nullptr &&
         ASN1_TIME_adj(X509_getm_notAfter(certificate), start, days, 0) != nullptr;
}

std::string text_of(BIO* bio) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  return text == nullptr ? "" : std::string(text, static_cast<std::size_t>(length));
}

}  // namespace

Result<MadePair> make_rsa_pair(const std::string& common_name, int bits, Time now, int days) {
  const Failure failure{code::kUnusableKey, "OpenSSL could not make a key pair"};
  const Key key(EVP_RSA_gen(static_cast<unsigned int>(bits)));
  const Certificate certificate(X509_new());
  const Bio key_text(BIO_new(BIO_s_secmem()));
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  if (key == nullptr || certificate == nullptr || key_text == nullptr ||
      certificate_text == nullptr) {
    return failure;
  }
  const bool is_made = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                       set_serial(certificate.get()) && set_name(certificate.get(), common_name) &&
                       set_validity(certificate.get(), now, days) &&
                       X509_set_pubkey(certificate.get(), key.get()) == 1 &&
                       X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0 &&
                       PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0,
                                                     nullptr, nullptr) == 1 &&
                       PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1;
  if (!is_made) return failure;
  return MadePair{text_of(key_text.get()), text_of(certificate_text.get())};
}

}  // namespace anteroom::crypto
