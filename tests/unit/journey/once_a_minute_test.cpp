// Telling what is new from what was there a moment ago.

#include "journey/frame/once_a_minute.h"

#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using namespace std::chrono_literals;
using journey::OnceAMinute;

TEST_CASE("a key is new once a minute, whatever the clock does") {
  OnceAMinute once;
  const Time now = forge::Options{}.now;
  CHECK(once.is_first("ann", now));
  CHECK_FALSE(once.is_first("ann", now + 59s));
  CHECK(once.is_first("bob", now + 59s));
  CHECK(once.is_first("ann", now + 60s));
  CHECK(once.is_first("ann", now - 1h));
  CHECK_FALSE(once.is_first("ann", now - 1h + 1s));
}

TEST_CASE("no number of keys fills the memory") {
  OnceAMinute once;
  const Time now = forge::Options{}.now;
  int first = 0;
  for (int i = 0; i < 5000; ++i) first += once.is_first(std::to_string(i), now) ? 1 : 0;
  CHECK(first == 1000);
  CHECK(once.is_first("new", now + 60s));
}
