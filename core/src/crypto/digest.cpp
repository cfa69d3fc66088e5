#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>

namespace anteroom::crypto {

namespace {

struct FreeDigest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::optional<TokenHash> sha256(std::string_view bytes) {
  // OpenSSL 3 looks an algorithm up by name on every EVP_sha256() use: fetched once instead.
  static const std::unique_ptr<EVP_MD, FreeDigest> kDigest(
      EVP_MD_fetch(nullptr, "SHA256", nullptr));
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> kContext(EVP_MD_CTX_new());
  TokenHash hash;
  unsigned length = 0;
  if (kDigest == nullptr || kContext == nullptr ||
      EVP_DigestInit_ex2(kContext.get(), kDigest.get(), nullptr) != 1 ||
      EVP_DigestUpdate(kContext.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(kContext.get(), hash.data(), &length) != 1 || length != hash.size()) {
    return std::nullopt;
  }
  return hash;
}

std::optional<std::string> digest(Hash hash, std::string_view bytes) {
  const EVP_MD* const kind = hash == Hash::sha1     ? EVP_sha1()
                             : hash == Hash::sha256 ? EVP_sha256()
                             : hash == Hash::sha384 ? EVP_sha384()
                                                    : EVP_sha512();
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), &length,
                 kind, nullptr) != 1) {
    return std::nullopt;
  }
  out.resize(length);
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace anteroom::crypto
