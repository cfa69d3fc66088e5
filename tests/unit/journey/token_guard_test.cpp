// What made-up tokens cost.

#include "journey/frame/token_guard.h"

#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using namespace std::chrono_literals;
using journey::TokenGuard;
using Answer = journey::TokenGuard::Answer;

namespace {

store::ScimTokenKey token(int number, const std::string& idp = "corp") {
  store::ScimTokenKey key{idp, {}};
  key.hash[0] = static_cast<unsigned char>(number);
  return key;
}

}  // namespace

TEST_CASE("all tokens are looked up ten times a second at most, whoever sends how many") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  CHECK(guard.look_for(token(9), true, now) == Answer::ask);
  guard.learn(std::vector{token(1)});
  for (int i = 2; i < 200; ++i)
    CHECK(guard.look_for(token(i), true, now + 99ms) == Answer::unknown);
  CHECK(guard.look_for(token(1), true, now) == Answer::known);
  CHECK(guard.look_for(token(9), true, now + 100ms) == Answer::ask);
  guard.learn(std::vector{token(1), token(9)});
  CHECK(guard.look_for(token(9), true, now + 100ms) == Answer::known);
}

TEST_CASE("for what has no MAC all tokens are looked up once in ten seconds") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  REQUIRE(guard.look_for(token(9), false, now) == Answer::ask);
  guard.learn(std::vector{token(1)});
  CHECK(guard.look_for(token(9), false, now + 9999ms) == Answer::unknown);
  CHECK(guard.look_for(token(1), false, now + 9999ms) == Answer::known);
  CHECK(guard.look_for(token(9), true, now + 100ms) == Answer::ask);
  guard.learn(std::vector{token(1)});
  CHECK(guard.look_for(token(9), false, now + 10s) == Answer::unknown);
  CHECK(guard.look_for(token(9), false, now + 10100ms) == Answer::ask);
}

TEST_CASE("while tokens are being looked up others wait, but not for whoever went away") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  CHECK(guard.look_for(token(1), true, now) == Answer::ask);
  CHECK(guard.look_for(token(2), true, now) == Answer::wait);
  CHECK(guard.look_for(token(2), true, now + 4999ms) == Answer::wait);
  CHECK(guard.look_for(token(2), true, now + 5s) == Answer::ask);
}

TEST_CASE("where nothing could be learnt the next one asks; what was known stays known") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  REQUIRE(guard.look_for(token(1), true, now) == Answer::ask);
  guard.learn(std::vector{token(1)});
  REQUIRE(guard.look_for(token(2), true, now + 100ms) == Answer::ask);
  guard.learn(std::nullopt);
  CHECK(guard.look_for(token(1), true, now + 100ms) == Answer::known);
  CHECK(guard.look_for(token(2), true, now + 100ms) == Answer::ask);
}

TEST_CASE("a token that is removed is forgotten; a clock that is set back holds nothing up") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  REQUIRE(guard.look_for(token(1), true, now) == Answer::ask);
  guard.learn(std::vector{token(1)});
  guard.forget(token(1));
  CHECK(guard.look_for(token(1), true, now) == Answer::unknown);
  CHECK(guard.look_for(token(1), true, now - 1h) == Answer::ask);
}

TEST_CASE("a token that is tried at another company is unknown there, and stays good at its own") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  REQUIRE(guard.look_for(token(1, "other"), true, now) == Answer::ask);
  guard.learn(std::vector{token(1, "corp")});
  guard.forget(token(1, "other"));
  CHECK(guard.look_for(token(1, "other"), true, now) == Answer::unknown);
  CHECK(guard.look_for(token(1, "corp"), true, now) == Answer::known);
}
