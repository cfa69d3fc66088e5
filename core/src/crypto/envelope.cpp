#include "crypto/envelope.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "crypto/digest.h"

namespace anteroom::crypto {

namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

constexpr int kLeastBits = 2048;
constexpr std::size_t kBlock = 16;
constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;

int no_password(char*, int, int, void*) {
  return -1;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

const EVP_MD* digest_of(Hash hash) {
  switch (hash) {
    case Hash::sha1:
      return EVP_sha1();
    case Hash::sha256:
      return EVP_sha256();
    case Hash::sha384:
      return EVP_sha384();
    case Hash::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

std::optional<std::string> run(EVP_PKEY_CTX* context, std::string_view wrapped) {
  std::size_t length = 0;
  if (EVP_PKEY_decrypt(context, nullptr, &length, bytes_of(wrapped), wrapped.size()) != 1) {
    return std::nullopt;
  }
  std::string out(length, '\0');
  if (EVP_PKEY_decrypt(context, bytes_of(out), &length, bytes_of(wrapped), wrapped.size()) != 1) {
    return std::nullopt;
  }
  out.resize(length);
  return out;
}

bool use_oaep(EVP_PKEY_CTX* context, const KeyTransport& transport) {
  if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context, digest_of(transport.digest)) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest_of(transport.mask)) != 1) {
    return false;
  }
  if (transport.label.empty()) return true;
  // The context takes the label over.
  void* label = OPENSSL_memdup(transport.label.data(), transport.label.size());
  if (label == nullptr) return false;
  if (EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, static_cast<int>(transport.label.size())) ==
      1) {
    return true;
  }
  OPENSSL_free(label);
  return false;
}

// 0xff where the padded block holds a key of this length, 0 otherwise, without a branch on its
// bytes (RFC 8017 7.2.2: 00 02, non-zero bytes, 00, message).
unsigned char padding_mask(std::string_view block, std::size_t key_bytes) {
  const auto is_zero = [](unsigned value) {
    return static_cast<unsigned char>((value - 1u) >> 8u);  // 0xff for 0, 0 for 1 to 255
  };
  const std::size_t zero_at = block.size() - key_bytes - 1;
  unsigned char good = is_zero(static_cast<unsigned char>(block[0])) &
                       is_zero(static_cast<unsigned char>(block[1]) ^ 2u) &
                       is_zero(static_cast<unsigned char>(block[zero_at]));
  for (std::size_t i = 2; i < zero_at; ++i) {
    good &= static_cast<unsigned char>(~is_zero(static_cast<unsigned char>(block[i])));
  }
  return good;
}

std::optional<std::string> open_gcm(EVP_CIPHER_CTX* context, const EVP_CIPHER* cipher,
                                    std::string_view key, std::string_view bytes) {
  if (bytes.size() < kNonce + kTag) return std::nullopt;
  const std::string_view body = bytes.substr(kNonce, bytes.size() - kNonce - kTag);
  std::string tag(bytes.substr(bytes.size() - kTag));
  std::string out(body.size(), '\0');
  int length = 0;
  if (EVP_DecryptInit_ex2(context, cipher, bytes_of(key), bytes_of(bytes), nullptr) != 1 ||
      EVP_DecryptUpdate(context, bytes_of(out), &length, bytes_of(body),
                        static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context, bytes_of(out) + length, &length) != 1) {
    return std::nullopt;
  }
  return out;
}

// XML Encryption 1.1, 5.2.2: the last byte says how much padding there is; the rest of it is free.
std::optional<std::string> open_cbc(EVP_CIPHER_CTX* context, const EVP_CIPHER* cipher,
                                    std::string_view key, std::string_view bytes) {
  if (bytes.size() < 2 * kBlock || bytes.size() % kBlock != 0) return std::nullopt;
  const std::string_view body = bytes.substr(kBlock);
  std::string out(body.size() + kBlock, '\0');
  int length = 0;
  if (EVP_DecryptInit_ex2(context, cipher, bytes_of(key), bytes_of(bytes), nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
      EVP_DecryptUpdate(context, bytes_of(out), &length, bytes_of(body),
                        static_cast<int>(body.size())) != 1 ||
      static_cast<std::size_t>(length) != body.size()) {
    return std::nullopt;
  }
  out.resize(body.size());
  const auto padding = static_cast<unsigned char>(out.back());
  if (padding < 1 || padding > kBlock) return std::nullopt;
  out.resize(out.size() - padding);
  return out;
}

}  // namespace

struct DecryptionKey::State {
  Handle<EVP_PKEY> key;
  TokenHash rejection_secret{};
};

DecryptionKey::DecryptionKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
DecryptionKey::DecryptionKey(DecryptionKey&&) noexcept = default;
DecryptionKey& DecryptionKey::operator=(DecryptionKey&&) noexcept = default;
DecryptionKey::~DecryptionKey() = default;

std::optional<DecryptionKey> DecryptionKey::load(std::string_view pem) {
  const Handle<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  auto state = std::make_unique<State>();
  state->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  const auto secret = sha256("anteroom implicit rejection\n" + std::string(pem));
  if (state->key == nullptr || !secret || EVP_PKEY_get_base_id(state->key.get()) != EVP_PKEY_RSA ||
      EVP_PKEY_get_bits(state->key.get()) < kLeastBits) {
    return std::nullopt;
  }
  state->rejection_secret = *secret;
  return DecryptionKey(std::move(state));
}

std::optional<std::string> DecryptionKey::unwrap(const KeyTransport& transport,
                                                 std::string_view wrapped,
                                                 std::size_t key_bytes) const {
  const Handle<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(state_->key.get(), nullptr));
  if (context == nullptr || EVP_PKEY_decrypt_init(context.get()) != 1) return std::nullopt;
  if (transport.is_oaep) {
    if (!use_oaep(context.get(), transport)) return std::nullopt;
    auto key = run(context.get(), wrapped);
    if (!key || key->size() != key_bytes) return std::nullopt;
    return key;
  }
  if (EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1) return std::nullopt;
  const auto block = run(context.get(), wrapped);
  const auto instead =
      sha256(std::string(reinterpret_cast<const char*>(state_->rejection_secret.data()),
                         state_->rejection_secret.size()) +
             std::string(wrapped));
  if (!block || !instead || block->size() < key_bytes + 11) return std::nullopt;
  const unsigned char good = padding_mask(*block, key_bytes);
  std::string key(key_bytes, '\0');
  for (std::size_t i = 0; i < key_bytes; ++i) {
    const auto real = static_cast<unsigned char>((*block)[block->size() - key_bytes + i]);
    key[i] = static_cast<char>((real & good) | ((*instead)[i] & static_cast<unsigned char>(~good)));
  }
  return key;
}

std::optional<std::string> decrypt_block(const BlockCipher& cipher, std::string_view key,
                                         std::string_view bytes) {
  const EVP_CIPHER* algorithm = nullptr;
  switch (cipher.key_bytes) {
    case 16:
      algorithm = cipher.is_gcm ? EVP_aes_128_gcm() : EVP_aes_128_cbc();
      break;
    case 24:
      algorithm = cipher.is_gcm ? EVP_aes_192_gcm() : EVP_aes_192_cbc();
      break;
    case 32:
      algorithm = cipher.is_gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
      break;
    default:
      return std::nullopt;
  }
  const Handle<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  if (context == nullptr || key.size() != cipher.key_bytes) return std::nullopt;
  return cipher.is_gcm ? open_gcm(context.get(), algorithm, key, bytes)
                       : open_cbc(context.get(), algorithm, key, bytes);
}

}  // namespace anteroom::crypto
