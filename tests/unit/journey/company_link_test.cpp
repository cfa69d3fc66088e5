// A company's own address, and the company that a browser remembers.
#include <regex>

#include "http/form.h"
#include "session/login_state.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr const char* kAnother = "action=\"/auth/sign-in/another\"";
constexpr const char* kEmailField = "<input id=\"email\"";

Response visit(World& world, const std::string& path, const std::string& cookie = "",
               const std::string& query = "") {
  return world.answer({.path = path, .query = query, .cookie = cookie});
}

bool offers(const Response& page, const std::string& company) {
  return page.status == 200 &&
         page.body.find("name=\"idp\" value=\"" + company + "\"") != std::string::npos;
}

bool asks_for_address(const Response& page) {
  return page.status == 200 && page.body.find(kEmailField) != std::string::npos;
}

std::string remembering(const std::string& company) {
  return "__Host-anteroom-company=" + company;
}

std::string remembered_by(const Response& response) {
  for (const std::string& cookie : headers(response, "Set-Cookie")) {
    if (cookie.starts_with("__Host-anteroom-company=")) return cookie;
  }
  return "";
}

std::string handle_for(World& world, const std::string& target, std::chrono::seconds age = {}) {
  RequestHead head;
  head.method = "GET";
  head.path = target;
  head.headers.host = "login.test";
  head.headers.accept = "text/html";
  Requirement requirement;
  requirement.max_age = age;
  const Response away = world.site->turn_away(Outcome::sign_on, head, nullptr, requirement);
  const std::string location = header(away, "Location");
  REQUIRE_THAT(location, StartsWith("/auth/sign-in?r="));
  return location.substr(location.find('=') + 1);
}

// What the company's IdP answers to a browser that pressed its button.
Response sign_on(World& world, const std::string& cookie = "", const forge::Options& said = {}) {
  const Response left = world.answer(
      {.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp", .cookie = cookie});
  REQUIRE(left.status == 303);
  CHECK(remembered_by(left).empty());
  const std::string state = pair_of(header(left, "Set-Cookie"));
  const crypto::Sealer sealer(world.settings->sessions.cookie_keys);
  std::vector<std::string> stale;
  forge::Options options = said;
  options.in_response_to =
      session::login_states(sealer, state, world.clock.now(), stale).at(0).request_id;
  return world.answer(
      {.method = "POST",
       .path = "/saml2/idpresponse",
       .body = "SAMLResponse=" + http::percent_encode(forge::to_base64(
                                     forge::make_response(journey_authority(), options))),
       .cookie = state,
       .origin = "https://corp-idp.test"});
}

void keep_one_company(World& world) {
  world.settings->identity_providers.resize(1);
  world.start();
}

}  // namespace

TEST_CASE("a company's address shows its button without an email address, for free") {
  World world;
  for (const char* method : {"GET", "HEAD"}) {
    const Response page = world.answer({.method = method, .path = "/auth/at/corp"});
    CHECK(offers(page, "corp"));
    CHECK_THAT(page.body, Contains("Log In with corp") && !Contains("Log In with other"));
    CHECK_THAT(page.body, Contains("name=\"email\" value=\"\""));
    CHECK_THAT(page.body, Contains(kAnother) && Contains("Not your company?"));
    CHECK(header(page, "Cache-Control") == "no-store");
    CHECK_THAT(header(page, "Content-Security-Policy"), Contains("frame-ancestors 'none'"));
  }
  CHECK(world.database.calls.empty());
}

TEST_CASE("its address leads nobody to the IdP by itself, and changes nothing in the browser") {
  World world;
  keep_one_company(world);
  world.settings->identity_providers[0].passive_first = true;
  world.settings->skip_email_page = true;
  world.start();
  const Response page = visit(world, "/auth/at/corp");
  CHECK(offers(page, "corp"));
  CHECK(headers(page, "Set-Cookie").empty());
  CHECK(header(page, "Location").empty());
  CHECK(world.meter.counted.empty());
}

TEST_CASE("a company's address keeps where the person wanted to go") {
  World world;
  const std::string handle = handle_for(world, "/wanted");
  const Response page = visit(world, "/auth/at/corp", "", "r=" + handle);
  CHECK(offers(page, "corp"));
  CHECK_THAT(page.body, Contains("name=\"r\" value=\"" + handle + "\""));
  CHECK_THAT(visit(world, "/auth/at/corp", "", "r=%22%3E%3Cb%3E").body, !Contains("<b>"));
}

TEST_CASE("on another host a company's address leads to the login host") {
  World world;
  const std::string handle = handle_for(world, "/wanted");
  Response sent = world.answer(
      {.host = "app.test", .path = "/auth/at/corp", .query = "r=" + handle + "&x=//evil.test"});
  CHECK(sent.status == 302);
  CHECK(header(sent, "Location") == "https://login.test/auth/at/corp?r=" + handle);
  sent = world.answer({.host = "app.test", .path = "/auth/at//evil.test"});
  CHECK(sent.status == 404);
  CHECK(header(sent, "Location").empty());
}

TEST_CASE("whoever is signed in goes on from a company's address, whichever company's it is") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer");
  const std::string handle = handle_for(world, "/wanted");
  for (const char* path : {"/auth/at/corp", "/auth/at/other", "/auth/at/nobody"}) {
    INFO(path);
    CHECK(header(visit(world, path, kSessionCookieHeader), "Location") == "/home");
    CHECK(header(visit(world, path, kSessionCookieHeader, "r=" + handle), "Location") == "/wanted");
  }
}

TEST_CASE("whoever must sign on once more does so at their own company, at whichever address") {
  World world;
  world.sign_on_age = std::chrono::minutes(10);
  world.sign_in_as(UserStatus::active, "viewer");
  const std::string handle = handle_for(world, "/wanted", std::chrono::minutes(5));
  const Response page = visit(world, "/auth/at/other", kSessionCookieHeader, "r=" + handle);
  CHECK(offers(page, "corp"));
  CHECK_THAT(page.body, Contains("sign in once more") && !Contains(kAnother));
}

TEST_CASE("a name that nobody has and one that nobody could have get the same kind answer") {
  World world;
  const auto without_number = [](const std::string& body) {
    return std::regex_replace(body, std::regex("[0-9A-Z]{4}-[0-9A-Z]{4}"), "");
  };
  const Response unknown = visit(world, "/auth/at/nobody");
  CHECK(unknown.status == 404);
  CHECK_THAT(unknown.body, Contains("names no company") && Contains("href=\"/auth/sign-in\""));
  CHECK(world.log.has("code=no_such_company"));
  for (const std::string& name :
       {std::string(), std::string("CORP"), std::string("corp/"), std::string("corp%00"),
        std::string("corp\n"), std::string("../at/corp"), std::string("%63orp"),
        std::string("corp.test"), std::string("<script>alert(1)</script>"), std::string("\xff"),
        std::string(100'000, 'a')}) {
    INFO(name.substr(0, 40));
    const Response page = visit(world, "/auth/at/" + name);
    CHECK(page.status == 404);
    CHECK(without_number(page.body) == without_number(unknown.body));
    CHECK(headers(page, "Set-Cookie").empty());
  }
  CHECK(visit(world, "/auth/at").status == 404);
  CHECK(world.database.calls.empty());
}

TEST_CASE("from an address that leads nowhere one gets to the page that was wanted all the same") {
  World world;
  const std::string handle = handle_for(world, "/wanted");
  CHECK_THAT(visit(world, "/auth/at/nobody", "", "r=" + handle).body,
             Contains("href=\"/auth/sign-in?r=" + handle + "\""));
}

TEST_CASE("a company's address cannot be posted to") {
  World world;
  const Response response =
      world.answer({.method = "POST", .path = "/auth/at/corp", .body = "idp=corp"});
  CHECK(response.status == 405);
  CHECK(header(response, "Allow") == "GET, HEAD");
}

TEST_CASE("the address of a closed company says what its button would say") {
  World world;
  IdentityProvider& corp = world.settings->identity_providers[0];
  SECTION("metadata of no use") {
    corp.closed = "its metadata is not XML";
    world.start();
    const Response page = visit(world, "/auth/at/corp");
    CHECK(page.status == 403);
    CHECK_THAT(page.body, Contains("does not work at the moment") && !Contains("not XML"));
    CHECK(world.log.has("code=company_closed"));
  }
  SECTION("metadata that has expired") {
    corp.metadata.valid_until = world.clock.now();
    world.start();
    const Response page = visit(world, "/auth/at/corp");
    CHECK(page.status == 403);
    CHECK_THAT(page.body, Contains("must be renewed"));
    CHECK(world.log.has("code=metadata_expired"));
  }
  CHECK(offers(visit(world, "/auth/at/other"), "other"));
}

TEST_CASE("a browser remembers the company that it signed on at, by its name alone") {
  World world;
  const char* outcome = GENERATE("signed_in", "waiting");
  world.database.give("sign_on", {outcome, "user"});
  CHECK(remembered_by(sign_on(world)) ==
        "__Host-anteroom-company=corp; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000");
  CHECK_THAT(remembered_by(sign_on(world, remembering("other"))),
             StartsWith("__Host-anteroom-company=corp;"));
}

TEST_CASE("a sign-on that came to nothing is not remembered") {
  World world;
  world.database.give("keep_transcript", {""});
  SECTION("refused") {
    forge::Options said;
    said.audience = "https://somebody-else.test";
    const Response refused = sign_on(world, "", said);
    CHECK(refused.status == 403);
    CHECK(remembered_by(refused).empty());
  }
  SECTION("of somebody whose access is off") {
    world.database.give("sign_on", {"user_disabled", "user"});
    const Response refused = sign_on(world);
    CHECK(refused.status == 403);
    CHECK(remembered_by(refused).empty());
  }
}

TEST_CASE("a sign-on that this browser did not begin is not remembered") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  world.settings->identity_providers[0].allow_unsolicited = true;
  world.start();
  forge::Options options;
  options.in_response_to = "";
  const Response landed = world.answer(
      {.method = "POST",
       .path = "/saml2/idpresponse",
       .body = "SAMLResponse=" + http::percent_encode(forge::to_base64(
                                     forge::make_response(journey_authority(), options))),
       .origin = "https://corp-idp.test"});
  CHECK(header(landed, "Location") == "/home");
  CHECK(remembered_by(landed).empty());
}

TEST_CASE("the company that is remembered is offered first, with a way to another address") {
  World world;
  const std::string handle = handle_for(world, "/wanted");
  const Response page = visit(world, "/auth/sign-in", remembering("other"), "r=" + handle);
  CHECK(offers(page, "other"));
  CHECK_FALSE(asks_for_address(page));
  CHECK_THAT(page.body, Contains(kAnother) && Contains("name=\"r\" value=\"" + handle + "\""));
  CHECK(headers(page, "Set-Cookie").empty());
  CHECK(world.database.calls.empty());
}

TEST_CASE("another address forgets the company and asks for the address") {
  World world;
  const std::string handle = handle_for(world, "/wanted");
  const Response response = world.answer({.method = "POST",
                                          .path = "/auth/sign-in/another",
                                          .body = "r=" + handle,
                                          .cookie = remembering("corp")});
  CHECK(response.status == 303);
  CHECK(header(response, "Location") == "/auth/sign-in?notice=choose&r=" + handle);
  CHECK(headers(response, "Set-Cookie") ==
        std::vector<std::string>{"__Host-anteroom-company=; Path=/; Secure; HttpOnly; "
                                 "SameSite=Lax; Max-Age=0"});
  // Also in a browser that did not forget.
  const Response page =
      visit(world, "/auth/sign-in", remembering("corp"), "notice=choose&r=" + handle);
  CHECK(asks_for_address(page));
  CHECK_THAT(page.body, Contains("name=\"r\" value=\"" + handle + "\""));
}

TEST_CASE("another address takes no odd place to return to, nor a form that cannot be read") {
  World world;
  const auto press = [&](const std::string& body) {
    return world.answer({.method = "POST", .path = "/auth/sign-in/another", .body = body});
  };
  CHECK(header(press("r=%0d%0aX-Injected:1"), "Location") == "/auth/sign-in?notice=choose");
  CHECK(header(press("r=//evil.test"), "Location") == "/auth/sign-in?notice=choose");
  CHECK(press("r=%zz").status == 400);
  CHECK(press("r=a&r=b").status == 400);
}

TEST_CASE("no link of another site makes a browser forget") {
  World world;
  for (const char* query : {"notice=choose", "notice=stale", "notice=elsewhere", "another=1"}) {
    CHECK(headers(visit(world, "/auth/sign-in", remembering("corp"), query), "Set-Cookie").empty());
  }
  const Response opened = visit(world, "/auth/sign-in/another", remembering("corp"));
  CHECK(opened.status == 405);
  CHECK(headers(opened, "Set-Cookie").empty());
}

TEST_CASE("why signing in starts again is said on the page that asks for the address") {
  World world;
  for (const char* notice : {"stale", "elsewhere"}) {
    const Response page =
        visit(world, "/auth/sign-in", remembering("corp"), std::string("notice=") + notice);
    CHECK(asks_for_address(page));
    CHECK_THAT(page.body, Contains("class=\"notice\""));
  }
}

TEST_CASE("a remembered company that nobody knows, or that is garbage, is as none") {
  World world;
  const Response asked = visit(world, "/auth/sign-in");
  REQUIRE(asks_for_address(asked));
  for (const std::string& value :
       {std::string("gone"), std::string(), std::string("CORP"), std::string("corp%20"),
        std::string("\"corp\""), std::string("corp,other"), std::string("corp=other"),
        std::string("<script>alert(1)</script>"), std::string("https://evil.test/"),
        std::string("\xff\xfe"), std::string(60'000, 'a')}) {
    INFO(value.substr(0, 40));
    CHECK(visit(world, "/auth/sign-in", remembering(value)).body == asked.body);
  }
  // Of two somebody has planted one.
  for (const char* second : {"corp", "other"}) {
    const std::string both = remembering("corp") + "; " + remembering(second);
    CHECK(visit(world, "/auth/sign-in", both).body == asked.body);
  }
  for (const char* name : {"anteroom-company", "__Secure-anteroom-company",
                           "__host-anteroom-company", "__Host-anteroom-company2"}) {
    CHECK(visit(world, "/auth/sign-in", std::string(name) + "=corp").body == asked.body);
  }
}

TEST_CASE(
    "a remembered company where nobody signs on is not offered; its people's address is asked") {
  World world;
  IdentityProvider& corp = world.settings->identity_providers[0];
  SECTION("closed") {
    corp.closed = "its metadata is not XML";
  }
  SECTION("expired") {
    corp.metadata.valid_until = world.clock.now();
  }
  world.start();
  CHECK(asks_for_address(visit(world, "/auth/sign-in", remembering("corp"))));
  CHECK(offers(visit(world, "/auth/sign-in", remembering("other")), "other"));
}

TEST_CASE("what is remembered decides about nothing but the page that is offered") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer");
  const std::string cookies = kSessionCookieHeader + ("; " + remembering("other"));
  CHECK(header(visit(world, "/auth/sign-in", cookies), "Location") == "/home");
  world.record.clear();
  const Response form = world.answer({.method = "POST",
                                      .path = "/auth/sign-in",
                                      .body = "email=ann%40corp.test",
                                      .cookie = remembering("other")});
  CHECK(offers(form, "corp"));
  const Response left = world.answer({.method = "POST",
                                      .path = "/auth/sign-in/start",
                                      .body = "idp=corp",
                                      .cookie = remembering("other")});
  CHECK_THAT(header(left, "Location"), StartsWith("https://corp-idp.test/sso?"));
}

TEST_CASE("with one company nothing is remembered, and nothing that is changes a page") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  keep_one_company(world);
  CHECK(asks_for_address(visit(world, "/auth/sign-in", remembering("corp"))));
  CHECK(remembered_by(sign_on(world)).empty());
  CHECK(offers(visit(world, "/auth/at/corp"), "corp"));
}

TEST_CASE("where the only company takes the email page's place, there is no other address") {
  World world;
  keep_one_company(world);
  world.settings->skip_email_page = true;
  world.start();
  for (const char* path : {"/auth/sign-in", "/auth/at/corp"}) {
    const Response page = visit(world, path, remembering("corp"));
    CHECK(offers(page, "corp"));
    CHECK_THAT(page.body, !Contains(kAnother));
  }
}

TEST_CASE("a page of the operator's own without a way to another company is not offered first") {
  World world;
  std::string& own = world.settings->pages.templates["provider"];
  own = "<title>x</title><main>{{display_name}}</main>";
  world.start();
  CHECK(asks_for_address(visit(world, "/auth/sign-in", remembering("corp"))));
  own = "<title>x</title><main><form action=\"{{prefix}}/sign-in/another\"></form></main>";
  world.start();
  CHECK(offers(visit(world, "/auth/sign-in", remembering("corp")), "corp"));
}

TEST_CASE("signing out keeps the company in mind, switching the account asks for the address") {
  World world;
  CHECK(
      remembered_by(
          world.answer({.method = "POST", .path = "/auth/sign-out", .cookie = remembering("corp")}))
          .empty());
  const Response out = world.answer({.method = "POST",
                                     .path = "/auth/sign-out",
                                     .body = "then=sign-in",
                                     .cookie = remembering("corp")});
  CHECK(header(out, "Location") == "/auth/sign-in?notice=choose");
  CHECK(remembered_by(out).empty());
}
