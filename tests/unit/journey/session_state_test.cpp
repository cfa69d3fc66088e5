#include <nlohmann/json.hpp>

#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;

namespace {

World::Ask asking(const std::string& method = "GET") {
  return {.method = method,
          .path = "/auth/session",
          .cookie = kSessionCookieHeader,
          .accept = "application/json"};
}

}  // namespace

TEST_CASE("an app is told who is signed in and for how long, which is no use of the session") {
  World world;
  world.sign_in_as(UserStatus::active, "manager");
  const Response response = world.answer(asking());
  CHECK(response.status == 200);
  CHECK(header(response, "Content-Type") == "application/json");
  CHECK(header(response, "Cache-Control") == "no-store");
  CHECK(response.compression == Compression::never);
  const auto said = nlohmann::json::parse(response.body);
  CHECK(said["state"] == "active");
  CHECK(said["email"] == "ann@corp.test");
  CHECK(said["level"] == "manager");
  CHECK(said["properties"] == nlohmann::json{{"*", "manager"}});
  // The session's own end, not that of its first grant.
  CHECK(said["expires_in"] == 7200);
  CHECK(said["idle_in"] == world.settings->sessions.idle_timeout.count() - 60);
  CHECK(said["links"]["sign_on"] == "https://login.test/auth/signed-on");
  CHECK(world.uses == std::vector<SessionUse>{SessionUse::none});
}

TEST_CASE("whoever waits is told so, and whoever is not signed in where to sign on") {
  World world;
  world.sign_in_as(UserStatus::waiting, "");
  const auto waiting = nlohmann::json::parse(world.answer(asking()).body);
  CHECK(waiting["state"] == "waiting");
  CHECK(waiting["properties"].empty());
  world.record.clear();
  const Response nobody = world.answer(asking());
  CHECK(nobody.status == 401);
  CHECK(nlohmann::json::parse(nobody.body)["sign_on_url"] == "https://login.test/auth/sign-in");
  world.sign_in_as(UserStatus::active, "manager", "https://other.test");
  CHECK(world.answer(asking()).status == 401);
}

TEST_CASE("a name that is no text is told all the same") {
  World world;
  const SessionFields own{"ref",        "user",      "ann@corp.test",
                          "Ann \xff\"", "corp",      "https://login.test",
                          "viewer",     "elm=viewer"};
  world.record = std::string(SessionRecord(UserStatus::active, world.times(), own).bytes());
  CHECK(nlohmann::json::parse(world.answer(asking()).body)["name"] == "Ann \xef\xbf\xbd\"");
}

TEST_CASE("a use that is told is noted at once, and not before there is something to note") {
  World world;
  world.sign_in_as(UserStatus::active, "manager");
  CHECK(world.answer(asking("POST")).status == 200);
  CHECK(world.uses == std::vector<SessionUse>{SessionUse::none});
  world.uses.clear();
  world.clock.advance(std::chrono::minutes(5));
  CHECK(world.answer(asking("POST")).status == 200);
  CHECK(world.uses == std::vector<SessionUse>{SessionUse::none, SessionUse::renews});
  world.uses.clear();
  world.record.clear();
  CHECK(world.answer(asking("POST")).status == 401);
  CHECK(world.uses == std::vector<SessionUse>{SessionUse::none});
  World::Ask foreign = asking("POST");
  foreign.origin = "https://evil.test";
  CHECK(world.answer(foreign).status == 403);
}

TEST_CASE("a window opened for signing on ends at a page that says so") {
  World world;
  const World::Ask window{.path = "/auth/signed-on", .cookie = kSessionCookieHeader};
  const Response away = world.answer(window);
  CHECK(away.status == 302);
  CHECK(header(away, "Location").starts_with("/auth/sign-in?r="));
  world.sign_in_as(UserStatus::active, "viewer");
  const Response page = world.answer(window);
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("signed_on.js") && Contains("ann"));
  world.sign_in_as(UserStatus::waiting, "");
  CHECK(header(world.answer(window), "Location").starts_with("/auth/waiting?r="));
}

TEST_CASE("the script for apps has an address that stays, and is asked for again by and by") {
  World world;
  const Response script = world.answer({.path = "/auth/session.js"});
  CHECK(script.status == 200);
  CHECK(header(script, "Content-Type").starts_with("text/javascript"));
  CHECK(header(script, "Cache-Control") == "public, max-age=3600");
}
