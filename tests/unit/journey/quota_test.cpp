// What one of many may do.

#include "journey/frame/quota.h"

#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using namespace std::chrono_literals;
using journey::Quota;
using journey::RefusalQuota;

namespace {

int taken(Quota& quota, const std::string& key, Time now, int tries = 100) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += quota.take(key, now) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("each key has its own share, and anew after a while") {
  Quota quota(3, 60s);
  const Time now = forge::Options{}.now;
  CHECK(taken(quota, "a", now) == 3);
  CHECK(taken(quota, "b", now + 30s) == 3);
  CHECK(taken(quota, "a", now + 59s) == 0);
  CHECK(taken(quota, "a", now + 60s) == 3);
  CHECK(taken(quota, "b", now + 60s) == 0);
  CHECK(taken(quota, "b", now - 1h) == 3);  // the clock was set back
}

TEST_CASE("who floods is remembered, however many others come") {
  Quota quota(3, 60s);
  const Time now = forge::Options{}.now;
  REQUIRE(taken(quota, "flood", now) == 3);
  int newcomers = 0;
  for (int i = 0; i < 100'000; ++i) newcomers += quota.take(std::to_string(i), now) ? 1 : 0;
  CHECK(newcomers == 100'000);  // nobody new is refused for want of room
  CHECK(taken(quota, "flood", now) == 0);
}

TEST_CASE("of one sign-on three refusals are written, of one client sixty, of others theirs") {
  RefusalQuota quota;
  const Time now = forge::Options{}.now;
  const auto count = [&](const std::string& prefix, bool same_request, const std::string& client,
                         const std::string& email = "") {
    int written = 0;
    for (int i = 0; i < 300; ++i) {
      const std::string id = same_request ? prefix : prefix + std::to_string(i);
      written += quota.take(id, client, email, now) ? 1 : 0;
    }
    return written;
  };
  CHECK(count("one", true, "192.0.2.1") == 3);
  CHECK(count("many", false, "192.0.2.1") == 57);
  CHECK(count("other", false, "192.0.2.2") == 60);
  CHECK(count("six", false, "2001:db8::1") == 60);
  CHECK(count("six again", false, "2001:db8::2") == 0);
  CHECK(count("seven", false, "2001:db8:0:1::1") == 60);
  CHECK(count("proven", false, "192.0.2.1", "ann@corp.test") == 60);
  CHECK(quota.take("later", "192.0.2.1", "", now + 10min));
}
