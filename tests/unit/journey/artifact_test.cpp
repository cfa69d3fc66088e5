// The way back by artifact: who may make us ask an IdP, and what comes of its answer.

#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "crypto/seal.h"
#include "http/form.h"
#include "session/login_state.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

struct ArtifactWorld : World {
  std::string cookie;
  std::string artifact;

  // `is_summary`: nobody has signed on at this worker, which knows corp by its summary.
  explicit ArtifactWorld(bool is_summary = false) {
    IdentityProvider& corp = settings->identity_providers[0];
    if (is_summary) make_summary(corp);
    corp.response_binding = ResponseBinding::artifact;
    corp.metadata.artifact_urls = {{0, "https://corp-idp.test/artifact"}};
    start();
    database.give("sign_on", {"signed_in", "user"});
    back_channel.answer = [this](const BackChannelCall& call) { return resolve(call); };
    artifact = artifact_of("https://idp.test/");
    if (is_summary) return;
    const Response away =
        answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=corp"});
    cookie = pair_of(header(away, "Set-Cookie"));
  }

  static std::string artifact_of(const std::string& entity_id) {
    return crypto::base64(std::string("\x00\x04\x00\x00", 4) +
                          *crypto::digest(crypto::Hash::sha1, entity_id) + std::string(20, 'h'));
  }

  [[nodiscard]] std::string request_id() {
    const crypto::Sealer sealer(settings->sessions.cookie_keys);
    std::vector<std::string> stale;
    return session::login_states(sealer, cookie, clock.now(), stale).at(0).request_id;
  }

  Result<std::string> resolve(const BackChannelCall& call) {
    const auto at = call.body.find(" ID=\"") + 5;
    const std::string id = call.body.substr(at, call.body.find('"', at) - at);
    forge::Options options;
    options.in_response_to = request_id();
    std::string xml = forge::make_response(journey_authority(), options);
    if (xml.starts_with("<?xml")) xml.erase(0, xml.find("?>") + 2);
    return "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>"
           "<p:ArtifactResponse xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_ar1\" "
           "Version=\"2.0\" IssueInstant=\"2027-01-15T08:00:00Z\" InResponseTo=\"" +
           id +
           "\"><p:Status><p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
           "</p:Status>" +
           xml + "</p:ArtifactResponse></e:Body></e:Envelope>";
  }

  Response get(const std::string& method = "GET") {
    return answer({.method = method,
                   .path = "/saml2/idpresponse",
                   .query = "SAMLart=" + http::percent_encode(artifact),
                   .cookie = cookie});
  }
  Response post(const std::string& more = "") {
    return answer({.method = "POST",
                   .path = "/saml2/idpresponse",
                   .body = "SAMLart=" + http::percent_encode(artifact) + more,
                   .cookie = cookie,
                   .origin = "https://corp-idp.test"});
  }
};

bool opened(const Response& response) {
  return response.status == 303 && header(response, "Location") == "/home";
}

}  // namespace

TEST_CASE("a Response is fetched for an artifact that came by query or form") {
  ArtifactWorld world;
  SECTION("query") {
    CHECK(opened(world.get()));
  }
  SECTION("form") {
    CHECK(opened(world.post()));
  }
  CHECK(world.back_channel.calls == 1);
  CHECK(world.database.calls["sign_on"] == 1);
}

TEST_CASE("an artifact may come to a worker that has to ask for the keys first: it is used once") {
  const ArtifactWorld begun;
  ArtifactWorld world(true);
  world.cookie = begun.cookie;
  SECTION("they come") {
    CHECK(opened(world.get()));
    CHECK(world.back_channel.calls == 1);
    CHECK(world.database.calls["metadata_of_company"] == 1);
  }
  SECTION("they do not, and the artifact stays good") {
    world.database.answers.erase("metadata_of_company");
    CHECK(world.get().status == 503);
    CHECK(world.back_channel.calls == 0);
  }
}

TEST_CASE("no IdP is asked for a browser that has no sign-on under way there") {
  ArtifactWorld world;
  SECTION("no cookie") {
    world.cookie.clear();
  }
  SECTION("another IdP's artifact") {
    world.artifact = world.artifact_of("https://evil.test/");
  }
  SECTION("under way at an IdP that was not asked for one") {
    world.artifact = world.artifact_of("https://other-idp.test/");
    const Response away =
        world.answer({.method = "POST", .path = "/auth/sign-in/start", .body = "idp=other"});
    world.cookie = pair_of(header(away, "Set-Cookie"));
  }
  SECTION("a sign-on that is done") {
    const auto cookies = headers(world.get(), "Set-Cookie");
    REQUIRE(cookies.size() == 3);
    world.cookie = pair_of(cookies[1]);
    world.back_channel.calls = 0;
  }
  for (const Response& response : {world.get(), world.post()}) {
    CHECK(header(response, "Location").starts_with("/auth/sign-in?notice=stale"));
  }
  CHECK(world.back_channel.calls == 0);
}

TEST_CASE("HEAD uses no artifact up") {
  ArtifactWorld world;
  CHECK(world.get("HEAD").status == 303);
  CHECK(world.back_channel.calls == 0);
}

TEST_CASE("a form or query that says two things is refused") {
  ArtifactWorld world;
  CHECK(world.post("&SAMLResponse=AAAA").status == 400);
  CHECK(world.post("&SAMLart=AAAA").status == 400);
  CHECK(world
            .answer({.path = "/saml2/idpresponse",
                     .query = "SAMLart=AAAA&SAMLResponse=AAAA",
                     .cookie = world.cookie})
            .status == 400);
  CHECK(world.back_channel.calls == 0);
}

TEST_CASE("what is not an artifact is refused before anybody is asked") {
  ArtifactWorld world;
  world.artifact = "AAQAAA==";
  const Response response = world.get();
  CHECK(response.status == 403);
  CHECK(world.log.has("code=artifact_malformed"));
  CHECK(world.back_channel.calls == 0);
}

TEST_CASE("an IdP that cannot be reached is an outage, with the reason in the log alone") {
  ArtifactWorld world;
  world.back_channel.answer = [](const BackChannelCall&) {
    return Failure{code::kBackChannel, "https://corp-idp.test/artifact: Connection refused"};
  };
  const Response response = world.get();
  CHECK(response.status == 503);
  CHECK(world.log.has("code=back_channel"));
  CHECK(world.log.has("Connection refused"));
  CHECK(response.body.find("refused") == std::string::npos);
  CHECK(world.database.calls["audit"] == 1);
  CHECK(world.database.calls["sign_on"] == 0);
}

TEST_CASE("too many calls under way is told as being busy") {
  ArtifactWorld world;
  world.back_channel.answer = [](const BackChannelCall&) {
    return Failure{code::kOverloaded, "too many"};
  };
  const Response response = world.get();
  CHECK(response.status == 503);
  CHECK_FALSE(header(response, "Retry-After").empty());
}

TEST_CASE("a fetched Response passes every rule that a posted one passes") {
  ArtifactWorld world;
  std::string from;
  std::string to;
  SECTION("another request's") {
    from = "InResponseTo=\"" + world.request_id() + "\" ID=\"_r1\"";
    to = "InResponseTo=\"idother\" ID=\"_r1\"";
  }
  SECTION("changed on the way") {
    from = ">ann@corp.test</AttributeValue>";
    to = ">eve@corp.test</AttributeValue>";
  }
  world.back_channel.answer = [&](const BackChannelCall& call) -> Result<std::string> {
    return forge::replaced(*world.resolve(call), from, to);
  };
  CHECK_FALSE(opened(world.get()));
  CHECK(world.back_channel.calls == 1);
  CHECK(world.database.calls["sign_on"] == 0);
}

TEST_CASE("an IdP that does not know the artifact refuses kindly") {
  ArtifactWorld world;
  world.back_channel.answer = [&](const BackChannelCall& call) -> Result<std::string> {
    const std::string good = *world.resolve(call);
    const auto from = good.find("</p:Status>") + 11;
    return good.substr(0, from) + good.substr(good.find("</p:ArtifactResponse>"));
  };
  const Response response = world.get();
  CHECK(response.status == 403);
  CHECK(world.log.has("code=artifact_unknown"));
}
