#include "crypto/seal.h"

#include <catch2/catch.hpp>

#include "crypto/encoding.h"
#include "support/fakes.h"

using namespace anteroom;
using namespace std::chrono_literals;

namespace {

const std::vector<Secret> kOneKey{Secret(std::string(32, 'k'))};

}  // namespace

TEST_CASE("a sealed value opens until it expires") {
  test::FakeClock clock;
  test::FakeRandom random;
  const crypto::Sealer sealer(kOneKey);
  const auto sealed = sealer.seal(random, "purpose", "secret words", clock.now() + 60s);
  REQUIRE(sealed);
  CHECK(sealed->find("secret") == std::string::npos);
  CHECK(sealer.open("purpose", *sealed, clock.now()) == "secret words");
  clock.advance(59s);
  CHECK(sealer.open("purpose", *sealed, clock.now()));
  clock.advance(1s);
  CHECK_FALSE(sealer.open("purpose", *sealed, clock.now()));
}

TEST_CASE("a sealed value opens for its purpose only") {
  test::FakeClock clock;
  test::FakeRandom random;
  const crypto::Sealer sealer(kOneKey);
  const auto sealed = sealer.seal(random, "login-state", "x", clock.now() + 60s);
  CHECK_FALSE(sealer.open("return-to", *sealed, clock.now()));
}

TEST_CASE("every changed character of a sealed value is noticed") {
  test::FakeClock clock;
  test::FakeRandom random;
  const crypto::Sealer sealer(kOneKey);
  const auto sealed = *sealer.seal(random, "p", "abc", clock.now() + 60s);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CAPTURE(i);
    CHECK_FALSE(sealer.open("p", changed, clock.now()));
  }
  CHECK_FALSE(sealer.open("p", sealed.substr(1), clock.now()));
  CHECK_FALSE(sealer.open("p", sealed + "A", clock.now()));
  CHECK_FALSE(sealer.open("p", "", clock.now()));
  CHECK_FALSE(sealer.open("p", std::string(20'000, 'A'), clock.now()));
}

TEST_CASE("keys roll over: the first seals, all open, a removed one opens nothing") {
  test::FakeClock clock;
  test::FakeRandom random;
  const Secret old_key(std::string(32, 'o'));
  const Secret new_key(std::string(32, 'n'));
  const std::vector<Secret> before{old_key};
  const std::vector<Secret> during{new_key, old_key};
  const std::vector<Secret> after{new_key};
  const auto old_value = *crypto::Sealer(before).seal(random, "p", "x", clock.now() + 60s);
  const auto new_value = *crypto::Sealer(during).seal(random, "p", "y", clock.now() + 60s);
  CHECK(crypto::Sealer(during).open("p", old_value, clock.now()) == "x");
  CHECK(crypto::Sealer(after).open("p", new_value, clock.now()) == "y");
  CHECK_FALSE(crypto::Sealer(after).open("p", old_value, clock.now()));
}

TEST_CASE("what versions before sealed opens until it expires, and only as it was") {
  test::FakeClock clock;
  const crypto::Sealer sealer(kOneKey);
  // AES-256-GCM under the cookie key itself, for the purpose "p", sixty seconds ahead.
  const std::string before = "dHdlbHZlIGJ5dGVzf5qdyDgO7UcnXaJBNNbzxulnRsiSYdLnnDrf8wuygPZN";
  CHECK(sealer.open("p", before, clock.now()) == "as before");
  CHECK_FALSE(sealer.open("q", before, clock.now()));
  CHECK_FALSE(sealer.open("p", "XAES" + before, clock.now()));
  clock.advance(60s);
  CHECK_FALSE(sealer.open("p", before, clock.now()));
}

TEST_CASE("a sealed value says how it was made, and is not read in another way") {
  test::FakeClock clock;
  test::FakeRandom random;
  const crypto::Sealer sealer(kOneKey);
  const auto sealed = *sealer.seal(random, "p", "abc", clock.now() + 60s);
  CHECK(sealed.starts_with("XAES"));
  CHECK_FALSE(sealer.open("p", sealed.substr(4), clock.now()));
  // 24 bytes of nonce, 8 of expiry, 16 of tag.
  CHECK(crypto::from_base64url(sealed.substr(4))->size() == 24 + 8 + 3 + 16);
}

TEST_CASE("without randomness or a key nothing is sealed") {
  test::FakeClock clock;
  test::FakeRandom random;
  const std::vector<Secret> none;
  CHECK_FALSE(crypto::Sealer(none).seal(random, "p", "x", clock.now() + 60s));
  random.is_broken = true;
  CHECK_FALSE(crypto::Sealer(kOneKey).seal(random, "p", "x", clock.now() + 60s));
}

TEST_CASE("base64 follows RFC 4648 section 10 and forgives nothing") {
  CHECK(crypto::base64("foobar") == "Zm9vYmFy");
  CHECK(crypto::base64("fooba") == "Zm9vYmE=");
  CHECK(crypto::base64("foob") == "Zm9vYg==");
  CHECK(crypto::from_base64("Zm9vYg==") == "foob");
  CHECK(crypto::from_base64("") == "");
  for (const char* text : {"Zm9vYg", "Zm9vYg=", "Zm9vYh==", "Zm9v Yg=", "Zm9vYg===", "====", "Z===",
                           "Zm9v\nYg==", "Zm9-Yg=="}) {
    CAPTURE(text);
    CHECK_FALSE(crypto::from_base64(text));
  }
  CHECK(crypto::base64url("\xfb\xff") == "-_8");
  CHECK(crypto::from_base64url("-_8") == "\xfb\xff");
  CHECK_FALSE(crypto::from_base64url("-_9"));
  CHECK_FALSE(crypto::from_base64url("+/8"));
}

TEST_CASE("hex is read in either case, written in lower") {
  CHECK(crypto::to_hex("\x01\xab") == "01ab");
  CHECK(crypto::from_hex("01AB") == "\x01\xab");
  CHECK_FALSE(crypto::from_hex("0"));
  CHECK_FALSE(crypto::from_hex("0g"));
}
