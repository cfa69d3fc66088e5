#include "crypto/aes_gcm.h"

#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <memory>

#include "crypto/derive.h"
#include "crypto/encoding.h"
#include "crypto/mac.h"

using namespace anteroom;
using crypto::from_hex;
using crypto::to_hex;

namespace {

std::string sealed(const std::string& key, const std::string& nonce, const std::string& data,
                   const std::string& plain) {
  std::string out;
  REQUIRE(crypto::xaes_seal(key, nonce, data, {plain}, out));
  return out;
}

// SHAKE-128 as a stream of so many bytes.
std::string shake(std::string_view input, std::size_t bytes) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::string out(bytes, '\0');
  REQUIRE(EVP_DigestInit_ex(context.get(), EVP_shake128(), nullptr) == 1);
  REQUIRE(EVP_DigestUpdate(context.get(), input.data(), input.size()) == 1);
  REQUIRE(EVP_DigestFinalXOF(context.get(), reinterpret_cast<unsigned char*>(out.data()),
                             out.size()) == 1);
  return out;
}

}  // namespace

TEST_CASE("XAES-256-GCM has the values of its specification") {
  const std::string nonce = "ABCDEFGHIJKLMNOPQRSTUVWX";
  CHECK(to_hex(sealed(std::string(32, '\1'), nonce, "", "XAES-256-GCM")) ==
        "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  CHECK(to_hex(sealed(std::string(32, '\3'), nonce, "c2sp.org/XAES-256-GCM", "XAES-256-GCM")) ==
        "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

TEST_CASE("XAES-256-GCM has the specification's value of 10,000 random messages") {
  constexpr std::size_t kMessages = 10'000;
  const std::string stream = shake("", kMessages * (32 + 24 + 256 + 256));
  std::size_t at = 0;
  const auto read = [&](std::size_t bytes) {
    at += bytes;
    return stream.substr(at - bytes, bytes);
  };
  const auto read_counted = [&] { return read(static_cast<unsigned char>(read(1)[0])); };
  std::string all;
  for (std::size_t i = 0; i < kMessages; ++i) {
    const std::string key = read(32);
    const std::string nonce = read(24);
    const std::string plain = read_counted();
    const std::string data = read_counted();
    const std::string one = sealed(key, nonce, data, plain);
    if (i % 100 == 0) CHECK(crypto::xaes_open(key, nonce, data, one) == plain);
    all += one;
  }
  CHECK(to_hex(shake(all, 32)) ==
        "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

TEST_CASE("XAES-256-GCM takes no other sizes, and opens nothing that was changed") {
  const std::string key(32, 'k');
  const std::string nonce(24, 'n');
  std::string out;
  CHECK_FALSE(crypto::xaes_seal(key.substr(1), nonce, "", {"x"}, out));
  CHECK_FALSE(crypto::xaes_seal(key, nonce.substr(1), "", {"x"}, out));
  const std::string one = sealed(key, nonce, "data", "x");
  CHECK(crypto::xaes_open(key, nonce, "data", one) == "x");
  CHECK_FALSE(crypto::xaes_open(key, nonce, "date", one));
  CHECK_FALSE(crypto::xaes_open(std::string(32, 'K'), nonce, "data", one));
  CHECK_FALSE(crypto::xaes_open(key, std::string(24, 'N'), "data", one));
  CHECK_FALSE(crypto::xaes_open(key, nonce, "data", one.substr(1)));
  CHECK_FALSE(crypto::xaes_open(key, nonce, "data", ""));
}

TEST_CASE("keys are derived as RFC 5869 says, each purpose its own") {
  CHECK(to_hex(crypto::derive_key(Secret(std::string(22, '\x0b')), "").reveal()) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");  // A.3
  const Secret key(std::string(32, 'k'));
  CHECK(crypto::derive_key(key, "a").reveal() != crypto::derive_key(key, "b").reveal());
}

TEST_CASE("a MAC is RFC 4231's HMAC-SHA-256, and is made any number of times") {
  crypto::Mac two(Secret("Jefe"));  // 4.3
  for (int i = 0; i < 2; ++i) {
    const auto tag = two.of({"what do ya want ", "for nothing?"});
    REQUIRE(tag);
    CHECK(to_hex({reinterpret_cast<const char*>(tag->data()), tag->size()}) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
  crypto::Mac six(Secret(std::string(131, '\xaa')));  // 4.7
  const auto tag = six.of({"Test Using Larger Than Block-Size Key - Hash Key First"});
  REQUIRE(tag);
  CHECK(to_hex({reinterpret_cast<const char*>(tag->data()), tag->size()}) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
