#include "crypto/derive.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace anteroom::crypto {

namespace {

constexpr std::size_t kKeyBytes = 32;

struct FreeKdf {
  void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
};
struct FreeKdfContext {
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

}  // namespace

Secret derive_key(const Secret& key, std::string_view purpose) {
  const std::unique_ptr<EVP_KDF, FreeKdf> kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr));
  const std::unique_ptr<EVP_KDF_CTX, FreeKdfContext> context(EVP_KDF_CTX_new(kdf.get()));
  std::string digest = "SHA256";
  std::string from = key.reveal();
  std::string info(purpose);
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, from.data(), from.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  std::string derived(kKeyBytes, '\0');
  const int done =
      context == nullptr
          ? 0
          : EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(derived.data()),
                           derived.size(), params);
  OPENSSL_cleanse(from.data(), from.size());
  if (done != 1) throw std::runtime_error("OpenSSL cannot derive a key (HKDF with SHA-256)");
  return Secret(std::move(derived));
}

}  // namespace anteroom::crypto
