#include "crypto/aes_gcm.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "anteroom/settings.h"

namespace anteroom::crypto {

namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kBlockBytes = 16;
using Block = std::array<unsigned char, kBlockBytes>;

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER, FreeCipher>;
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// OpenSSL 3 looks an algorithm up by name on every use of EVP_aes_256_gcm(): fetched once instead.
const EVP_CIPHER* aes_256_gcm() {
  static const Cipher kCipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return kCipher.get();
}
const EVP_CIPHER* aes_256() {
  static const Cipher kCipher(EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr));
  return kCipher.get();
}

// One for each thread and direction: to make one costs more than to seal something short.
EVP_CIPHER_CTX* encrypting() {
  thread_local const Context kContext(EVP_CIPHER_CTX_new());
  return kContext.get();
}
EVP_CIPHER_CTX* decrypting() {
  thread_local const Context kContext(EVP_CIPHER_CTX_new());
  return kContext.get();
}

bool gcm_seal(std::string_view key, std::string_view nonce, std::string_view data,
              std::initializer_list<std::string_view> parts, std::string& out) {
  EVP_CIPHER_CTX* const context = encrypting();
  int length = 0;
  if (context == nullptr || aes_256_gcm() == nullptr || key.size() != kKeyBytes ||
      nonce.size() != kGcmNonceBytes ||
      EVP_EncryptInit_ex2(context, aes_256_gcm(), bytes_of(key), bytes_of(nonce), nullptr) != 1 ||
      EVP_EncryptUpdate(context, nullptr, &length, bytes_of(data), static_cast<int>(data.size())) !=
          1) {
    return false;
  }
  for (const std::string_view part : parts) {
    const std::size_t begin = out.size();
    out.resize(begin + part.size());
    if (EVP_EncryptUpdate(context, bytes_of(out) + begin, &length, bytes_of(part),
                          static_cast<int>(part.size())) != 1) {
      return false;
    }
  }
  const std::size_t end = out.size();
  out.resize(end + kGcmTagBytes);
  return EVP_EncryptFinal_ex(context, bytes_of(out) + end, &length) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, bytes_of(out) + end) ==
             1;
}

// Derives the keys of messages; itself keyed once per thread, until another key is asked for.
class Deriver {
 public:
  Deriver() = default;
  ~Deriver() { OPENSSL_cleanse(subkey_.data(), subkey_.size()); }
  Deriver(const Deriver&) = delete;
  Deriver& operator=(const Deriver&) = delete;

  // The step numbers are the specification's. Empty if the library fails.
  std::string_view derive(std::string_view key, std::string_view nonce) {
    if (nonce.size() != kXaesNonceBytes || !set_key(key)) return {};
    std::array<unsigned char, 2 * kBlockBytes> messages{};
    for (std::size_t i = 0; i < 2; ++i) {  // 3 and 4, with the exclusive or of 5
      unsigned char* const message = messages.data() + i * kBlockBytes;
      message[1] = static_cast<unsigned char>(i + 1);
      message[2] = 'X';
      std::copy_n(nonce.begin(), kGcmNonceBytes, message + 4);
      for (std::size_t j = 0; j < kBlockBytes; ++j) message[j] ^= k1_[j];
    }
    int length = 0;
    if (EVP_EncryptUpdate(context_.get(), subkey_.data(), &length, messages.data(),
                          static_cast<int>(messages.size())) != 1 ||
        length != static_cast<int>(subkey_.size())) {
      return {};
    }
    return {reinterpret_cast<const char*>(subkey_.data()), subkey_.size()};
  }

 private:
  bool set_key(std::string_view key) {
    if (!key_.reveal().empty() && key_.reveal() == key) return true;
    key_ = Secret();
    if (context_ == nullptr) context_.reset(EVP_CIPHER_CTX_new());
    const Block zero{};
    Block l{};
    int length = 0;
    if (context_ == nullptr || aes_256() == nullptr || key.size() != kKeyBytes ||
        EVP_EncryptInit_ex2(context_.get(), aes_256(), bytes_of(key), nullptr, nullptr) != 1 ||
        EVP_CIPHER_CTX_set_padding(context_.get(), 0) != 1 ||
        EVP_EncryptUpdate(context_.get(), l.data(), &length, zero.data(), kBlockBytes) != 1) {
      return false;
    }
    for (std::size_t i = 0; i < kBlockBytes; ++i) {  // 2
      const int next = i + 1 < kBlockBytes ? l[i + 1] >> 7 : 0;
      k1_[i] = static_cast<unsigned char>(l[i] << 1 | next);
    }
    if ((l[0] & 0x80) != 0) k1_[kBlockBytes - 1] ^= 0x87;
    key_ = Secret(std::string(key));
    return true;
  }

  Context context_;
  Secret key_;
  Block k1_{};
  std::array<unsigned char, kKeyBytes> subkey_{};
};

// Good until the thread derives another.
std::string_view derive(std::string_view key, std::string_view nonce) {
  thread_local Deriver deriver;
  return deriver.derive(key, nonce);
}

}  // namespace

std::optional<std::string> gcm_open(std::string_view key, std::string_view nonce,
                                    std::string_view data, std::string_view sealed) {
  if (sealed.size() < kGcmTagBytes) return std::nullopt;
  EVP_CIPHER_CTX* const context = decrypting();
  const std::string_view body = sealed.substr(0, sealed.size() - kGcmTagBytes);
  std::string tag(sealed.substr(body.size()));
  std::string out(body.size(), '\0');
  int length = 0;
  if (context == nullptr || aes_256_gcm() == nullptr || key.size() != kKeyBytes ||
      nonce.size() != kGcmNonceBytes ||
      EVP_DecryptInit_ex2(context, aes_256_gcm(), bytes_of(key), bytes_of(nonce), nullptr) != 1 ||
      EVP_DecryptUpdate(context, nullptr, &length, bytes_of(data), static_cast<int>(data.size())) !=
          1 ||
      EVP_DecryptUpdate(context, bytes_of(out), &length, bytes_of(body),
                        static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context, bytes_of(out) + length, &length) != 1) {
    return std::nullopt;
  }
  return out;
}

bool xaes_seal(std::string_view key, std::string_view nonce, std::string_view data,
               std::initializer_list<std::string_view> parts, std::string& out) {
  const std::string_view subkey = derive(key, nonce);
  return !subkey.empty() && gcm_seal(subkey, nonce.substr(kGcmNonceBytes), data, parts, out);
}

std::optional<std::string> xaes_open(std::string_view key, std::string_view nonce,
                                     std::string_view data, std::string_view sealed) {
  const std::string_view subkey = derive(key, nonce);
  if (subkey.empty()) return std::nullopt;
  return gcm_open(subkey, nonce.substr(kGcmNonceBytes), data, sealed);
}

}  // namespace anteroom::crypto
