#include "crypto/seal.h"
#include "http/form.h"
#include "journey/diagnosis/transcript.h"
#include "session/login_state.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;

namespace {

// A sign-on under way: the cookie, and the request's ID as the IdP reads it.
struct UnderWay {
  std::string cookie;
  std::string relay_state;
};

UnderWay start(World& world, const std::string& idp = "corp", const std::string& handle = "",
               const std::string& more = "") {
  const Response response = world.answer({.method = "POST",
                                          .path = "/auth/sign-in/start",
                                          .body = "idp=" + idp + "&r=" + handle + more});
  REQUIRE(response.status == 303);
  const std::string pair = pair_of(header(response, "Set-Cookie"));
  return {pair, pair.substr(std::string("__Host-anteroom-login-").size(), 16)};
}

// Read from the sealed cookie, with the key that the site has.
std::string request_id(World& world, const UnderWay& under_way) {
  const crypto::Sealer sealer(world.settings->sessions.cookie_keys);
  std::vector<std::string> stale;
  const auto states = session::login_states(sealer, under_way.cookie, world.clock.now(), stale);
  REQUIRE(states.size() == 1);
  return states[0].request_id;
}

std::string form(World& world, const UnderWay& under_way, forge::Options options = {}) {
  options.in_response_to = request_id(world, under_way);
  return "SAMLResponse=" +
         http::percent_encode(
             forge::to_base64(forge::make_response(journey_authority(), options))) +
         "&RelayState=" + under_way.relay_state;
}

Response post(World& world, const std::string& body, const std::string& cookie) {
  return world.answer({.method = "POST",
                       .path = "/saml2/idpresponse",
                       .body = body,
                       .cookie = cookie,
                       .origin = "https://corp-idp.test"});
}

}  // namespace

TEST_CASE("a good Response opens a session in one round trip and leads to the page") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  const UnderWay under_way = start(world);
  const Response response = post(world, form(world, under_way), under_way.cookie);
  CHECK(response.status == 303);
  CHECK(header(response, "Location") == "/home");
  CHECK(header(response, "Cache-Control") == "no-store");
  const auto cookies = headers(response, "Set-Cookie");
  REQUIRE(cookies.size() == 3);
  CHECK(cookies[0].starts_with("__Host-anteroom="));
  CHECK(cookies[0].ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));
  CHECK(world.database.calls.size() == 1);
  CHECK(world.database.calls["sign_on"] == 1);
  CHECK(*world.database.last["sign_on"][6] == "ann@corp.test");
}

TEST_CASE("base64 may come with white space, however the form escapes it; a lost plus is lost") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  const UnderWay under_way = start(world);
  forge::Options options;
  options.in_response_to = request_id(world, under_way);
  const std::string value = forge::to_base64(forge::make_response(journey_authority(), options));
  const auto posted = [&](const std::string& gap, const std::string& plus) {
    std::string body;
    for (std::size_t at = 0; at < value.size(); at += 76) {
      for (const char c : value.substr(at, 76)) {
        body += c == '+' ? plus : http::percent_encode(std::string(1, c));
      }
      body += gap;
    }
    return post(world, "SAMLResponse=" + body + "&RelayState=" + under_way.relay_state,
                under_way.cookie)
        .status;
  };
  for (const char* gap : {"%0D%0A", "%0A++++", "+", "%20%09"}) {
    CAPTURE(gap);
    CHECK(posted(gap, "%2B") == 303);
  }
  CHECK(posted("", "+") == 403);
}

TEST_CASE("the log says where only one of the two libraries could judge") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  UnderWay under_way = start(world);
  post(world, form(world, under_way), under_way.cookie);
  CHECK(world.log.has("signed on code=signed_in"));
  CHECK_FALSE(world.log.has("second_opinion"));
  under_way = start(world);
  forge::Options options;
  options.before_signing = [](std::string xml) {
    const std::string end = "</SubjectConfirmation>";
    return forge::replaced(std::move(xml), end, end + "<SubjectConfirmation Method=\"urn:x\"/>");
  };
  post(world, form(world, under_way, options), under_way.cookie);
  CHECK(world.log.has(" second_opinion=none"));
}

TEST_CASE("a sign-on is counted where it starts, comes back and ends") {
  World world;
  world.database.give("sign_on", {"waiting", "user"});
  const UnderWay under_way = start(world);
  CHECK(world.meter.counted == std::vector<std::string>{"started corp "});
  world.clock.advance(std::chrono::seconds(3));
  post(world, form(world, under_way), under_way.cookie);
  CHECK(world.meter.counted ==
        std::vector<std::string>{"started corp ", "returned corp ", "session corp waiting"});
  CHECK(world.meter.verifications == 1);
  CHECK(world.meter.offset == std::chrono::seconds(3));
  CHECK(world.meter.refusals.empty());
}

TEST_CASE("a sign-on leaves one line, with the session's number and nothing to misuse") {
  World world;
  world.database.give("sign_on", {"signed_in", "9b3d0c8e-0000-4000-8000-000000000001"});
  const UnderWay under_way = start(world);
  const Response response = post(world, form(world, under_way), under_way.cookie);
  REQUIRE(world.log.lines.size() == 1);
  const std::string& line = world.log.lines[0];
  CHECK(line.starts_with("signed on code=signed_in reference="));
  CHECK(line.ends_with(" client=192.0.2.1 idp=corp user=9b3d0c8e-0000-4000-8000-000000000001"));
  CHECK(line.find("@") == std::string::npos);
  for (const std::string& cookie : headers(response, "Set-Cookie")) {
    const std::string pair = pair_of(cookie);
    if (pair == "__Host-anteroom-company=corp") continue;  // no secret, and the line names it
    CHECK(line.find(pair.substr(pair.find('=') + 1)) == std::string::npos);
  }
}

TEST_CASE("a refusal leaves one line, with the number that the person sees") {
  World world;
  world.database.give("keep_transcript", {""});
  const UnderWay under_way = start(world, "other");
  const Response response = post(world, form(world, under_way), under_way.cookie);
  REQUIRE(world.log.lines.size() == 1);
  const std::string& line = world.log.lines[0];
  CHECK(line.starts_with("refused code=issuer status=403 reference="));
  CHECK(line.find(" client=192.0.2.1 path=/saml2/idpresponse idp=other detail=\"") !=
        std::string::npos);
  const auto at = line.find("reference=") + 10;
  CHECK(response.body.find(line.substr(at, line.find(' ', at) - at)) != std::string::npos);
}

TEST_CASE("a sign-on that is refused is counted once, with its code and whose it was") {
  World world;
  const UnderWay under_way = start(world, "other");
  post(world, form(world, under_way), under_way.cookie);
  CHECK(world.meter.counted ==
        std::vector<std::string>{"started other ", "returned other ", "response other issuer"});
  CHECK(world.meter.refusals == std::vector<std::string>{"issuer"});
  CHECK_FALSE(world.meter.offset);
}

TEST_CASE("what belongs to no sign-on is counted without a provider, and not verified") {
  World world;
  post(world, "SAMLResponse=eA%3D%3D", "");
  CHECK(world.meter.counted == std::vector<std::string>{"response  no_login_state"});
  CHECK(world.meter.verifications == 0);
}

TEST_CASE("a sign-on that the database cannot keep ends at the session") {
  World world;
  const UnderWay under_way = start(world);
  post(world, form(world, under_way), under_way.cookie);
  CHECK(world.meter.counted.back() == "session corp database_unavailable");
  CHECK(world.meter.refusals == std::vector<std::string>{"database_unavailable"});
}

TEST_CASE("the page first asked for, with its query, is where one lands") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  RequestHead asked;
  asked.method = "GET";
  asked.path = "/workorders";
  asked.query = "a=1&b=%2F2";
  asked.headers.host = "login.test";
  asked.headers.accept = "text/html";
  const Response away = world.site->turn_away(Outcome::sign_on, asked, nullptr, {});
  CHECK(away.status == 302);
  const std::string location = header(away, "Location");
  REQUIRE(location.starts_with("/auth/sign-in?r="));
  const UnderWay under_way = start(world, "corp", location.substr(location.find('=') + 1));
  CHECK(header(post(world, form(world, under_way), under_way.cookie), "Location") ==
        "/workorders?a=1&b=%2F2");
}

TEST_CASE(
    "a browser that keeps a fragment goes on by a page of ours, and from there as any other") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  RequestHead asked;
  asked.method = "GET";
  asked.path = "/app";
  asked.headers.host = "login.test";
  asked.headers.accept = "text/html";
  const Response away = world.site->turn_away(Outcome::sign_on, asked, nullptr, {});
  const std::string location = header(away, "Location");
  const std::string handle = location.substr(location.find('=') + 1);
  const UnderWay under_way = start(world, "corp", handle, "&fragment=1");
  const Response response = post(world, form(world, under_way), under_way.cookie);
  CHECK(response.status == 303);
  CHECK(header(response, "Location") == "/auth/go-on?r=" + handle);
  const Response page = world.answer({.path = "/auth/go-on", .query = "r=" + handle});
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("href=\"/auth/sign-in?r=" + handle + "\" data-go-on>") &&
                            Contains("fragment.js"));
  // Nothing but a handle gets into it.
  CHECK_THAT(world.answer({.path = "/auth/go-on", .query = "r=%22%3E%3Cb%3E"}).body,
             Contains("href=\"/auth/sign-in?r=\"") && !Contains("<b>"));
  // Without a page that was asked for there is nothing that the fragment could belong to.
  const UnderWay aimless = start(world, "corp", "", "&fragment=1");
  CHECK(header(post(world, form(world, aimless), aimless.cookie), "Location") == "/home");
}

TEST_CASE("a Response for another browser's sign-on is not looked at") {
  World world;
  const UnderWay victim = start(world);
  const UnderWay attacker = start(world);
  const std::string body = form(world, attacker);
  SECTION("with a sign-on of its own under way") {
    CHECK(header(post(world, body, victim.cookie), "Location")
              .starts_with("/auth/sign-in?notice=stale"));
  }
  SECTION("with none") {
    CHECK(header(post(world, body, ""), "Location") == "/auth/sign-in?notice=stale");
  }
  CHECK(world.database.calls.empty());
}

TEST_CASE("an IdP cannot answer a request that was sent to another") {
  World world;
  const UnderWay under_way = start(world, "other");
  const Response response = post(world, form(world, under_way), under_way.cookie);
  CHECK(response.status == 403);
  CHECK(world.log.has("code=issuer"));
  CHECK(world.database.calls["sign_on"] == 0);
}

TEST_CASE("one company's IdP cannot sign in another company's people") {
  World world;
  const UnderWay under_way = start(world);
  forge::Options options;
  options.attributes = {{"mail", {"boss@other.test"}}};
  const Response response = post(world, form(world, under_way, options), under_way.cookie);
  CHECK(response.status == 403);
  CHECK(world.log.has("code=email_domain_not_registered"));
  CHECK(response.body.find("email_domain") == std::string::npos);
  CHECK(world.database.calls["audit"] == 1);
}

TEST_CASE(
    "what the database has seen before, or another answer to the same request, opens nothing") {
  World world;
  const std::string outcome = GENERATE("replayed", "request_answered");
  world.database.give("sign_on", {outcome, std::nullopt});
  const UnderWay under_way = start(world);
  const Response response = post(world, form(world, under_way), under_way.cookie);
  CHECK(header(response, "Location").starts_with("/auth/sign-in?notice=stale"));
  CHECK(headers(response, "Set-Cookie").empty());
  CHECK(world.log.has("code=" + outcome));
}

TEST_CASE("the request is used up with its answer, for as long as anybody could answer it again") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  const UnderWay under_way = start(world);
  post(world, form(world, under_way), under_way.cookie);
  const Params& sent = world.database.last["sign_on"];
  REQUIRE(sent.size() == 28);
  CHECK(sent[21] == request_id(world, under_way));
  const auto longest = world.clock.now() + std::chrono::hours(24);
  CHECK(std::stoll(*sent[22]) >= longest.time_since_epoch().count());
}

TEST_CASE("who was disabled or pinned elsewhere is told kindly, and gets no session") {
  World world;
  const std::string outcome = GENERATE("user_disabled", "identity_pinned");
  world.database.give("sign_on", {outcome, "user"});
  const UnderWay under_way = start(world);
  const Response response = post(world, form(world, under_way), under_way.cookie);
  CHECK(response.status == 403);
  CHECK(headers(response, "Set-Cookie").empty());
  CHECK(world.log.has("code=" + outcome));
}

TEST_CASE("what a refused sign-on said is kept under the number that the person sees") {
  World world;
  const UnderWay under_way = start(world);
  forge::Options options;
  options.audience = "https://somebody-else.test";
  const Response response = post(world, form(world, under_way, options), under_way.cookie);
  REQUIRE(response.status == 403);
  const Params& kept = world.database.last["keep_transcript"];
  REQUIRE(kept.size() == 6);
  CHECK(response.body.find(*kept[0]) != std::string::npos);
  CHECK(kept[1] == "corp");
  CHECK(kept[2] == "");
  CHECK(kept[3] == "audience");
  CHECK(world.database.last["audit"][2] == kept[0]);
  const auto content = journey::read_transcript(*kept[4]);
  REQUIRE_FALSE(content.checks.empty());
  CHECK(content.checks.back().name == "audience");
  CHECK_FALSE(content.checks.back().passed);
  CHECK(content.asked.at(0).value == request_id(world, under_way));
  CHECK_FALSE(content.response.empty());
  CHECK(kept[4]->find("ann@") == std::string::npos);
}

TEST_CASE(
    "of who was disabled the proven address is kept too, and nothing where nothing is to be") {
  World world;
  world.database.give("sign_on", {"user_disabled", "user"});
  const UnderWay under_way = start(world);
  const Response response = post(world, form(world, under_way), under_way.cookie);
  const Params kept = world.database.last["keep_transcript"];
  REQUIRE(kept.size() == 6);
  CHECK(response.body.find(*kept[0]) != std::string::npos);
  CHECK(kept[2] == "ann@corp.test");
  CHECK(journey::read_transcript(*kept[4]).checks.back().name == "user_disabled");

  world.settings->database.keep.transcripts = std::chrono::seconds(0);
  post(world, form(world, under_way), under_way.cookie);
  CHECK(world.database.calls["keep_transcript"] == 1);
}

TEST_CASE(
    "one sign-on writes a few refusals, however many Responses come, and keeps out no other") {
  World world;
  world.database.give("keep_transcript", {});
  const UnderWay flood = start(world);
  forge::Options wrong;
  wrong.audience = "https://elsewhere.test";
  const std::string body = form(world, flood, wrong);
  for (int i = 0; i < 300; ++i) CHECK(post(world, body, flood.cookie).status == 403);
  CHECK(world.database.calls["keep_transcript"] == 3);
  CHECK(world.database.calls["audit"] == 3);
  const UnderWay genuine = start(world);
  const Response refused = post(world, form(world, genuine, wrong), genuine.cookie);
  CHECK(world.database.calls["keep_transcript"] == 4);
  CHECK(refused.body.find(*world.database.last["keep_transcript"][0]) != std::string::npos);
  CHECK(world.database.last["keep_transcript"][5] == "192.0.2.1");
}

TEST_CASE("one good Response that is repeated for ever asks the database ten times") {
  World world;
  world.database.give("sign_on", {"replayed", ""});
  const UnderWay under_way = start(world);
  const std::string body = form(world, under_way);
  for (int i = 0; i < 50; ++i) {
    const Response again = post(world, body, under_way.cookie);
    CHECK(header(again, "Location").starts_with("/auth/sign-in?notice=stale"));
    CHECK(headers(again, "Set-Cookie").empty());
  }
  CHECK(world.database.calls["sign_on"] == 10);
}

TEST_CASE("a transcript that is not one reads as empty") {
  for (const char* text :
       {"", "[]", "{", R"({"checks": 1, "asked": "x", "response": [[1, 2], ["a"]]})"}) {
    const auto content = journey::read_transcript(text);
    CHECK(content.checks.empty());
    CHECK(content.response.empty());
  }
}

TEST_CASE("the IdP's own refusal is shown as its words, and not looped") {
  World world;
  const UnderWay under_way = start(world);
  forge::Options options;
  options.before_signing = [](std::string xml) {
    return forge::replaced(
        std::move(xml), "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Requester\"/>"
        "<samlp:StatusMessage>AADSTS50105 &lt;b&gt;</samlp:StatusMessage>");
  };
  const Response response = post(world, form(world, under_way, options), under_way.cookie);
  CHECK(response.status == 403);
  CHECK(response.body.find("AADSTS50105") != std::string::npos);
  CHECK(response.body.find("<b>") == std::string::npos);
}

TEST_CASE("the database away: 503 with Retry-After, no session") {
  World world;
  const UnderWay under_way = start(world);
  const Response response = post(world, form(world, under_way), under_way.cookie);
  CHECK(response.status == 503);
  CHECK_FALSE(header(response, "Retry-After").empty());
  CHECK(headers(response, "Set-Cookie").empty());
}

TEST_CASE("what is not a form with a Response is refused") {
  World world;
  const UnderWay under_way = start(world);
  const std::string body =
      GENERATE("", "x=y", "SAMLResponse=", "SAMLResponse=a&SAMLResponse=b", "SAMLResponse=%zz");
  CHECK(post(world, body, under_way.cookie).status == 400);
  CHECK(world
            .answer({.method = "POST",
                     .path = "/saml2/idpresponse",
                     .body = "SAMLResponse=YQ==",
                     .cookie = under_way.cookie,
                     .content_type = "text/plain"})
            .status == 400);
}

TEST_CASE("junk in place of a Response is refused without a word to the database") {
  World world;
  const UnderWay under_way = start(world);
  CHECK(post(world, "SAMLResponse=anVuaw%3D%3D", under_way.cookie).status == 403);
  CHECK(world.database.calls.empty());
}

TEST_CASE("an unsolicited Response is refused unless the IdP may send one") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  forge::Options options;
  options.in_response_to = "";
  const std::string body =
      "SAMLResponse=" +
      http::percent_encode(forge::to_base64(forge::make_response(journey_authority(), options)));
  const UnderWay under_way = start(world);
  CHECK(post(world, body, under_way.cookie).status == 403);
  CHECK(world.log.has("code=unsolicited_response"));
  world.settings->identity_providers[0].allow_unsolicited = true;
  world.start();
  CHECK(header(post(world, body, ""), "Location") == "/home");
}

TEST_CASE("the repeat of a finished sign-on finds its way back to the page") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  const UnderWay under_way = start(world);
  const std::string body = form(world, under_way);
  const Response first = post(world, body, under_way.cookie);
  const std::string done = pair_of(headers(first, "Set-Cookie")[1]);
  const Response again = post(world, body, done);
  CHECK(header(again, "Location").starts_with("/auth/sign-in?notice=stale"));
  CHECK(world.database.calls["sign_on"] == 1);
}

TEST_CASE("a Response to a company that was closed meanwhile is refused as that") {
  World world;
  const UnderWay under_way = start(world);
  const std::string body = form(world, under_way);
  world.settings->identity_providers[0].closed = "for a test";
  world.start();
  CHECK(post(world, body, under_way.cookie).status == 403);
  CHECK(world.log.has("code=company_closed"));
  CHECK(world.database.calls["sign_on"] == 0);
}

TEST_CASE("what an assertion gives goes along in the one round trip") {
  World world;
  world.database.give("sign_on", {"signed_in", "user"});
  AssertedAccess& table = world.settings->identity_providers.at(0).asserted;
  const auto sent = [&](const std::string& name, const std::vector<std::string>& values) {
    forge::Options options;
    options.attributes.emplace_back(name, values);
    const UnderWay under_way = start(world);
    post(world, form(world, under_way, options), under_way.cookie);
    const Params& params = world.database.last["sign_on"];
    std::string said;
    for (std::size_t i = 23; i < params.size(); ++i) said += *params[i] + ";";
    return said;
  };
  CHECK(sent(kEntraGroups, {"A"}) == R"(no_table;{};{};{};{"viewer","manager"};)");
  table = {kEntraGroups, {{"A", "manager", {"elm", "oak"}}, {"B", "viewer", {"*"}}}};
  // Another company's is its own.
  world.settings->identity_providers.at(1).asserted = {kEntraGroups, {{"C", "manager", {"*"}}}};
  CHECK(sent(kEntraGroups, {"C", "A"}) ==
        R"(said;{"A","A"};{"elm","oak"};{"manager","manager"};{"viewer","manager"};)");
  CHECK(sent("other", {"A"}) == R"(said;{};{};{};{"viewer","manager"};)");
  CHECK_FALSE(world.log.has("groups are too many"));
  CHECK(
      sent(kEntraGroupsLink, {"x"}) ==
      R"(too_many;{"A","A","B"};{"elm","oak","*"};{"manager","manager","viewer"};{"viewer","manager"};)");
  CHECK(
      sent(kEntraGroupsLink, {"x"}) ==
      R"(too_many;{"A","A","B"};{"elm","oak","*"};{"manager","manager","viewer"};{"viewer","manager"};)");
  CHECK(std::ranges::count_if(world.log.lines, [](const std::string& line) {
          return line.find("groups are too many") != std::string::npos &&
                 line.find("idp=corp") != std::string::npos;
        }) == 1);
}
