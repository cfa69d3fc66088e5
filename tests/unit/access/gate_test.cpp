#include "anteroom/gate.h"

#include <catch2/catch.hpp>

#include "access/levels.h"

using namespace anteroom;
using namespace std::chrono_literals;

namespace {

Settings settings() {
  Settings s;
  s.access.levels = {"viewer", "technician", "manager", "admin"};
  return s;
}

struct Person {
  UserStatus status = UserStatus::active;
  std::string level = "technician";
  std::string properties = "elm=technician,oak=viewer";
  std::string origin = "https://app.test";
  Time expires_at = Time(1000s);
  Time authenticated_at = Time(200s);
};

Requirement asking(std::optional<std::string_view> level, std::string_view property,
                   bool has_property) {
  Requirement requirement;
  requirement.level = level;
  requirement.property = property;
  requirement.has_property = has_property;
  return requirement;
}

Outcome decide_for(const Person& person, const Requirement& requirement, Time now = Time(500s)) {
  const SessionFields fields{"ref",         "user",       "a@b.test",        "A",           "idp",
                             person.origin, person.level, person.properties, "urn:password"};
  const SessionRecord record(person.status, {person.expires_at, person.authenticated_at}, fields);
  const auto view = SessionView::parse(record.bytes());
  return decide(settings(), &*view, requirement, "https://app.test", now);
}

RequestHead browser_get() {
  RequestHead request;
  request.method = "GET";
  request.headers.accept = "text/html,application/xhtml+xml";
  request.headers.sec_fetch_mode = "navigate";
  request.headers.sec_fetch_dest = "document";
  return request;
}

}  // namespace

TEST_CASE("paths of our own end where another name begins") {
  ServiceProviderSettings sp;
  sp.acs_path = "/saml2/idpresponse";
  sp.slo_path = "/saml2/logout";
  sp.pages_prefix = "/auth";
  for (const char* ours : {"/saml2/idpresponse", "/saml2/logout", "/auth", "/auth/", "/auth/x"}) {
    INFO(ours);
    CHECK(sp.owns(ours));
  }
  for (const char* theirs : {"/", "/saml2/idpresponse/", "/saml2", "/authors", "/Auth/x", ""}) {
    INFO(theirs);
    CHECK_FALSE(sp.owns(theirs));
  }
}

TEST_CASE("nobody without a session is let through") {
  CHECK(decide(settings(), nullptr, {}, "https://app.test", Time(0s)) == Outcome::sign_on);
}

TEST_CASE("a provisioned person is let through until the session ends") {
  CHECK(decide_for({}, {}) == Outcome::allow);
  CHECK(decide_for({}, {}, Time(1000s) - 1us) == Outcome::allow);
  CHECK(decide_for({}, {}, Time(1000s)) == Outcome::sign_on);
}

TEST_CASE("at a closed property a grant for all counts for nothing, and no other either") {
  const auto at = [](std::string_view property, std::string_view closed,
                     std::string_view grants = "*=technician,elm=technician") {
    SessionFields fields{};
    fields.origin = "https://app.test";
    fields.access_level = "technician";
    fields.properties = grants;
    fields.closed = closed;
    const SessionRecord record(UserStatus::active, {Time(1000s), Time(0s)}, fields);
    const auto view = SessionView::parse(record.bytes());
    return decide(settings(), &*view, asking("viewer", property, true), "https://app.test",
                  Time(500s));
  };
  CHECK(at("oak", "") == Outcome::allow);
  for (const char* closed : {"oak", "ash,oak", "oak,pine", "ash,oak,pine", "*"}) {
    INFO(closed);
    CHECK(at("oak", closed) == Outcome::forbidden);
    CHECK(at("oak", closed, "oak=technician") == Outcome::forbidden);
  }
  for (const char* closed : {"oa", "oaks", "ash,oaks", "xoak", "ash,", ",", "o,a,k"}) {
    INFO(closed);
    CHECK(at("oak", closed) == Outcome::allow);
  }
  CHECK(at("elm", "oak") == Outcome::allow);
}

TEST_CASE("closed properties that a record has no room for are all of them") {
  SessionFields fields{};
  const std::string many(70000, 'a');
  fields.closed = many;
  const SessionRecord record(UserStatus::active, {Time(1000s), Time(0s)}, fields);
  CHECK(SessionView::parse(record.bytes())->fields().closed == "*");
}

TEST_CASE("a session is worth nothing on another origin") {
  CHECK(decide_for({.origin = "https://other.test"}, {}) == Outcome::sign_on);
  CHECK(decide_for({.origin = "http://app.test"}, {}) == Outcome::sign_on);
}

TEST_CASE("a disabled user has no session") {
  CHECK(decide_for({.status = UserStatus::disabled}, {}) == Outcome::sign_on);
}

TEST_CASE("who is not provisioned waits, whatever the location asks") {
  CHECK(decide_for({.status = UserStatus::waiting}, {}) == Outcome::waiting_room);
  CHECK(decide_for({.level = "", .properties = ""}, {}) == Outcome::waiting_room);
  CHECK(decide_for({.status = UserStatus::waiting}, asking("viewer", "", false)) ==
        Outcome::waiting_room);
}

TEST_CASE("a required level is met by itself and any higher one") {
  CHECK(decide_for({}, asking("viewer", "", false)) == Outcome::allow);
  CHECK(decide_for({}, asking("technician", "", false)) == Outcome::allow);
  CHECK(decide_for({}, asking("manager", "", false)) == Outcome::forbidden);
}

TEST_CASE("a location may ask for a sign-on that is not older than so and so long") {
  Requirement fresh;
  fresh.max_age = 300s;
  CHECK(decide_for({}, fresh, Time(500s)) == Outcome::allow);
  CHECK(decide_for({}, fresh, Time(500s) + 1us) == Outcome::step_up);
  CHECK(decide_for({.authenticated_at = Time(501s)}, fresh, Time(500s)) == Outcome::allow);
  SECTION("what is missing otherwise comes first") {
    CHECK(decide_for({.status = UserStatus::waiting}, fresh, Time(900s)) == Outcome::waiting_room);
    fresh.level = "manager";
    CHECK(decide_for({}, fresh, Time(900s)) == Outcome::forbidden);
    CHECK(decide_for({}, fresh, Time(1000s)) == Outcome::sign_on);
  }
}

TEST_CASE("a location may ask for a kind of sign-on") {
  Requirement kind;
  kind.authn_context = "urn:password";
  CHECK(decide_for({}, kind) == Outcome::allow);
  kind.authn_context = "urn:mfa";
  CHECK(decide_for({}, kind) == Outcome::step_up);
}

TEST_CASE("a level nobody knows is met by nobody, and grants nothing") {
  CHECK(decide_for({.level = "admin"}, asking("", "", false)) == Outcome::forbidden);
  CHECK(decide_for({.level = "admin"}, asking("root", "", false)) == Outcome::forbidden);
  CHECK(decide_for({.level = "root"}, asking("viewer", "", false)) == Outcome::forbidden);
  CHECK(decide_for({.level = "root"}, {}) == Outcome::forbidden);
}

TEST_CASE("at a property, only grants for it or for all of them count") {
  CHECK(decide_for({}, asking("technician", "elm", true)) == Outcome::allow);
  CHECK(decide_for({}, asking("technician", "oak", true)) == Outcome::forbidden);
  CHECK(decide_for({}, asking("viewer", "oak", true)) == Outcome::allow);
  CHECK(decide_for({}, asking("viewer", "ash", true)) == Outcome::forbidden);
  CHECK(decide_for({}, asking("viewer", "", true)) == Outcome::forbidden);
  CHECK(decide_for({}, asking("viewer", "el", true)) == Outcome::forbidden);
  CHECK(decide_for({}, asking("viewer", "elm=technician,oak", true)) == Outcome::forbidden);
  const Person everywhere{.level = "manager", .properties = "*=manager,elm=viewer"};
  CHECK(decide_for(everywhere, asking("manager", "ash", true)) == Outcome::allow);
  CHECK(decide_for(everywhere, asking("manager", "elm", true)) == Outcome::allow);
  CHECK(decide_for(everywhere, asking("viewer", "*", true)) == Outcome::forbidden);
}

TEST_CASE("only page loads are navigations") {
  CHECK(is_navigation(browser_get()));
  RequestHead request = browser_get();
  SECTION("a fetch is not one") {
    request.headers.sec_fetch_mode = "cors";
  }
  SECTION("a frame is not one") {
    request.headers.sec_fetch_dest = "iframe";
  }
  SECTION("a prefetch is not one") {
    request.headers.sec_purpose = "prefetch";
  }
  SECTION("an upgrade is not one") {
    request.headers.upgrade = "websocket";
  }
  SECTION("Fetch Metadata decides, whatever Accept says") {
    request.headers.sec_fetch_mode = "no-cors";
    request.headers.sec_fetch_dest = "";
  }
  CHECK_FALSE(is_navigation(request));
}

TEST_CASE("without Fetch Metadata the Accept header tells") {
  RequestHead request;
  request.method = "GET";
  request.headers.accept = "text/html, */*;q=0.8";
  CHECK(is_navigation(request));
  request.headers.x_requested_with = "XMLHttpRequest";
  CHECK_FALSE(is_navigation(request));
  request.headers.x_requested_with = "";
  request.headers.accept = "*/*";
  CHECK_FALSE(is_navigation(request));
  request.headers.accept = "application/json";
  CHECK_FALSE(is_navigation(request));
  request.headers.accept = "text/html";
  request.method = "DELETE";
  CHECK_FALSE(is_navigation(request));
}

TEST_CASE("a session token is 43 characters in exactly one cookie") {
  const std::string token(43, 'a');
  CHECK(session_token("x=y; __Host-anteroom=" + token + "; z=1") == token);
  CHECK_FALSE(session_token(""));
  CHECK_FALSE(session_token("__Host-anteroom="));
  CHECK_FALSE(session_token("__Host-anteroom=" + token + "a"));
  CHECK_FALSE(session_token("__Host-anteroom=" + token.substr(1)));
  CHECK_FALSE(session_token("__Host-anteroom=" + std::string(43, '/')));
  CHECK_FALSE(session_token("__Host-Anteroom=" + token));
  CHECK_FALSE(session_token("__Host-anteroom=" + token + "; __Host-anteroom=" + token));
}

TEST_CASE("the app gets its own cookies and none of ours") {
  const std::string header =
      "a=1; __Host-anteroom=t; b=2=3; __Host-anteroom-login-00=x; flag; __Host-anteroom-browser=y; "
      "__Host-anteroom-company=corp";
  CHECK(our_cookies(header).is_any);
  CHECK(without_our_cookies(header) == "a=1; b=2=3; flag");
  CHECK_FALSE(our_cookies("a=1; __Host-anteroom2=t").is_any);
  CHECK(without_our_cookies("__Host-anteroom=t").empty());
}
