// How many unknown tokens are looked up.

#include "journey/token_guard.h"

#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using journey::TokenGuard;

namespace {

TokenHash token(int number) {
  TokenHash hash{};
  hash[0] = static_cast<unsigned char>(number);
  hash[1] = static_cast<unsigned char>(number >> 8);
  return hash;
}

int looked_up(TokenGuard& guard, int attempts, Time now) {
  int count = 0;
  for (int i = 0; i < attempts; ++i) count += guard.may_look_up(token(7), now) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("unknown tokens are looked up in a burst, and then one a second") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  CHECK(looked_up(guard, 1000, now) == TokenGuard::kBurst);
  CHECK(looked_up(guard, 10, now + std::chrono::milliseconds(999)) == 0);
  CHECK(looked_up(guard, 10, now + std::chrono::milliseconds(2500)) == 2);
  CHECK(looked_up(guard, 10, now + std::chrono::milliseconds(3000)) == 1);
  CHECK(looked_up(guard, 1000, now + std::chrono::hours(9)) == TokenGuard::kBurst);
}

TEST_CASE("a clock that is set back holds no token up for longer than a second") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  CHECK(looked_up(guard, 1000, now) == TokenGuard::kBurst);
  CHECK(looked_up(guard, 10, now - std::chrono::hours(1)) == 0);
  CHECK(looked_up(guard, 10, now - std::chrono::hours(1) + std::chrono::seconds(1)) == 1);
}

TEST_CASE("a token that was good is always looked up, until it is not good any more") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  REQUIRE(guard.may_look_up(token(1), now));
  guard.note(token(1), true);
  CHECK(looked_up(guard, 1000, now) == TokenGuard::kBurst);  // it cost nothing
  CHECK(guard.may_look_up(token(1), now));
  guard.note(token(1), false);
  CHECK_FALSE(guard.may_look_up(token(1), now));
}

TEST_CASE("no number of tokens fills the memory, and none of them makes look-ups cheaper") {
  TokenGuard guard;
  const Time now = forge::Options{}.now;
  for (int i = 0; i < 5000; ++i) guard.note(token(i), true);
  CHECK(looked_up(guard, 1000, now) == TokenGuard::kBurst);
}
