#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

TEST_CASE("the sign-on page asks for an email address and costs no database") {
  World world;
  const Response response = world.answer({.path = "/auth/sign-in"});
  CHECK(response.status == 200);
  CHECK(response.body.find("name=\"email\"") != std::string::npos);
  CHECK(header(response, "Cache-Control") == "no-store");
  CHECK(world.database.calls.empty());
}

TEST_CASE("the domain picks the company's provider and its button") {
  World world;
  const Response response =
      world.answer({.method = "POST", .path = "/auth/sign-in", .body = "email=Ann%40Corp.test"});
  CHECK(response.status == 200);
  CHECK(response.body.find("Log In with corp") != std::string::npos);
  CHECK(response.body.find("Log In with other") == std::string::npos);
}

TEST_CASE("a subdomain is another domain") {
  World world;
  const Response response =
      world.answer({.method = "POST", .path = "/auth/sign-in", .body = "email=ann%40eu.corp.test"});
  CHECK(response.status == 422);
  CHECK(response.body.find("eu.corp.test") != std::string::npos);
}

TEST_CASE("what is not an address is shown again, escaped, with the reason") {
  World world;
  const Response response = world.answer({.method = "POST",
                                          .path = "/auth/sign-in",
                                          .body = "email=%3Cscript%3Ealert(1)%3C%2Fscript%3E"});
  CHECK(response.status == 422);
  CHECK(response.body.find("<script>alert") == std::string::npos);
}

TEST_CASE("forms from elsewhere are refused") {
  World world;
  const std::string path = GENERATE("/auth/sign-in", "/auth/sign-in/start", "/auth/sign-out");
  CHECK(world.answer({.method = "POST", .path = path, .origin = "https://evil.test"}).status ==
        403);
  CHECK(world.answer({.method = "POST", .path = path, .origin = "null"}).status == 403);
  CHECK(world.answer({.method = "POST", .path = path, .origin = ""}).status == 403);
  CHECK(world.answer({.method = "POST", .path = path, .sec_fetch_site = "cross-site"}).status ==
        403);
  CHECK(world.answer({.method = "POST", .path = path, .sec_fetch_site = "same-site"}).status ==
        403);
}

TEST_CASE("the button leads to the IdP with a sealed login state in a cookie of its own") {
  World world;
  const Response response = world.answer(
      {.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp&email=ann%40corp.test"});
  CHECK(response.status == 303);
  const std::string location = header(response, "Location");
  CHECK(location.starts_with("https://corp-idp.test/sso?SAMLRequest="));
  CHECK(location.find("&login_hint=ann%40corp.test") != std::string::npos);
  CHECK(location.find("&RelayState=") != std::string::npos);
  const std::string cookie = header(response, "Set-Cookie");
  CHECK(cookie.starts_with("__Host-anteroom-login-"));
  CHECK(cookie.find("; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=900") != std::string::npos);
  CHECK(world.database.calls.empty());
}

TEST_CASE("at most eight sign-ons are under way in a browser: the oldest gives way") {
  World world;
  std::vector<std::string> jar;
  for (int i = 0; i < 8; ++i) {
    world.clock.advance(std::chrono::seconds(13));
    const Response response =
        world.answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp"});
    REQUIRE(headers(response, "Set-Cookie").size() == 1);
    jar.push_back(pair_of(header(response, "Set-Cookie")));
  }
  std::string cookies;
  for (const std::string& pair : jar) cookies += pair + "; ";
  const Response response = world.answer(
      {.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp", .cookie = cookies});
  const auto set = headers(response, "Set-Cookie");
  REQUIRE(set.size() == 2);
  CHECK(set[0].starts_with(jar[0].substr(0, jar[0].find('=')) + "=; "));
  CHECK(set[0].find("Max-Age=0") != std::string::npos);
}

TEST_CASE("whoever is signed in already is sent on, not asked again") {
  World world;
  world.sign_in_as(UserStatus::active, "viewer");
  const Response response = world.answer({.path = "/auth/sign-in", .cookie = kSessionCookieHeader});
  CHECK(response.status == 303);
  CHECK(header(response, "Location") == "/home");
}

TEST_CASE("a POST-bound IdP gets a page that posts itself") {
  World world;
  world.settings->identity_providers[0].request_binding = RequestBinding::post;
  world.start();
  const Response response =
      world.answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp"});
  CHECK(response.status == 200);
  CHECK(response.body.find("name=\"SAMLRequest\"") != std::string::npos);
}

TEST_CASE("hosts, paths and methods that are not ours are told so") {
  World world;
  CHECK(world.answer({.host = "evil.test", .path = "/auth/sign-in"}).status == 421);
  CHECK(world.answer({.path = "/auth/nothing"}).status == 404);
  CHECK(world.answer({.method = "DELETE", .path = "/auth/sign-in"}).status == 405);
  CHECK(world.answer({.method = "PUT", .path = "/saml2/idpresponse"}).status == 405);
  CHECK(world.answer({.method = "POST", .host = "app.test", .path = "/saml2/idpresponse"}).status ==
        404);
  CHECK(header(world.answer({.host = "app.test", .path = "/auth/sign-in"}), "Location") ==
        "https://login.test/auth/sign-in");
}

TEST_CASE("on its way to the login host, why somebody signs in again is not lost, nor made up") {
  World world;
  const auto location = [&](const std::string& query) {
    return header(world.answer({.host = "app.test", .path = "/auth/sign-in", .query = query}),
                  "Location");
  };
  for (const std::string notice : {"choose", "stale", "elsewhere"}) {
    const std::string query = "notice=" + notice;
    CHECK(location(query) == "https://login.test/auth/sign-in?" + query);
    CHECK(location("r=AAAA&" + query) == "https://login.test/auth/sign-in?" + query + "&r=AAAA");
  }
  CHECK(location("notice=evil%0d%0a&r=AAAA") == "https://login.test/auth/sign-in?r=AAAA");
}

TEST_CASE("a domain is found however it is written, and shown as people write it") {
  World world;
  world.settings->identity_providers[0].domains = {"xn--mnchen-3ya.example"};
  world.start();
  for (const char* email : {"ann%40m%C3%BCnchen.example", "ann%40xn--mnchen-3ya.example",
                            "Ann%40M%C3%9CNCHEN.example"}) {
    const Response page = world.answer(
        {.method = "POST", .path = "/auth/sign-in", .body = "email=" + std::string(email)});
    CHECK(page.status == 200);
    CHECK_THAT(page.body, Catch::Contains("ann<wbr>@münchen.example"));
    CHECK_THAT(page.body, Catch::Contains("value=\"ann@xn--mnchen-3ya.example\""));
  }
  CHECK(world
            .answer({.method = "POST",
                     .path = "/auth/sign-in",
                     .body = "email=ann%40m%C3%BCnch%D0%B5n.example"})
            .status == 422);
}

TEST_CASE("a host may name its scheme's default port") {
  World world;
  const auto status = [&](const std::string& host) {
    return world.answer({.host = host, .path = "/auth/sign-in"}).status;
  };
  const int as_named = status("login.test");
  CHECK(as_named == 200);
  CHECK(status("login.test:443") == as_named);
  CHECK(status("LOGIN.test:443") == as_named);
  CHECK(status("app.test:443") == status("app.test"));
  RequestHead gated;
  gated.headers.host = "app.test:443";
  CHECK(world.site->turn_away(Outcome::sign_on, gated, nullptr, {}).status == 401);
  for (const char* other : {"login.test:80", "login.test:4433", "login.test:", "login.test:0443",
                            "login.test:443:443", "login.test.", "login.tes", ":443", ""}) {
    INFO(other);
    CHECK(status(other) == 421);
  }
}

TEST_CASE("a host of an origin with a port is named with that port") {
  World world;
  world.settings->service_provider.apps.push_back({"http://plain.test", "plain.test"});
  world.settings->service_provider.apps.push_back({"https://port.test:8443", "port.test:8443"});
  world.start();
  const auto is_ours = [&](const std::string& host) {
    return world.answer({.host = host, .path = "/auth/sign-in"}).status != 421;
  };
  CHECK(is_ours("plain.test"));
  CHECK(is_ours("plain.test:80"));
  CHECK_FALSE(is_ours("plain.test:443"));
  CHECK(is_ours("port.test:8443"));
  CHECK_FALSE(is_ours("port.test"));
  CHECK_FALSE(is_ours("port.test:443"));
  CHECK_FALSE(is_ours("port.test:8443:443"));
}

TEST_CASE("without randomness nobody is sent anywhere") {
  World world;
  world.random.is_broken = true;
  CHECK(
      world.answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp"}).status ==
      503);
}

TEST_CASE("a bookmarked Reply URL leads to signing in, with a sentence why") {
  World world;
  const Response response = world.answer({.path = "/saml2/idpresponse"});
  CHECK(header(response, "Location") == "/auth/sign-in?notice=stale");
  const Response page = world.answer({.path = "/auth/sign-in", .query = "notice=stale"});
  CHECK(page.body.find("start again") != std::string::npos);
}

TEST_CASE("our metadata is served on the login host, for everybody to keep a while") {
  World world;
  const Response response = world.answer({.path = "/auth/metadata"});
  CHECK(response.status == 200);
  CHECK(header(response, "Content-Type") == "application/samlmetadata+xml");
  CHECK(header(response, "Cache-Control") == "public, max-age=300");
  for (const char* part :
       {"entityID=\"https://sp.test\"", "Location=\"https://login.test/saml2/idpresponse\"",
        "Location=\"https://login.test/saml2/logout\"", "<md:RequestedAttribute Name=\"mail\""}) {
    CHECK(response.body.find(part) != std::string::npos);
  }
  CHECK(world.answer({.host = "app.test", .path = "/auth/metadata"}).status == 404);
}

TEST_CASE("whatever is wrong with one company closes that company, and nobody else") {
  const forge::Authority weak = forge::make_authority(forge::KeyType::rsa1024);
  using Change = std::function<void(IdentityProvider&)>;
  const std::vector<Change> changes{
      [](IdentityProvider& idp) { idp.closed = "its metadata is not XML"; },
      [](IdentityProvider& idp) {
        idp.metadata = {};
        idp.closed = "nothing was read";
      },
      [](IdentityProvider& idp) { idp.metadata.signing_certificates_der = {}; },
      [](IdentityProvider& idp) {
        idp.metadata.signing_certificates_der = {"", "junk"};
      },
      [&](IdentityProvider& idp) {
        idp.metadata.signing_certificates_der = {weak.certificate_der};
      },
      // What nobody foresaw: Lasso gets metadata that is not XML.
      [](IdentityProvider& idp) { idp.metadata.entity_id = "\x01"; },
      [](IdentityProvider& idp) { idp.metadata.sso_redirect_url = "\x01"; }};
  for (const Change& change : changes) {
    World world;
    change(world.settings->identity_providers[0]);
    world.start();
    const auto press = [&](const std::string& idp) {
      return world.answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=" + idp});
    };
    CHECK(press("other").status == 303);
    const Response refused = press("corp");
    CHECK(refused.status == 403);
    CHECK(refused.body.find("does not work at the moment") != std::string::npos);
    CHECK(world.log.has("company closed"));
    CHECK(world.log.has("code=company_closed"));
    CHECK(world.log.has("idp=corp"));
    CHECK_FALSE(world.log.has("idp=other"));
    CHECK(world.answer({.path = "/auth/metadata"}).status == 200);
  }
}

TEST_CASE("keys of our own that are of no use cost what they are for, and no more") {
  World world;
  world.settings->service_provider.decryption = {{Secret("junk"), "junk"}};
  world.settings->service_provider.signing = KeyPair{Secret("junk"), "junk"};
  world.settings->service_provider.sign_metadata = true;
  world.start();
  CHECK(world.answer({.path = "/auth/metadata"}).status == 503);
  CHECK(world.log.has("our own metadata is not served"));
  for (const char* idp : {"corp", "other"}) {
    CHECK(world
              .answer({.method = "POST",
                       .path = "/auth/sign-in/start",
                       .body = std::string("idp=") + idp})
              .status == 303);
  }
}

TEST_CASE("after validUntil of its metadata an IdP is no longer trusted") {
  World world;
  const Response left =
      world.answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp"});
  REQUIRE(left.status == 303);
  world.settings->identity_providers[0].metadata.valid_until =
      world.clock.now() + std::chrono::seconds(10);
  world.start();
  const auto press = [&] {
    return world.answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp"});
  };
  CHECK(press().status == 303);
  world.clock.advance(std::chrono::seconds(10));
  const Response refused = press();
  CHECK(refused.status == 403);
  CHECK(refused.body.find("must be renewed") != std::string::npos);
  CHECK(world.log.has("code=metadata_expired"));
}
