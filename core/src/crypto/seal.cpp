#include "crypto/seal.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <initializer_list>
#include <memory>

#include "crypto/encoding.h"

namespace anteroom::crypto {

namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kExpiryBytes = 8;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMaxSealed = 16u << 10;

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// OpenSSL 3 looks an algorithm up by name on every use of EVP_aes_256_gcm(): fetched once instead.
const EVP_CIPHER* aes_256_gcm() {
  static const std::unique_ptr<EVP_CIPHER, FreeCipher> kCipher(
      EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return kCipher.get();
}

// Seconds since 1970, big endian.
std::array<char, kExpiryBytes> pack_expiry(Time expires_at) {
  auto seconds = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::seconds>(expires_at).time_since_epoch().count());
  std::array<char, kExpiryBytes> out{};
  for (std::size_t i = kExpiryBytes; i-- > 0; seconds >>= 8)
    out[i] = static_cast<char>(seconds & 255);
  return out;
}

Time unpack_expiry(std::string_view packed) {
  std::uint64_t seconds = 0;
  for (const char c : packed) seconds = seconds << 8 | static_cast<unsigned char>(c);
  return Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

// Keyed once per thread: most of the cost of sealing something short is setting the key up.
class Encryptor {
 public:
  // Ready for another message under this key; nullptr if the library fails.
  EVP_CIPHER_CTX* start(const std::string& key, const std::uint8_t* nonce) {
    if (context_ == nullptr) context_.reset(EVP_CIPHER_CTX_new());
    if (context_ == nullptr || aes_256_gcm() == nullptr || key.size() != kKeyBytes) return nullptr;
    const bool is_keyed = key_.reveal() == key;
    const EVP_CIPHER* cipher = is_keyed ? nullptr : aes_256_gcm();
    const unsigned char* bytes = is_keyed ? nullptr : bytes_of(std::string_view(key));
    if (EVP_EncryptInit_ex2(context_.get(), cipher, bytes, nonce, nullptr) != 1) {
      key_ = Secret();
      return nullptr;
    }
    if (!is_keyed) key_ = Secret(key);
    return context_.get();
  }

 private:
  CipherContext context_;
  Secret key_;
};

// Appends ciphertext and tag.
bool encrypt(EVP_CIPHER_CTX* context, std::string_view purpose,
             std::initializer_list<std::string_view> parts, std::string& out) {
  int length = 0;
  if (EVP_EncryptUpdate(context, nullptr, &length, bytes_of(purpose),
                        static_cast<int>(purpose.size())) != 1) {
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
  out.resize(end + kTagBytes);
  return EVP_EncryptFinal_ex(context, bytes_of(out) + end, &length) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, bytes_of(out) + end) == 1;
}

std::optional<std::string> decrypt(const std::string& key, std::string_view nonce,
                                   std::string_view purpose, std::string_view sealed) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  const std::string_view body = sealed.substr(0, sealed.size() - kTagBytes);
  std::string tag(sealed.substr(body.size()));
  std::string out(body.size(), '\0');
  int length = 0;
  if (context == nullptr || aes_256_gcm() == nullptr || key.size() != kKeyBytes ||
      EVP_DecryptInit_ex2(context.get(), aes_256_gcm(), bytes_of(std::string_view(key)),
                          bytes_of(nonce), nullptr) != 1 ||
      EVP_DecryptUpdate(context.get(), nullptr, &length, bytes_of(purpose),
                        static_cast<int>(purpose.size())) != 1 ||
      EVP_DecryptUpdate(context.get(), bytes_of(out), &length, bytes_of(body),
                        static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context.get(), bytes_of(out) + length, &length) != 1) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::optional<std::string> Sealer::seal(Random& random, std::string_view purpose,
                                        std::string_view plain, Time expires_at) const {
  std::array<std::uint8_t, kNonceBytes> nonce{};
  if (keys_.empty() || !random.fill(nonce)) return std::nullopt;
  thread_local Encryptor encryptor;
  EVP_CIPHER_CTX* context = encryptor.start(keys_.front().reveal(), nonce.data());
  if (context == nullptr) return std::nullopt;
  const auto expiry = pack_expiry(expires_at);
  std::string sealed;
  sealed.reserve(kNonceBytes + kExpiryBytes + plain.size() + kTagBytes);
  sealed.assign(nonce.begin(), nonce.end());
  if (!encrypt(context, purpose, {{expiry.data(), expiry.size()}, plain}, sealed)) {
    return std::nullopt;
  }
  return base64url(sealed);
}

std::optional<std::string> Sealer::open(std::string_view purpose, std::string_view sealed,
                                        Time now) const {
  if (sealed.size() > kMaxSealed) return std::nullopt;
  const auto bytes = from_base64url(sealed);
  if (!bytes || bytes->size() < kNonceBytes + kExpiryBytes + kTagBytes) return std::nullopt;
  const std::string_view nonce = std::string_view(*bytes).substr(0, kNonceBytes);
  const std::string_view body = std::string_view(*bytes).substr(kNonceBytes);
  for (const Secret& key : keys_) {
    const auto plain = decrypt(key.reveal(), nonce, purpose, body);
    if (!plain) continue;
    if (now >= unpack_expiry(std::string_view(*plain).substr(0, kExpiryBytes))) return std::nullopt;
    return plain->substr(kExpiryBytes);
  }
  return std::nullopt;
}

}  // namespace anteroom::crypto
