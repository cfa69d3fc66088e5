#include "crypto/mac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace anteroom::crypto {

namespace {

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};

}  // namespace

void Mac::Free::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);
}

Mac::Mac(const Secret& key) {
  const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  context_.reset(EVP_MAC_CTX_new(mac.get()));
  std::string digest = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  if (context_ == nullptr ||
      EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(key.reveal().data()),
                   key.reveal().size(), params) != 1) {
    throw std::runtime_error("OpenSSL has no HMAC with SHA-256");
  }
}

std::optional<TokenHash> Mac::of(std::initializer_list<std::string_view> parts) {
  TokenHash tag{};
  std::size_t length = 0;
  // Without a key it begins anew with the one it has.
  const bool is_fed =
      EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
      std::all_of(parts.begin(), parts.end(), [&](std::string_view part) {
        return EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(part.data()),
                              part.size()) == 1;
      });
  if (!is_fed || EVP_MAC_final(context_.get(), tag.data(), &length, tag.size()) != 1 ||
      length != tag.size()) {
    return std::nullopt;
  }
  return tag;
}

}  // namespace anteroom::crypto
