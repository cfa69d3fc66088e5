// Tests of signing on at a company: all is shown, nobody is let in.
#include "anteroom/companies.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "crypto/seal.h"
#include "http/form.h"
#include "session/login_state.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;

namespace {

struct UnderTest : World {
  std::string state = "draft";
  std::string settings_json = R"({"attributes": {"email": "mail"}})";
  std::string xml = forge::make_metadata("https://contoso.test/", "https://contoso.test/sso",
                                         {journey_authority()});
  std::string domains = "contoso.test";
  Rows proofs{};
  crypto::Sealer sealer{settings->sessions.cookie_keys};

  UnderTest() {
    database.answers["proofs_of_company"] = [this](const Params&) { return proofs; };
    database.answers["find_company"] = [this](const Params& params) {
      if (params[0] != "contoso") return Rows{};
      return Rows{{{"contoso", "Contoso", state, domains, settings_json, xml, "17", "", "0", ""}}};
    };
    database.answers["find_person"] = [](const Params&) { return Rows{}; };
    database.answers["audit"] = [](const Params&) { return Rows{}; };
    database.answers["keep_transcript"] = [](const Params&) { return Rows{}; };
  }

  std::string link(const std::string& company = "contoso") {
    return session::seal_test_link(sealer, random, company, clock.now()).value();
  }
  Response open(const std::string& link) {
    return answer({.path = "/auth/test", .query = "t=" + link});
  }
  Response begin(const std::string& link, const std::string& cookie = "") {
    return answer({.method = "POST", .path = "/auth/test", .body = "t=" + link, .cookie = cookie});
  }
  std::string begun() {
    const Response away = begin(link());
    REQUIRE(away.status == 303);
    return pair_of(header(away, "Set-Cookie"));
  }
  [[nodiscard]] std::string request_id(const std::string& cookie) const {
    const auto states = session::test_states(sealer, cookie, clock.now());
    REQUIRE(states.size() == 1);
    return states[0].asked.request_id;
  }
  Response come_back(const std::string& id, const std::string& cookie,
                     const forge::Authority& by = journey_authority()) {
    forge::Options options;
    options.issuer = "https://contoso.test/";
    options.attributes = {{"mail", {"ann@contoso.test"}}, {"groups", {"Staff", "&lt;Night&gt;"}}};
    options.in_response_to = id;
    return answer({.method = "POST",
                   .path = "/saml2/idpresponse",
                   .body = "SAMLResponse=" + http::percent_encode(forge::to_base64(
                                                 forge::make_response(by, options))),
                   .cookie = cookie,
                   .origin = "https://contoso.test"});
  }
  // Nobody is signed in by it.
  void check_nobody_in(const Response& response) {
    for (const std::string& cookie : headers(response, "Set-Cookie")) {
      CHECK_FALSE(cookie.starts_with("__Host-anteroom="));
    }
    CHECK(database.calls["sign_on"] == 0);
  }
};

}  // namespace

TEST_CASE("a link of support's leads to the company's identity provider, for a test") {
  UnderTest test;
  const std::string link = test.link();
  const Response page = test.open(link);
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("Contoso") && Contains("name=\"t\" value=\"" + link + "\""));
  CHECK(headers(page, "Set-Cookie").empty());
  const Response away = test.begin(link);
  CHECK(header(away, "Location").starts_with("https://contoso.test/sso?"));
  REQUIRE(headers(away, "Set-Cookie").size() == 1);
  CHECK(header(away, "Set-Cookie").starts_with("__Host-anteroom-test-"));
}

TEST_CASE("what comes back is shown, whatever state the company is in, and lets nobody in") {
  for (const char* state : {"draft", "live", "suspended"}) {
    CAPTURE(state);
    UnderTest test;
    test.state = state;
    const std::string cookie = test.begun();
    const Response shown = test.come_back(test.request_id(cookie), cookie);
    CHECK(shown.status == 200);
    CHECK_THAT(shown.body, Contains("The test passed") && Contains("<wbr>@contoso.test") &&
                               Contains("Staff, &lt;Night&gt;") &&
                               Contains("signature_second_opinion"));
    const bool is_live = std::string_view(state) == "live";
    CHECK_THAT(shown.body, Contains(is_live ? "has no access yet" : "once we have put it live"));
    CHECK(test.database.last["audit"][4] == "");  // nobody's own history
    test.check_nobody_in(shown);
    CHECK(test.database.last["audit"][0] == "company_tested");
    CHECK(test.database.calls["keep_transcript"] == 0);
  }
}

TEST_CASE("of a draft domains that it has proven count, and of no other company") {
  UnderTest test;
  test.domains = "contoso.example";
  test.proofs =
      Rows{{{"contoso.test", "x", "ida", "", "2026-05-04", "2026-05-04", "", "proven", "", ""}}};
  for (const char* state : {"draft", "live"}) {
    test.state = state;
    const std::string cookie = test.begun();
    const Response shown = test.come_back(test.request_id(cookie), cookie);
    const bool is_draft = test.state == "draft";
    CHECK_THAT(shown.body, Contains(is_draft ? "The test passed" : "The test failed"));
    test.check_nobody_in(shown);
  }
}

TEST_CASE("a test that fails says what to mend, and support finds it under its number") {
  UnderTest test;
  SECTION("another key") {
    const std::string cookie = test.begun();
    const Response shown = test.come_back(test.request_id(cookie), cookie, forge::make_authority());
    CHECK_THAT(shown.body, Contains("The test failed") && Contains("signature_invalid") &&
                               Contains("Send us the current federation metadata"));
    test.check_nobody_in(shown);
  }
  SECTION("a domain that was proven once, or is another company's") {
    test.domains = "contoso.example";
    test.proofs = Rows{{{"contoso.test", "x", "ida", "", "2026-05-04", "2026-05-04", "2026-05-05",
                         "no_name", "", ""},
                        {"contoso.test", "x", "ida", "litware", "2026-05-04", "2026-05-04", "",
                         "proven", "", ""}}};
    const std::string cookie = test.begun();
    const Response shown = test.come_back(test.request_id(cookie), cookie);
    CHECK_THAT(shown.body, Contains("Ask us to add the domain"));
    test.check_nobody_in(shown);
  }
  SECTION("a domain that is not the company's") {
    test.domains = "contoso.example";
    const std::string cookie = test.begun();
    const Response shown = test.come_back(test.request_id(cookie), cookie);
    CHECK_THAT(shown.body, Contains("Ask us to add the domain"));
    test.check_nobody_in(shown);
  }
  CHECK(test.database.last["audit"][0] == "company_test_failed");
  CHECK(test.database.calls["keep_transcript"] == 1);
}

TEST_CASE("what becomes of somebody is said as the database would decide it") {
  UnderTest test;
  test.state = "live";
  std::string subject = "email:ann@contoso.test", idp = "contoso", said = "would be let in";
  SECTION("known and provisioned") {}
  SECTION("known by another identifier") {
    subject = "0f1e";
    said = "would be refused";
  }
  SECTION("of another company, which is not named") {
    idp = "fabrikam";
    said = "would be refused";
  }
  test.database.give("find_person", {"id", "ann@contoso.test", "Ann", "active", idp, subject,
                                     "2026-05-04T09:12:33Z", "", "*=viewer"});
  const std::string cookie = test.begun();
  const Response shown = test.come_back(test.request_id(cookie), cookie);
  CHECK_THAT(shown.body, Contains(said) && !Contains("fabrikam") && !Contains("viewer"));
}

TEST_CASE("an answer that cannot be read is shown, too, where it says what it is for") {
  UnderTest test;
  const std::string cookie = test.begun();
  const std::string relay = test.request_id(cookie).substr(2, 16);
  const auto post = [&](const std::string& more) {
    return test.answer(
        {.method = "POST",
         .path = "/saml2/idpresponse",
         .body = "SAMLResponse=" + http::percent_encode(forge::to_base64("<a/>")) + more,
         .cookie = cookie,
         .origin = "https://contoso.test"});
  };
  CHECK_THAT(post("&RelayState=" + relay).body, Contains("The test failed"));
  CHECK(test.database.last["audit"][0] == "company_test_failed");
  CHECK(post("&RelayState=0123456789abcdef").status == 303);
  CHECK(post("").status == 303);
}

TEST_CASE("a test by artifact fetches once, and says nothing of where from") {
  UnderTest test;
  test.settings_json = R"({"response_binding": "artifact", "attributes": {"email": "mail"}})";
  test.xml.insert(
      test.xml.find("<SingleSignOnService"),
      "<ArtifactResolutionService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" "
      "index=\"0\" Location=\"https://contoso.test/artifact\"/>");
  test.back_channel.answer = [](const BackChannelCall& call) -> Result<std::string> {
    return Failure{code::kBackChannel, call.url + " answers 404"};
  };
  const std::string cookie = test.begun();
  const std::string artifact = crypto::base64(
      std::string("\x00\x04\x00\x00", 4) +
      *crypto::digest(crypto::Hash::sha1, "https://contoso.test/") + std::string(20, 'h'));
  const Response shown =
      test.answer({.path = "/saml2/idpresponse",
                   .query = "SAMLart=" + http::percent_encode(artifact) +
                            "&RelayState=" + test.request_id(cookie).substr(2, 16),
                   .cookie = cookie});
  CHECK(test.back_channel.calls == 1);
  CHECK_THAT(shown.body, Contains("The test failed") && !Contains("answers 404"));
  test.check_nobody_in(shown);
}

TEST_CASE("a link is good for its three days, however often it is used") {
  UnderTest test;
  const std::string link = test.link();
  const std::string cookie = pair_of(header(test.begin(link), "Set-Cookie"));
  const Response shown = test.come_back(test.request_id(cookie), cookie, forge::make_authority());
  CHECK_THAT(shown.body, Contains("name=\"t\" value=\"" + link + "\""));
}

TEST_CASE("who tests without end is asked to pause, and writes little") {
  UnderTest test;
  const std::string cookie = test.begun();
  const std::string id = test.request_id(cookie);
  for (int i = 0; i < 10; ++i) CHECK(test.come_back(id, cookie).status == 200);
  CHECK(test.database.calls["audit"] == 3);  // of one test
  int refused = 0;
  for (int i = 0; i < 60; ++i) refused += test.open(test.link()).status == 429 ? 1 : 0;
  CHECK(refused == 11);
  CHECK(test.begin(test.link()).status == 429);
  test.clock.advance(std::chrono::minutes(11));
  CHECK(test.open(test.link()).status == 200);
}

TEST_CASE("a link that has ended, or is none, or of a company that is gone, leads nowhere") {
  UnderTest test;
  std::string link = test.link();
  SECTION("nothing") {
    link = "";
  }
  SECTION("made up") {
    link = "XAES" + std::string(80, 'A');
  }
  SECTION("unknown") {
    link = test.link("fabrikam");
  }
  SECTION("archived") {
    test.state = "archived";
  }
  SECTION("after three days") {
    test.clock.advance(std::chrono::hours(73));
  }
  SECTION("another seal of ours") {
    link = test.sealer
               .seal(test.random, "return-to", "contoso", test.clock.now() + std::chrono::hours(1))
               .value();
  }
  CHECK(test.open(link).status == 403);
  const Response refused = test.begin(link);
  CHECK(refused.status == 403);
  CHECK(headers(refused, "Set-Cookie").empty());
}

TEST_CASE("a company that cannot be tested yet says why") {
  UnderTest test;
  test.xml = "";
  CHECK_THAT(test.open(test.link()).body, Contains("it has no metadata"));
  const Response page = test.begin(test.link());
  CHECK(page.status == 200);
  CHECK(headers(page, "Set-Cookie").empty());
}

TEST_CASE("a test is no sign-on, and a sign-on is no test") {
  // Live, and known to the worker, so that a sign-on could come of it.
  UnderTest test;
  IdentityProvider contoso = World::idp("contoso", "https://contoso.test/");
  test.settings->identity_providers.push_back(contoso);
  test.start();
  test.database.give("sign_on", {"signed_in", "user"});
  const std::string cookie = test.begun();
  const std::string id = test.request_id(cookie);
  SECTION("an answer to a test without its cookie begins again") {
    const Response response = test.come_back(id, "");
    CHECK(response.status == 303);
    test.check_nobody_in(response);
  }
  SECTION("the cookie under a sign-on's name is worth nothing") {
    const std::string value = cookie.substr(cookie.find('='));
    const Response response =
        test.come_back(id, "__Host-anteroom-login-" + id.substr(2, 16) + value);
    CHECK(header(response, "Location").find("/auth/sign-in?notice=stale") == 0);
    test.check_nobody_in(response);
  }
  SECTION("beside a test, signing on goes on") {
    const Response away = test.answer(
        {.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp", .cookie = cookie});
    const std::string login = pair_of(header(away, "Set-Cookie"));
    std::vector<std::string> stale;
    forge::Options options;
    options.in_response_to =
        session::login_states(test.sealer, login, test.clock.now(), stale).at(0).request_id;
    const Response in = test.answer(
        {.method = "POST",
         .path = "/saml2/idpresponse",
         .body = "SAMLResponse=" + http::percent_encode(forge::to_base64(
                                       forge::make_response(journey_authority(), options))),
         .cookie = cookie + "; " + login,
         .origin = "https://corp-idp.test"});
    CHECK(in.status == 303);
    CHECK(test.database.calls["sign_on"] == 1);
  }
  SECTION("the cookie of a sign-on under a test's name is worth nothing") {
    const Response away =
        test.answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp"});
    const std::string login = pair_of(header(away, "Set-Cookie"));
    const std::string renamed =
        "__Host-anteroom-test-" + login.substr(std::string("__Host-anteroom-login-").size());
    CHECK(session::test_states(test.sealer, renamed, test.clock.now()).empty());
  }
}

TEST_CASE("a browser carries few tests") {
  UnderTest test;
  std::string cookies;
  for (int i = 0; i < 6; ++i) {
    test.clock.advance(std::chrono::seconds(1));
    const Response away = test.begin(test.link(), cookies);
    std::vector<std::string> kept;
    for (const std::string& one : headers(away, "Set-Cookie")) {
      const std::string pair = pair_of(one);
      if (pair.ends_with("=")) {
        const auto at = cookies.find(pair);
        REQUIRE(at != std::string::npos);
        const auto end = cookies.find("; ", at);
        cookies.erase(at, end == std::string::npos ? end : end + 2 - at);
      } else {
        cookies += pair + "; ";
      }
    }
  }
  CHECK(session::test_states(test.sealer, cookies, test.clock.now()).size() == 4);
}

TEST_CASE("with the database away a test waits, and says nothing of the company") {
  UnderTest test;
  const std::string cookie = test.begun();
  const std::string id = test.request_id(cookie);
  test.database.answers.erase("find_company");
  CHECK(test.open(test.link()).status == 503);
  CHECK(test.begin(test.link()).status == 503);
  CHECK(test.come_back(id, cookie).status == 503);
}

TEST_CASE("what is given at a property that is closed, or that there is not, lets nobody in") {
  UnderTest test;
  test.state = "live";
  auto& answers = test.database.answers;
  answers["property_names"] = [](const Params&) { return Rows{{{"oak", "Oak Yard", "f"}}}; };
  answers["closed_among"] = [](const Params&) { return Rows{{{"oak"}}}; };
  test.settings_json = R"({"attributes": {"email": "mail"}, "access": {"attribute": "groups",
      "values": [{"value": "Staff", "level": "viewer", "properties": ["oak", "nowhere"]}]}})";
  const std::string cookie = test.begun();
  const std::string page = test.come_back(test.request_id(cookie), cookie).body;
  CHECK_THAT(page, Contains("viewer: Oak Yard<br>The property is closed") &&
                       Contains("viewer: nowhere<br>There is no such property") &&
                       Contains("has no access yet") && !Contains("would be let in"));
}

TEST_CASE("a test says what the company's table would give, and by which value") {
  UnderTest test;
  const auto result = [&](const std::string& table) {
    test.settings_json = R"({"attributes": {"email": "mail"}, "access": )" + table + "}";
    const std::string cookie = test.begun();
    const Response page = test.come_back(test.request_id(cookie), cookie);
    test.check_nobody_in(page);
    return page.body;
  };
  test.state = GENERATE("draft", "live");
  auto& answers = test.database.answers;
  answers["property_names"] = [](const Params&) {
    return Rows{{{"elm", "Elm <Court>", "f"}, {"oak", "Oak Yard", "f"}}};
  };
  answers["closed_among"] = [](const Params&) { return Rows{{{"oak"}}}; };
  const std::string page = result(R"({"attribute": "groups", "values": [
      {"value": "<Night>", "level": "manager", "properties": ["elm", "oak"]},
      {"value": "Staff", "level": "viewer", "properties": "*"},
      {"value": "staff", "level": "manager", "properties": "*"}]})");
  CHECK_THAT(page, Contains("manager: Elm &lt;Court&gt;</dd>") &&
                       Contains("manager: Oak Yard<br>The property is closed") &&
                       Contains("viewer: all properties") && !Contains("manager: all properties"));
  CHECK_THAT(page, Contains("&lt;Night&gt;") && !Contains("<Night>"));
  CHECK((page.find("would be let in by what the company asserts") != std::string::npos) ==
        (test.state == "live"));
  const std::string nothing = result(
      R"({"attribute": "role", "values": [{"value": "Staff", "level": "viewer", "properties": "*"}]})");
  CHECK_THAT(nothing, Contains("this sign-in gives no access") && !Contains("viewer: all"));
}
