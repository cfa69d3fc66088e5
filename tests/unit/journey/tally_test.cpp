// Counting those who leave for an identity provider.

#include "journey/frame/tally.h"

#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using namespace std::chrono_literals;
using journey::Tally;

TEST_CASE("what was counted is due once a minute") {
  Tally tally;
  const Time now = forge::Options{}.now;
  CHECK(tally.take(now).empty());
  tally.add("corp");
  tally.add("other");
  tally.add("corp");
  CHECK(tally.take(now).empty());
  CHECK(tally.take(now + 59s).empty());
  CHECK(tally.take(now + 60s) == Tally::Counts{{"corp", 2}, {"other", 1}});
  CHECK(tally.take(now + 10min).empty());
  tally.add("corp");
  CHECK(tally.take(now + 119s).empty());
  CHECK(tally.take(now + 120s) == Tally::Counts{{"corp", 1}});
}

TEST_CASE("a clock that is set back holds nothing up for longer than a minute") {
  Tally tally;
  const Time now = forge::Options{}.now;
  tally.add("corp");
  CHECK(tally.take(now + 24h).empty());
  CHECK(tally.take(now).empty());
  CHECK(tally.take(now + 60s) == Tally::Counts{{"corp", 1}});
}

namespace {

void leave(World& world) {
  const Response away = world.answer(
      {.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp&email=ann%40corp.test"});
  REQUIRE(away.status == 303);
}

}  // namespace

TEST_CASE("those who leave are written down once a minute, and none is lost to a failure") {
  World world;
  leave(world);
  leave(world);
  CHECK(world.database.calls["count_started"] == 0);
  world.clock.advance(61s);
  leave(world);
  CHECK(world.database.calls["count_started"] == 1);  // which fails
  world.database.give("count_started", {std::nullopt});
  world.clock.advance(59s);
  leave(world);
  CHECK(world.database.calls["count_started"] == 1);
  world.clock.advance(1s);
  leave(world);
  CHECK(world.database.calls["count_started"] == 2);
  CHECK(*world.database.last["count_started"][0] == "{\"corp\"}");
  CHECK(*world.database.last["count_started"][1] == "{\"5\"}");
}

TEST_CASE("only who leaves or comes back has anything written down") {
  World world;
  world.database.give("count_started", {std::nullopt});
  leave(world);
  world.clock.advance(61s);
  CHECK(world.answer({.path = "/auth/sign-in"}).status == 200);
  CHECK(
      world.answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=none"}).status ==
      400);
  CHECK(world.database.calls["count_started"] == 0);
}
