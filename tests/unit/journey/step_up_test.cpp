// A fresh sign-on where a page asks for one, silent attempts, and the loop breaker.
#include "crypto/encoding.h"
#include "crypto/seal.h"
#include "http/form.h"
#include "session/login_state.h"
#include "support/redirect.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kMfa = "http://schemas.microsoft.com/claims/multipleauthn";

RequestHead asked(const std::string& accept) {
  RequestHead head;
  head.method = "GET";
  head.path = "/payout";
  head.headers.host = "login.test";
  head.headers.accept = accept;
  return head;
}

Requirement fresh(std::string_view context = {}) {
  Requirement requirement;
  requirement.max_age = 300s;
  requirement.authn_context = context;
  return requirement;
}

// Turned away from a page that asks for more: the handle that leads back to it.
std::string handle_of(World& world, Outcome outcome, const Requirement& requirement) {
  const Response away = world.site->turn_away(outcome, asked("text/html"), nullptr, requirement);
  REQUIRE(away.status == 302);
  const std::string location = header(away, "Location");
  REQUIRE(location.starts_with("/auth/sign-in?r="));
  return location.substr(location.find('=') + 1);
}

Response press_button(World& world, const std::string& handle, const std::string& cookie = "") {
  return world.answer({.method = "POST",
                       .path = "/auth/sign-in/start",
                       .body = "idp=corp&r=" + handle,
                       .cookie = cookie});
}

session::LoginState state_in(World& world, const std::string& set_cookie) {
  std::vector<std::string> stale;
  const auto states = session::login_states(crypto::Sealer(world.settings->sessions.cookie_keys),
                                            pair_of(set_cookie), world.clock.now(), stale);
  REQUIRE(states.size() == 1);
  return states[0];
}

std::string request_in(const Response& response) {
  const std::string location = header(response, "Location");
  const auto form = http::Form::parse(location.substr(location.find('?') + 1));
  return forge::inflated(*crypto::from_base64(form->get("SAMLRequest")));
}

Response answer_with(World& world, const Response& left, forge::Options options) {
  const std::string cookie = header(left, "Set-Cookie");
  options.in_response_to = state_in(world, cookie).request_id;
  const std::string xml = forge::make_response(journey_authority(), options);
  return world.answer({.method = "POST",
                       .path = "/saml2/idpresponse",
                       .body = "SAMLResponse=" + http::percent_encode(forge::to_base64(xml)),
                       .cookie = pair_of(cookie),
                       .origin = "https://corp-idp.test"});
}

forge::Options signed_on_at(const std::string& instant) {
  forge::Options options;
  options.before_signing = [=](std::string xml) {
    return forge::replaced(std::move(xml), "AuthnInstant=\"2027-01-15T07:59:00Z\"",
                           "AuthnInstant=\"" + instant + "\"");
  };
  return options;
}

forge::Options failing_with(const std::string& code, const std::string& message) {
  forge::Options options;
  options.sign = forge::Sign::none;
  options.before_signing = [=](std::string xml) {
    const auto from = xml.find("<Assertion");
    const auto to = xml.find("</Assertion>") + 12;
    xml.erase(from, to - from);
    return forge::replaced(
        std::move(xml), "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">"
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:" +
            code + "\"/></samlp:StatusCode><samlp:StatusMessage>" + message +
            "</samlp:StatusMessage>");
  };
  return options;
}

}  // namespace

TEST_CASE("a sign-on that is too old leads to the button, not into a loop") {
  World world;
  world.sign_on_age = 301s;
  world.sign_in_as(UserStatus::active, "viewer");
  const std::string handle = handle_of(world, Outcome::step_up, fresh());
  const Response page = world.answer(
      {.path = "/auth/sign-in", .query = "r=" + handle, .cookie = kSessionCookieHeader});
  CHECK(page.status == 200);
  CHECK(page.body.find("sign in once more") != std::string::npos);
  CHECK(page.body.find("Log In with corp") != std::string::npos);
  SECTION("a fresh one is sent on") {
    world.sign_on_age = 300s;
    world.sign_in_as(UserStatus::active, "viewer");
    const Response landed = world.answer(
        {.path = "/auth/sign-in", .query = "r=" + handle, .cookie = kSessionCookieHeader});
    CHECK(landed.status == 303);
    CHECK(header(landed, "Location") == "/payout");
  }
}

TEST_CASE("the button of such a page asks the IdP for a fresh sign-on") {
  World world;
  const Outcome outcome = GENERATE(Outcome::step_up, Outcome::sign_on);
  const std::string handle = handle_of(world, outcome, fresh(kMfa));
  const Response left = press_button(world, handle, kSessionCookieHeader);
  const std::string request = request_in(left);
  CHECK(request.find(" ForceAuthn=\"true\"") != std::string::npos);
  CHECK(request.find("<samlp:RequestedAuthnContext Comparison=\"exact\"><saml:"
                     "AuthnContextClassRef>" +
                     std::string(kMfa) + "</saml:AuthnContextClassRef>") != std::string::npos);
  const session::LoginState state = state_in(world, header(left, "Set-Cookie"));
  CHECK(state.is_forced);
  CHECK(state.authn_contexts == kMfa);
  CHECK(state.replaces.size() == 64);
}

TEST_CASE("a program is told where the person must sign on again") {
  World world;
  const Response answer =
      world.site->turn_away(Outcome::step_up, asked("application/json"), nullptr, fresh());
  CHECK(answer.status == 401);
  CHECK(answer.body.find("\"step_up_required\"") != std::string::npos);
  CHECK(answer.body.find("\"https://login.test/auth/sign-in?r=") != std::string::npos);
}

TEST_CASE("what was asked for afresh must be fresh, and is dated no earlier than the question") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  const std::string handle = handle_of(world, Outcome::step_up, fresh());
  const Response left = press_button(world, handle, kSessionCookieHeader);
  SECTION("fresh, by an IdP whose clock is behind") {
    const Response landed = answer_with(world, left, signed_on_at("2027-01-15T07:58:00Z"));
    CHECK(header(landed, "Location") == "/payout");
    const auto now = std::to_string(world.clock.now().time_since_epoch().count());
    CHECK(*world.database.last["sign_on"][18] == now);
    CHECK(*world.database.last["sign_on"][20] ==
          store::bytea_literal(*hash_token(std::string(43, 'A'))));
  }
  SECTION("not fresh") {
    const Response refused = answer_with(world, left, signed_on_at("2027-01-15T07:57:59Z"));
    CHECK(refused.status == 403);
    CHECK(world.log.has("code=authn_not_fresh"));
    CHECK(refused.body.find("did not ask you again") != std::string::npos);
    CHECK(world.database.calls["sign_on"] == 0);
  }
}

TEST_CASE("an ordinary sign-on is as old as the IdP says, and never of the future") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  const auto [instant, seconds] = GENERATE(std::pair{"2027-01-05T08:00:00Z", -10 * 86'400},
                                           std::pair{"2027-01-15T08:01:00Z", 0});
  answer_with(world, press_button(world, ""), signed_on_at(instant));
  const auto expected = world.clock.now() + std::chrono::seconds(seconds);
  CHECK(*world.database.last["sign_on"][18] == std::to_string(expected.time_since_epoch().count()));
  CHECK(*world.database.last["sign_on"][19] == "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
  CHECK_FALSE(world.database.last["sign_on"][20]);
}

TEST_CASE("a sign-on of another kind than asked for is refused") {
  World world;
  world.settings->identity_providers[0].authn_contexts = {kMfa};
  world.start();
  const Response left = press_button(world, "");
  CHECK(request_in(left).find(kMfa) != std::string::npos);
  CHECK(answer_with(world, left, {}).status == 403);
  CHECK(world.log.has("code=authn_context"));
}

TEST_CASE("an IdP may be asked to sign people on afresh every time") {
  World world;
  world.settings->identity_providers[0].force_authn = true;
  world.start();
  CHECK(request_in(press_button(world, "")).find("ForceAuthn=\"true\"") != std::string::npos);
}

TEST_CASE("a silent attempt comes first where it is wished, and only once") {
  World world;
  world.settings->identity_providers.resize(1);
  world.settings->identity_providers[0].passive_first = true;
  world.settings->skip_email_page = true;
  world.start();
  const Response left = world.answer({.path = "/auth/sign-in"});
  REQUIRE(left.status == 303);
  CHECK(request_in(left).find("IsPassive=\"true\"") != std::string::npos);

  const Response back = answer_with(world, left, failing_with("NoPassive", "sign in first"));
  CHECK(back.status == 303);
  CHECK(header(back, "Location") == "/auth/sign-in?notice=choose");
  const Response page = world.answer({.path = "/auth/sign-in", .query = "notice=choose"});
  CHECK(page.status == 200);
  CHECK(page.body.find("Log In with corp") != std::string::npos);
  SECTION("a program makes none") {
    CHECK(world.answer({.path = "/auth/sign-in", .accept = "application/json"}).status == 200);
  }
  SECTION("a switch of accounts makes none") {
    const Response out =
        world.answer({.method = "POST", .path = "/auth/sign-out", .body = "then=sign-in"});
    CHECK(header(out, "Location") == "/auth/sign-in?notice=choose");
  }
}

TEST_CASE("a browser that only ever starts is asked to pause") {
  World world;
  std::string cookies;
  const auto start = [&] { return press_button(world, "", cookies); };
  for (int i = 0; i < 6; ++i) {
    const Response left = start();
    REQUIRE(left.status == 303);
    cookies += pair_of(headers(left, "Set-Cookie").back()) + "; ";
    world.clock.advance(5s);
  }
  const Response paused = start();
  CHECK(paused.status == 429);
  CHECK(header(paused, "Retry-After") == "30");
  CHECK(paused.body.find("reference") != std::string::npos);
  CHECK(world.log.has("code=too_many_sign_ons"));
  world.clock.advance(29s);
  CHECK(start().status == 429);
  world.clock.advance(1s);
  CHECK(start().status == 303);
}

TEST_CASE("an IdP's refusal is explained in plain words, with its own beside them") {
  World world;
  const Response refused = answer_with(
      world, press_button(world, ""),
      failing_with("RequestDenied", "AADSTS50105: The signed in user is blocked. Trace ID: 12ab"));
  CHECK(refused.status == 403);
  CHECK(refused.body.find("has not been assigned to this application") != std::string::npos);
  CHECK(refused.body.find("Trace ID: 12ab") != std::string::npos);
  SECTION("by status code where there is no number") {
    const Response other =
        answer_with(world, press_button(world, ""), failing_with("AuthnFailed", "no"));
    CHECK(other.body.find("did not succeed") != std::string::npos);
  }
}

TEST_CASE("a number from Microsoft's own page can be looked up") {
  World world;
  const auto page = [&](const std::string& query) {
    return world.answer({.path = "/auth/microsoft-error", .query = query}).body;
  };
  CHECK(page("").find("AADSTS") != std::string::npos);
  CHECK(page("code=AADSTS700016%3A+Application+x").find("does not know this application") !=
        std::string::npos);
  CHECK(page("code=aadsts50105").find("not been assigned") != std::string::npos);
  CHECK(page("code=50105").find("not been assigned") != std::string::npos);
  CHECK(page("code=AADSTS123").find("no explanation") != std::string::npos);
  CHECK(page("code=%3Cscript%3E").find("<script>") == std::string::npos);
}

TEST_CASE("an answer that comes after validUntil is not looked at any more") {
  World world;
  world.settings->identity_providers[0].metadata.valid_until = world.clock.now() + 10s;
  world.start();
  const Response left = press_button(world, "");
  world.clock.advance(10s);
  CHECK(answer_with(world, left, {}).status == 403);
  CHECK(world.log.has("code=metadata_expired"));
}
