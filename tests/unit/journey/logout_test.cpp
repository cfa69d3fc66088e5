// Sign-out at the identity provider, begun here or there.
#include <zlib.h>

#include "crypto/encoding.h"
#include "fixture.h"
#include "http/form.h"
#include "support/redirect.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kCookie = "__Host-anteroom=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

struct LogoutWorld : World {
  // `is_summary`: nobody has signed on at this worker, which knows corp by its summary.
  explicit LogoutWorld(bool is_summary = false) {
    if (is_summary) make_summary(settings->identity_providers[0]);
    for (IdentityProvider& idp : settings->identity_providers) {
      idp.logout.binding = LogoutBinding::redirect;
      idp.logout.request_url = idp.logout.response_url = "https://idp.test/slo";
    }
    start();
    database.give("sign_out", {"corp", "ann@corp.test", "", "_a1"});
    database.give("log_out_by_idp", {"1"});
    sign_in_as(UserStatus::active, "viewer");
  }
  Response press_sign_out(const std::string& body = "") {
    return answer({.method = "POST", .path = "/auth/sign-out", .body = body, .cookie = kCookie});
  }
  Response post(const std::string& field, const std::string& xml, const std::string& relay = "") {
    return answer({.method = "POST",
                   .path = "/saml2/logout",
                   .body = field + "=" + http::percent_encode(forge::to_base64(xml)) +
                           "&RelayState=" + http::percent_encode(relay),
                   .origin = "https://idp.test"});
  }
  std::string message(const std::string& name, const std::string& more, const std::string& inner,
                      const std::string& issuer = "https://idp.test/") {
    forge::Options options;
    return forge::sign(
        "<samlp:" + name +
            " xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
            "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_l1\" Version=\"2.0\" "
            "IssueInstant=\"2027-01-15T08:00:00Z\" "
            "Destination=\"https://login.test/saml2/logout\"" +
            more + "><saml:Issuer>" + issuer + "</saml:Issuer>" + inner + "</samlp:" + name + ">",
        "_l1", journey_authority(), options);
  }
  std::string request() {
    return message("LogoutRequest", "", "<saml:NameID>ann@corp.test</saml:NameID>");
  }
  std::string response(const std::string& answers, const std::string& status = "Success") {
    return message("LogoutResponse", " InResponseTo=\"" + answers + "\"",
                   "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:" +
                       status + "\"/></samlp:Status>");
  }
};

std::string inflated(const std::string& packed) {
  std::string out(64u << 10, '\0');
  z_stream stream{};
  inflateInit2(&stream, -MAX_WBITS);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string text_between(const std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.substr(at + from.size(), text.find(to, at + from.size()) - at - from.size());
}

// ID and RelayState of the LogoutRequest that a redirect carries.
std::pair<std::string, std::string> sent(const Response& response) {
  const std::string url = header(response, "Location");
  const auto form = http::Form::parse(std::string_view(url).substr(url.find('?') + 1));
  const std::string xml = inflated(*crypto::from_base64(form->get("SAMLRequest")));
  return {text_between(xml, " ID=\"", "\""), std::string(form->get("RelayState"))};
}

}  // namespace

TEST_CASE("signing out ends our session first, then goes to the IdP") {
  LogoutWorld world;
  const Response left = world.press_sign_out();
  CHECK(left.status == 303);
  CHECK(world.database.calls["sign_out"] == 1);
  CHECK_THAT(header(left, "Location"),
             Catch::Matchers::StartsWith("https://idp.test/slo?SAMLRequest="));
  CHECK_THAT(header(left, "Set-Cookie"), Contains("__Host-anteroom=;"));
  CHECK(sent(left).second.size() <= 80);

  const auto [id, relay] = sent(left);
  const Response back = world.post("SAMLResponse", world.response(id), relay);
  CHECK(back.status == 303);
  const std::string location = header(back, "Location");
  const Response page =
      world.answer({.path = "/auth/signed-out", .query = location.substr(location.find('?') + 1)});
  CHECK_THAT(page.body, Contains("corp confirmed"));
  const Response failed = world.post("SAMLResponse", world.response(id, "Responder"), relay);
  const std::string other = header(failed, "Location");
  CHECK_THAT(
      world.answer({.path = "/auth/signed-out", .query = other.substr(other.find('?') + 1)}).body,
      Contains("could not confirm that you are signed out at corp too"));
}

TEST_CASE("an answer to another browser's sign-out, or to none, says nothing of the IdP") {
  LogoutWorld world;
  const auto [id, relay] = sent(world.press_sign_out());
  CHECK(header(world.post("SAMLResponse", world.response("idother"), relay), "Location") ==
        "/auth/signed-out");
  CHECK(header(world.post("SAMLResponse", world.response(id), "x"), "Location") ==
        "/auth/signed-out");
  CHECK_THAT(world.answer({.path = "/auth/signed-out", .query = "s=x"}).body, !Contains("confirm"));
}

namespace {

// An answer that came, and what the browser that brought it sees in the end.
std::string seen(World& world, const Response& came) {
  REQUIRE(came.status == 303);
  CHECK(header(came, "Set-Cookie").empty());
  const std::string location = header(came, "Location");
  const auto query = location.find('?');
  CHECK(location.substr(0, query) == "/auth/signed-out");
  const Response page =
      world.answer({.path = "/auth/signed-out",
                    .query = query == std::string::npos ? "" : location.substr(query + 1)});
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("You are signed out"));
  return page.body;
}

std::string without_signature(const std::string& xml) {
  const auto from = xml.find("<ds:Signature");
  const std::string end = "</ds:Signature>";
  return forge::replaced(xml, xml.substr(from, xml.find(end) + end.size() - from), "");
}

constexpr const char* kUnsure = "could not confirm that you are signed out at corp too";

}  // namespace

TEST_CASE(
    "an answer that cannot be accepted is logged; who brings it is signed out and sees that") {
  LogoutWorld world;
  const auto [id, relay] = sent(world.press_sign_out());
  const auto calls = world.database.calls;
  const std::string good = world.response(id);
  const auto ignored = [&](const std::string& xml, const std::string& code) {
    world.log.lines.clear();
    CAPTURE(code);
    CHECK_THAT(seen(world, world.post("SAMLResponse", xml, relay)), Contains(kUnsure));
    REQUIRE(world.log.lines.size() == 1);
    CHECK_THAT(world.log.lines[0], Contains("logout answer ignored code=" + code +
                                            " client=192.0.2.1 "
                                            "idp=corp"));
  };
  ignored(without_signature(good), "signature_missing");
  ignored(forge::replaced(good, "status:Success", "status:Responder"), "signature_invalid");
  ignored(world.response(""), "in_response_to");
  ignored(world.response(id, "Responder"), "status");
  world.clock.advance(std::chrono::minutes(8));
  ignored(good, "not_on_or_after");
  CHECK(world.database.calls == calls);
}

TEST_CASE("an answer from nobody we know, or to nothing we asked, says nothing of the IdP") {
  LogoutWorld world;
  const auto [id, relay] = sent(world.press_sign_out());
  const auto generic = [&](const Response& came) {
    const std::string page = seen(world, came);
    CHECK_THAT(page, !Contains("corp"));
    CHECK_THAT(page, Contains("may still be open"));
  };
  generic(world.post("SAMLResponse", "junk", relay));
  generic(
      world.answer({.path = "/saml2/logout", .query = "SAMLResponse=junk&RelayState=" + relay}));
  generic(world.answer({.path = "/saml2/logout", .query = "SAMLResponse="}));
  for (const std::string& odd :
       {std::string(), std::string("x"), relay + "x", std::string(5000, 'a')}) {
    CAPTURE(odd);
    generic(world.post("SAMLResponse", world.response(id), odd));
    generic(
        world.post("SAMLResponse", forge::replaced(world.response(id), "_l1\" V", "_l2\" V"), odd));
  }
  // Another company's answer to the request that went to this one.
  generic(world.post("SAMLResponse",
                     world.message("LogoutResponse", " InResponseTo=\"" + id + "\"",
                                   "<samlp:Status><samlp:StatusCode "
                                   "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
                                   "</samlp:Status>",
                                   "https://other-idp.test/"),
                     relay));
  // Too late.
  world.clock.advance(std::chrono::minutes(16));
  generic(world.post("SAMLResponse", world.response(id), relay));
}

TEST_CASE("an answer may come twice and by either binding: nothing is consumed by it") {
  LogoutWorld world;
  const auto [id, relay] = sent(world.press_sign_out());
  const auto calls = world.database.calls;
  for (int i = 0; i < 2; ++i) {
    CHECK_THAT(seen(world, world.post("SAMLResponse", world.response(id), relay)),
               Contains("corp confirmed"));
    const forge::Redirect message{"SAMLResponse", without_signature(world.response(id)), relay};
    const std::string query = forge::signed_query(message, journey_authority());
    CHECK_THAT(seen(world, world.answer({.path = "/saml2/logout", .query = query})),
               Contains("corp confirmed"));
    CHECK_THAT(seen(world, world.answer(
                               {.path = "/saml2/logout", .query = forge::unsigned_query(message)})),
               Contains(kUnsure));
  }
  CHECK(world.database.calls == calls);
}

TEST_CASE("nobody who is signed in is told to be signed out") {
  LogoutWorld world;
  const auto asked = [&](const std::string& query) {
    return world.answer({.path = "/auth/signed-out", .query = query, .cookie = kCookie});
  };
  for (const char* query : {"", "s=x"}) {
    CHECK(header(asked(query), "Location") == "/auth/sign-out");
  }
  CHECK(header(world.post("SAMLResponse", "junk"), "Location") == "/auth/signed-out");
  world.record.clear();
  CHECK(asked("").status == 200);
}

TEST_CASE("switching the account, or an IdP without logout, ends the session here only") {
  LogoutWorld world;
  CHECK(header(world.press_sign_out("then=sign-in"), "Location") == "/auth/sign-in?notice=choose");
  for (IdentityProvider& idp : world.settings->identity_providers)
    idp.logout.binding = LogoutBinding::off;
  CHECK(header(world.press_sign_out(), "Location") == "/auth/signed-out");
}

TEST_CASE("without a database the sign-out says so and still removes the cookie") {
  LogoutWorld world;
  world.database.answers.erase("sign_out");
  const Response response = world.press_sign_out();
  CHECK(response.status == 503);
  CHECK_THAT(header(response, "Set-Cookie"), Contains("__Host-anteroom=;"));
}

TEST_CASE("an IdP's LogoutRequest needs no cookie, ends the sessions and is answered, in a frame") {
  LogoutWorld world;
  const Response answer = world.post("SAMLRequest", world.request(), "keep me");
  CHECK(world.database.calls["log_out_by_idp"] == 1);
  CHECK(world.database.last["log_out_by_idp"][4] == "ann@corp.test");
  CHECK_THAT(header(answer, "Location"),
             Catch::Matchers::StartsWith("https://idp.test/slo?SAMLResponse="));
  CHECK_THAT(header(answer, "Location"), Contains("RelayState=keep%20me"));
  for (IdentityProvider& idp : world.settings->identity_providers) idp.logout.answer = false;
  const Response page = world.post("SAMLRequest", world.request());
  CHECK(page.status == 200);
  CHECK(header(page, "X-Frame-Options").empty());
  CHECK_THAT(header(page, "Content-Security-Policy"), !Contains("frame-ancestors"));
}

TEST_CASE("a forged, foreign or repeated LogoutRequest ends nothing") {
  LogoutWorld world;
  const auto refused = [&](const std::string& xml) {
    const Response response = world.post("SAMLRequest", xml);
    return response.status == 403 && world.database.calls["log_out_by_idp"] == 0;
  };
  CHECK(refused(forge::replaced(world.request(), "ann@", "bob@")));
  CHECK(refused(world.message("LogoutRequest", "", "<saml:NameID>ann@corp.test</saml:NameID>",
                              "https://nobody.test/")));
  CHECK(refused("junk"));
  world.database.give("log_out_by_idp", {std::nullopt});
  CHECK(world.post("SAMLRequest", world.request()).status == 403);
}

TEST_CASE("somebody who only opens the Logout URL sees that they are signed out") {
  LogoutWorld world;
  CHECK(header(world.answer({.path = "/saml2/logout"}), "Location") == "/auth/signed-out");
  CHECK(world.answer({.method = "PUT", .path = "/saml2/logout"}).status == 405);
  CHECK(world.answer({.host = "app.test", .path = "/saml2/logout"}).status == 404);
}

TEST_CASE("pages with a sign-out form let it lead to the IdP") {
  LogoutWorld world;
  const Response page = world.answer({.path = "/auth/sign-out", .cookie = kCookie});
  CHECK_THAT(header(page, "Content-Security-Policy"), Contains("form-action 'self' https:"));
}

TEST_CASE("a company that nobody has signed on at here may end sessions, too") {
  LogoutWorld world(true);
  SECTION("its keys are asked for") {
    CHECK(world.post("SAMLRequest", world.request()).status == 303);
    CHECK(world.database.calls["log_out_by_idp"] == 1);
    CHECK(world.database.calls["metadata_of_company"] == 1);
  }
  SECTION("and decide") {
    std::string changed = world.request();
    changed.replace(changed.find("ann@corp.test"), 3, "eve");
    CHECK(world.post("SAMLRequest", changed).status == 403);
    CHECK(world.database.calls["log_out_by_idp"] == 0);
  }
  SECTION("with the database away it is told to come again") {
    world.database.answers.erase("metadata_of_company");
    CHECK(world.post("SAMLRequest", world.request()).status == 503);
  }
}
