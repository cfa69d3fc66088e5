// The gate's answers, the Waiting Room, signing out, and the way between hosts.

#include "crypto/seal.h"
#include "session/login_state.h"
#include "session/mint.h"
#include "text/instant.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Contains;

namespace {

RequestHead page(const char* host, const char* path = "/x") {
  RequestHead head;
  head.method = "GET";
  head.path = path;
  head.headers.host = host;
  head.headers.accept = "text/html";
  return head;
}
RequestHead fetch(const char* host) {
  RequestHead head = page(host);
  head.headers.sec_fetch_mode = "cors";
  return head;
}

}  // namespace

TEST_CASE("what is not a page load is never redirected") {
  World world;
  const Response stranger = world.site->turn_away(Outcome::sign_on, fetch("app.test"), nullptr, {});
  CHECK(stranger.status == 401);
  CHECK(stranger.body ==
        "{\"error\":\"sign_on_required\",\"sign_on_url\":\"https://login.test/auth/sign-in\"}\n");
  CHECK(world.site->turn_away(Outcome::waiting_room, fetch("app.test"), nullptr, {}).status == 403);
  CHECK(world.database.calls.empty());
}

TEST_CASE("a host that is not configured is refused, and the log tells what to add") {
  World world;
  CHECK(world.site->turn_away(Outcome::sign_on, page("evil.test"), nullptr, {}).status == 421);
  CHECK(world.log.has("service_provider.apps: evil.test"));
}

TEST_CASE("no target leads off the site") {
  World world;
  const char* path = GENERATE("//evil.test", "/\\evil.test", "/a\tb", "/\x80");
  const Response away =
      world.site->turn_away(Outcome::sign_on, page("login.test", path), nullptr, {});
  const std::string location = header(away, "Location");
  world.sign_in_as(UserStatus::active, "viewer");
  const Response landed = world.answer({.path = "/auth/sign-in",
                                        .query = location.substr(location.find('?') + 1),
                                        .cookie = kSessionCookieHeader});
  CHECK(header(landed, "Location") == "/");
}

TEST_CASE("a made-up return handle leads to the landing page") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer");
  for (const char* query : {"r=https://evil.test", "r=AAAA", "r=%2F%2Fevil.test", "r=", "x=1"}) {
    CHECK(header(world.answer(
                     {.path = "/auth/sign-in", .query = query, .cookie = kSessionCookieHeader}),
                 "Location") == "/home");
  }
}

TEST_CASE("denied: the page says who you are and what is missing") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer");
  const auto view = SessionView::parse(world.record);
  const Response response = world.site->turn_away(Outcome::forbidden, page("login.test"), &*view,
                                                  {"manager", "elm-court", true});
  CHECK(response.status == 403);
  CHECK(response.body.find("<wbr>@corp.test") != std::string::npos);
  CHECK(response.body.find("manager") != std::string::npos);
  CHECK(response.body.find("elm-court") != std::string::npos);
  CHECK(world.site->turn_away(Outcome::forbidden, fetch("login.test"), &*view, {}).status == 403);
}

TEST_CASE(
    "denied: whoever has access there reads the property's name, a stranger what the address "
    "says") {
  World world;
  world.settings->access.levels = {"viewer", "manager"};
  const auto names = [&](const std::string& grants, const std::string& asked) {
    world.database.last.erase("property_names");
    const std::string record = world.record_with("viewer", grants);
    const auto view = SessionView::parse(record);
    auto naming = world.site->names_for_refusal(*view, {"manager", asked, true});
    wait(std::move(naming));
    const auto found = world.database.last.find("property_names");
    return found == world.database.last.end() ? "" : found->second[0].value_or("");
  };
  CHECK(names("elm=viewer,oak=viewer", "elm") == R"({"elm","oak","elm"})");
  CHECK(names("elm=viewer", "oak") == R"({"elm"})");
  CHECK(names("*=viewer", "oak") == R"({"oak"})");
  CHECK(names("", "oak").empty());
}

TEST_CASE("denied: names are data, and two of the same name stand with their keys") {
  World world;
  const std::string record = world.record_with("viewer", "elm=viewer,oak=viewer,ash=viewer");
  const auto view = SessionView::parse(record);
  const store::PropertyNames names{
      {"elm", {"<b>Elm</b>", false}}, {"oak", {"Court", true}}, {"ash", {"", false}}};
  const auto page_for = [&](std::string_view property) {
    return world.site
        ->turn_away(Outcome::forbidden, page("login.test"), &*view, {"manager", property, true},
                    names)
        .body;
  };
  CHECK_THAT(page_for("elm"),
             Contains("manager access at <span class=\"name\">&lt;b&gt;Elm&lt;/b&gt;</span></dd>"));
  CHECK_THAT(
      page_for("oak"),
      Contains(
          "manager access at <span class=\"name\">Court</span> <span class=\"more\">oak</span>"));
  CHECK_THAT(
      page_for("oak"),
      Contains(
          "viewer access at <span class=\"name\">Court</span> <span class=\"more\">oak</span>"));
  CHECK_THAT(page_for("oak"),
             Contains("viewer access at <span class=\"name\">&lt;b&gt;Elm&lt;/b&gt;</span></dd>"));
  CHECK_THAT(page_for("nobody"),
             Contains("manager access at <span class=\"name\">nobody</span></dd>"));
  CHECK_THAT(page_for("ash"), Contains("viewer access at <span class=\"name\">ash</span></dd>"));
}

TEST_CASE("denied: without the database the page is there, with keys") {
  World world;
  world.database.answers.erase("property_names");
  const std::string record = world.record_with("viewer", "elm=viewer");
  const auto view = SessionView::parse(record);
  CHECK(wait(world.site->names_for_refusal(*view, {"manager", "elm", true})).empty());
}

TEST_CASE("a denial is an event with the page's number, once a minute for one person") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer");
  const auto view = SessionView::parse(world.record);
  const RequestHead head = page("login.test", "/reports/");
  const Requirement needed{"manager", "elm", true};
  const Response denied = world.site->turn_away(Outcome::forbidden, head, &*view, needed);
  const Params& event = world.database.last["audit"];
  REQUIRE(event.size() == 7);
  CHECK(event[0] == "denied");
  CHECK(denied.body.find(*event[2]) != std::string::npos);
  CHECK(event[6] == "needs manager at elm: /reports/");
  CHECK(world.site->turn_away(Outcome::forbidden, head, &*view, needed).status == 403);
  CHECK(world.database.calls["audit"] == 1);
  world.clock.advance(std::chrono::minutes(1));
  CHECK(world.site->turn_away(Outcome::forbidden, head, &*view, needed).status == 403);
  CHECK(world.database.calls["audit"] == 2);
}

TEST_CASE("who waits sees the Waiting Room, and is let in when provisioned") {
  World world;
  world.sign_in_as(UserStatus::waiting, "");
  const Response away =
      world.site->turn_away(Outcome::waiting_room, page("login.test", "/deep"), nullptr, {});
  const std::string location = header(away, "Location");
  REQUIRE(location.starts_with("/auth/waiting?r="));
  const std::string query = location.substr(location.find('?') + 1);
  const auto status = [&] {
    return world
        .answer({.path = "/auth/waiting/status", .query = query, .cookie = kSessionCookieHeader})
        .body;
  };
  const Response room =
      world.answer({.path = "/auth/waiting", .query = query, .cookie = kSessionCookieHeader});
  CHECK(room.status == 200);
  CHECK(room.body.find("<wbr>@corp.test") != std::string::npos);
  CHECK(status() == "{\"state\":\"waiting\",\"news\":\"\"}\n");

  world.sign_in_as(UserStatus::active, "viewer");
  CHECK(status() == "{\"state\":\"ready\",\"location\":\"/deep\"}\n");
  CHECK(header(
            world.answer({.path = "/auth/waiting", .query = query, .cookie = kSessionCookieHeader}),
            "Location") == "/deep");

  world.record.clear();
  CHECK(status().find("signed_out") != std::string::npos);
  CHECK(header(world.answer({.path = "/auth/waiting", .query = query}), "Location")
            .starts_with("/auth/sign-in?r="));
}

namespace {

// Somebody who waits, with the answer of waiting_state(): kind, since, requested_by, property_name,
// reason, asked_at, approver.
struct Room {
  World world;

  explicit Room(const std::vector<std::vector<Cell>>& rows) {
    world.settings->access.request_new_users = "manager";
    world.sign_in_as(UserStatus::waiting, "", "https://login.test", "1.5", kUser);
    world.database.answers["waiting_state"] = [rows](const Params&) { return Rows{rows}; };
  }
  std::string page() {
    return world.answer({.path = "/auth/waiting", .cookie = kSessionCookieHeader}).body;
  }

  static constexpr const char* kUser = "11111111-2222-3333-4444-555555555555";
};

const Cell kNothing = std::nullopt;

}  // namespace

TEST_CASE("the Waiting Room names those who can file a request, and offers to ask them") {
  Room room({{"no_request", kNothing, kNothing, kNothing, kNothing, kNothing, "Max <Maple>"},
             {"no_request", kNothing, kNothing, kNothing, kNothing, kNothing, "sue@corp.test"}});
  const std::string page = room.page();
  CHECK_THAT(page, Catch::Contains("<li>Max &lt;Maple&gt;</li>"));
  CHECK_THAT(page, Catch::Contains("<li>sue@corp.test</li>"));
  CHECK_THAT(page, Catch::Contains("action=\"/auth/waiting/ask\""));
  CHECK_THAT(page, !Catch::Contains("declined"));
  const Params asked = room.world.database.last["waiting_state"];
  CHECK(*asked[0] == Room::kUser);
  CHECK(*asked[1] == "corp");
  CHECK(*asked[3] == "manager");
}

TEST_CASE("nobody is asked twice within a day") {
  const Time now = forge::Options{}.now;
  const auto asked = [&](std::chrono::hours ago) {
    const std::string at = text::format_instant(now - ago);
    return Room({{"no_request", kNothing, kNothing, kNothing, kNothing, at, "Max"}}).page();
  };
  CHECK_THAT(asked(std::chrono::hours(23)), Catch::Contains("You asked them on "));
  CHECK_THAT(asked(std::chrono::hours(23)), !Catch::Contains("/auth/waiting/ask"));
  CHECK_THAT(asked(std::chrono::hours(25)), Catch::Contains("/auth/waiting/ask"));
  CHECK_THAT(asked(std::chrono::hours(25)), !Catch::Contains("You asked them on "));
}

TEST_CASE("where nobody can be asked the room says what to do all the same") {
  const std::string page =
      Room({{"no_request", kNothing, kNothing, kNothing, kNothing, kNothing, kNothing}}).page();
  CHECK_THAT(page, Catch::Contains("Ask your property manager"));
  CHECK_THAT(page, !Catch::Contains("/auth/waiting/ask"));
}

TEST_CASE("the Waiting Room tells of an open request, and offers no other") {
  const std::string page =
      Room({{"open", "2026-05-04T09:12:33Z", "Max", "Elm Court", kNothing, kNothing, "Sue"}})
          .page();
  CHECK_THAT(page, Catch::Contains("Access has been requested for you"));
  CHECK_THAT(page, Catch::Contains("2026-05-04 09:12 UTC"));
  CHECK_THAT(page, Catch::Contains("<dd>Max</dd>") && Catch::Contains("<dd>Elm Court</dd>"));
  CHECK_THAT(page, !Catch::Contains("/auth/waiting/ask"));
}

TEST_CASE("the Waiting Room says that a request was declined, and why") {
  const std::string page =
      Room({{"declined", kNothing, "Max", kNothing, "not <b>yet</b>", kNothing, "Sue"}}).page();
  CHECK_THAT(page, Catch::Contains("declined"));
  CHECK_THAT(page, Catch::Contains("not &lt;b&gt;yet&lt;/b&gt;"));
  CHECK_THAT(page, Catch::Contains("all properties"));
  CHECK_THAT(page, Catch::Contains("/auth/waiting/ask"));
}

TEST_CASE("the Waiting Room is there when its state cannot be had") {
  World world;
  world.sign_in_as(UserStatus::waiting, "", "https://login.test", "", Room::kUser);
  const Response room = world.answer({.path = "/auth/waiting", .cookie = kSessionCookieHeader});
  CHECK(room.status == 200);
  CHECK_THAT(room.body, Catch::Contains("Ask your property manager"));
  CHECK(world.log.has("waiting state"));
}

TEST_CASE("asking whether there is news costs no statement") {
  Room room({});
  const Response status =
      room.world.answer({.path = "/auth/waiting/status", .cookie = kSessionCookieHeader});
  CHECK(status.body == "{\"state\":\"waiting\",\"news\":\"1.5\"}\n");
  CHECK(room.world.database.calls.empty());
  CHECK_THAT(room.page(), Catch::Contains("data-news=\"1.5\""));
}

TEST_CASE("who can file a request is asked by a form of ours, and the page shown again") {
  Room room({});
  World& world = room.world;
  world.database.give("ask_approvers", {"2"});
  World::Ask ask{.method = "POST", .path = "/auth/waiting/ask", .cookie = kSessionCookieHeader};
  SECTION("asked") {
    const Response done = world.answer(ask);
    CHECK(done.status == 303);
    CHECK(header(done, "Location") == "/auth/waiting");
    REQUIRE(world.database.calls["ask_approvers"] == 1);
    CHECK(world.database.last["ask_approvers"][0]->find(Room::kUser) == 1);
    CHECK(*world.database.last["ask_approvers"][1] == "corp");
  }
  SECTION("a form from elsewhere") {
    ask.origin = "https://evil.test";
    CHECK(world.answer(ask).status == 403);
    CHECK(world.database.calls["ask_approvers"] == 0);
  }
  SECTION("signed out, or let in meanwhile") {
    world.record.clear();
    CHECK(world.answer(ask).status == 303);
    world.sign_in_as(UserStatus::active, "viewer");
    CHECK(world.answer(ask).status == 303);
    CHECK(world.database.calls["ask_approvers"] == 0);
  }
  SECTION("the database is away") {
    world.database.answers.erase("ask_approvers");
    CHECK(world.answer(ask).status == 503);
  }
}

TEST_CASE("signing out ends the session and clears the cookie") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer");
  world.database.give("sign_out", {"corp", "ann", "", ""});
  const Response response =
      world.answer({.method = "POST", .path = "/auth/sign-out", .cookie = kSessionCookieHeader});
  CHECK(response.status == 303);
  CHECK(header(response, "Location") == "/auth/signed-out");
  CHECK(header(response, "Set-Cookie") ==
        "__Host-anteroom=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
  CHECK(world.memory.forgotten > 0);
  CHECK(world.database.calls["sign_out"] == 1);
  CHECK(header(world.answer({.method = "POST",
                             .path = "/auth/sign-out",
                             .body = "then=sign-in",
                             .cookie = kSessionCookieHeader}),
               "Location") == "/auth/sign-in?notice=choose");
}

TEST_CASE("signing out while the database is away says so, and clears the cookie all the same") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer");
  const Response response =
      world.answer({.method = "POST", .path = "/auth/sign-out", .cookie = kSessionCookieHeader});
  CHECK(response.status == 503);
  CHECK(header(response, "Set-Cookie").starts_with("__Host-anteroom=;"));
}

TEST_CASE("signing out with a token that was made up asks nobody, and clears the cookie") {
  World world;
  const Response response =
      world.answer({.method = "POST", .path = "/auth/sign-out", .cookie = kSessionCookieHeader});
  CHECK(response.status == 303);
  CHECK(header(response, "Set-Cookie").starts_with("__Host-anteroom=;"));
  CHECK(world.database.calls.empty());
}

TEST_CASE("signing out by GET only asks") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer");
  CHECK(world.answer({.path = "/auth/sign-out", .cookie = kSessionCookieHeader}).status == 200);
  CHECK(world.database.calls.empty());
}

TEST_CASE("a session crosses hosts by a ticket bound to the browser that asked") {
  World world;
  world.database.give("issue_ticket", {"t"});
  const Response away =
      world.site->turn_away(Outcome::sign_on, page("app.test", "/work"), nullptr, {});
  const std::string location = header(away, "Location");
  REQUIRE(location.starts_with("https://login.test/auth/sign-in?r="));
  const std::string browser = header(away, "Set-Cookie");
  REQUIRE(browser.starts_with("__Host-anteroom-browser="));

  world.sign_in_as(UserStatus::active, "viewer");
  const Response landed = world.answer({.path = "/auth/sign-in",
                                        .query = location.substr(location.find('?') + 1),
                                        .cookie = kSessionCookieHeader});
  const std::string handoff = header(landed, "Location");
  REQUIRE(handoff.starts_with("https://app.test/auth/handoff?ticket="));

  World::Ask ask{.host = "app.test",
                 .path = "/auth/handoff",
                 .query = handoff.substr(handoff.find('?') + 1),
                 .cookie = pair_of(browser)};
  SECTION("redeemed") {
    world.database.give("redeem_ticket", {"/work"});
    const Response in = world.answer(ask);
    CHECK(header(in, "Location") == "/work");
    CHECK(header(in, "Set-Cookie").starts_with("__Host-anteroom="));
    CHECK(world.database.last["issue_ticket"][3] == world.database.last["redeem_ticket"][2]);
  }
  SECTION("a HEAD uses nothing up") {
    ask.method = "HEAD";
    CHECK(world.answer(ask).status == 405);
    CHECK(world.database.calls["redeem_ticket"] == 0);
  }
  SECTION("a ticket that was made up is not asked about in the database") {
    world.record.clear();
    ask.query = "ticket=" + std::string(43, 'A');
    CHECK(world.answer(ask).status == 403);
    ask.query = "ticket=" +
                *session::Mints(world.settings->sessions.cookie_keys).sessions.make(world.random);
    CHECK(world.answer(ask).status == 403);
    CHECK(world.database.calls["redeem_ticket"] == 0);
  }
  SECTION("refused by the database") {
    world.record.clear();
    world.database.give("redeem_ticket", {std::nullopt});
    const Response in = world.answer(ask);
    CHECK(in.status == 403);
    CHECK(headers(in, "Set-Cookie").empty());
  }
}

TEST_CASE("a session of one host is worth nothing on another") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer", "https://app.test");
  CHECK(world.answer({.path = "/auth/sign-in", .cookie = kSessionCookieHeader}).status == 200);
}

TEST_CASE("while nothing works the page offers to try the same page again") {
  World world;
  const Response gone =
      world.site->unavailable(page("login.test", "/work"), {code::kDatabaseUnavailable, "away"});
  CHECK(gone.status == 503);
  CHECK_FALSE(header(gone, "Retry-After").empty());
  CHECK(gone.body.find("href=\"/work\"") != std::string::npos);
  const Response json =
      world.site->unavailable(fetch("login.test"), {code::kDatabaseUnavailable, "away"});
  CHECK(json.body.find("\"error\":\"unavailable\"") != std::string::npos);
}

TEST_CASE("a stream shows life as often as is configured, and its page says how often that is") {
  World world;
  world.sign_in_as(UserStatus::active, "");
  CHECK(world.answer({.path = "/auth/waiting", .cookie = kSessionCookieHeader})
            .body.find("data-heartbeat=\"55\"") != std::string::npos);
  world.settings->pages.stream_heartbeat = std::chrono::minutes(5);
  const Response stream =
      world.answer({.path = "/auth/waiting/events", .cookie = kSessionCookieHeader});
  REQUIRE(stream.follow);
  CHECK(stream.follow->alive_every == std::chrono::minutes(5));
  CHECK(world.answer({.path = "/auth/waiting", .cookie = kSessionCookieHeader})
            .body.find("data-heartbeat=\"300\"") != std::string::npos);
}

TEST_CASE("only whoever waits is given a stream") {
  World world;
  CHECK(world.answer({.path = "/auth/waiting/events"}).status == 204);
  SECTION("waiting") {
    world.sign_in_as(UserStatus::active, "");
    const Response stream =
        world.answer({.path = "/auth/waiting/events", .cookie = kSessionCookieHeader});
    REQUIRE(stream.follow);
    CHECK(header(stream, "Content-Type") == "text/event-stream");
    CHECK(stream.body == "retry: 3000\n\n");
    CHECK(stream.follow->user == "user");
  }
  SECTION("let in") {
    world.sign_in_as(UserStatus::active, "viewer");
    CHECK(world.answer({.path = "/auth/waiting/events", .cookie = kSessionCookieHeader}).status ==
          204);
  }
}

namespace {

RequestHead long_page(const std::string& query, const std::string& cookie = "") {
  RequestHead head = page("app.test");
  head.path = "/work";
  head.query = query;
  head.headers.cookie = cookie;
  return head;
}

/// What the browser brings along to `path`.
std::string cookies_for(const Response& response, const std::string& path) {
  std::string all;
  for (const std::string& cookie : headers(response, "Set-Cookie")) {
    const bool is_for_it = cookie.find("; Path=" + path + ";") != std::string::npos;
    if (is_for_it) all += (all.empty() ? "" : "; ") + pair_of(cookie);
  }
  return all;
}

std::string random_text(std::size_t size) {
  static constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned state = 7;
  while (text.size() < size) {
    state = state * 1664525u + 1013904223u;
    text += kLetters[state >> 26];
  }
  return text;
}

/// Where a gate's answer leads after a sign-on.
session::ReturnTo wanted_by(const World& world, const Response& away) {
  const std::string to = header(away, "Location");
  const crypto::Sealer sealer(world.settings->sessions.cookie_keys);
  return session::open_return_to(sealer, to.substr(to.find("r=") + 2), world.clock.now()).value();
}

}  // namespace

TEST_CASE("an address of any bearable length is come back to as it was") {
  World world;
  for (const std::string& query :
       {"q=" + std::string(2000, 'a'), "q=" + std::string(2100, 'a'), "q=" + random_text(4000),
        "q=" + random_text(8190), "f=%7B%22" + std::string(8000, '7') + "&x=;,:@!$'()*+[]|^`{}~"}) {
    for (const Outcome outcome : {Outcome::sign_on, Outcome::step_up, Outcome::waiting_room}) {
      INFO(query.size());
      const Response away = world.site->turn_away(outcome, long_page(query), nullptr, {});
      CHECK(header(away, "Location").size() < 6000);
      const session::ReturnTo wanted = wanted_by(world, away);
      CHECK(wanted.origin == "https://app.test");
      if (query.size() < 2040) {
        CHECK(wanted.target == "/work?" + query);
        continue;
      }
      const auto question = wanted.target.find('?');
      const std::string path = wanted.target.substr(0, question);
      const std::string cookies = cookies_for(away, path);
      for (const std::string& cookie : headers(away, "Set-Cookie")) {
        CHECK(pair_of(cookie).size() <= 4096);
        CHECK_THAT(cookie, Catch::Contains("Secure; HttpOnly"));
      }
      const World::Ask ask{.host = "app.test",
                           .path = path,
                           .query = wanted.target.substr(question + 1),
                           .cookie = cookies};
      const Response back = world.answer(ask);
      CHECK(back.status == 303);
      CHECK(header(back, "Location") == "/work?" + query);

      World::Ask elsewhere = ask;
      elsewhere.host = "login.test";
      CHECK(world.answer(elsewhere).status == 414);
      World::Ask without = ask;
      without.cookie = "";
      const Response said = world.answer(without);
      CHECK(said.status == 414);
      CHECK_THAT(said.body, Catch::Contains("href=\"/work\"") && Catch::Contains("once more"));
      World::Ask changed = ask;
      changed.cookie[changed.cookie.size() / 2] ^= 1;
      CHECK(world.answer(changed).status == 414);
    }
  }
}

TEST_CASE("an address that cannot be kept is said") {
  World world;
  for (const std::string& query : {random_text(20000), "q=\\" + std::string(10, 'a'),
                                   "q=" + random_text(7000), std::string("q=\xc3\xa9")}) {
    const Response away = world.site->turn_away(Outcome::sign_on, long_page(query), nullptr, {});
    const session::ReturnTo wanted = wanted_by(world, away);
    const auto question = wanted.target.find('?');
    const std::string path = wanted.target.substr(0, question);
    CHECK(cookies_for(away, path).empty());
    const Response said = world.answer(
        {.host = "app.test", .path = path, .query = wanted.target.substr(question + 1)});
    CHECK(said.status == 414);
    CHECK_THAT(said.body, Catch::Contains("href=\"/work\""));
  }
}

TEST_CASE("the way back of one address does not lead to another") {
  World world;
  std::string cookies;
  for (const char letter : {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}) {
    const std::string query = "q=" + std::string(3000, letter);
    const Response away = world.site->turn_away(Outcome::sign_on, long_page(query), nullptr, {});
    const session::ReturnTo wanted = wanted_by(world, away);
    const auto question = wanted.target.find('?');
    World::Ask ask{.host = "app.test",
                   .path = wanted.target.substr(0, question),
                   .query = wanted.target.substr(question + 1),
                   .cookie = cookies};
    if (!cookies.empty()) CHECK(world.answer(ask).status == 414);
    cookies = cookies_for(away, ask.path);
    ask.cookie = cookies;
    CHECK(header(world.answer(ask), "Location") == "/work?" + query);
  }
}
