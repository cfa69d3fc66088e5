#include "crypto/encoding.h"
#include "fixture.h"
#include "session/mint.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

const std::string kToken = "scim_" + std::string(43, 'A');

Response ask(World& world, const std::string& method, const std::string& path,
             const std::string& authorization, const std::string& body = "",
             const std::string& host = "login.test") {
  RequestHead head;
  head.method = method;
  head.path = path;
  head.headers.host = host;
  head.headers.authorization = authorization;
  head.headers.content_type = "application/scim+json";
  return wait(world.site->handle(Request(head, body)));
}

}  // namespace

TEST_CASE("what is not a token, or not of a company, costs the database nothing") {
  World world;
  for (const std::string& authorization :
       {std::string(), std::string("Bearer x"), "Basic " + kToken, "Bearer " + kToken + "A",
        "Bearer scim_" + std::string(43, '\'')}) {
    const Response answer = ask(world, "GET", "/auth/scim/v2/corp/Users", authorization);
    CHECK(answer.status == 401);
    CHECK(header(answer, "WWW-Authenticate") == "Bearer");
    CHECK(header(answer, "Content-Type") == "application/scim+json");
  }
  CHECK(ask(world, "GET", "/auth/scim/v2/nobody/Users", "Bearer " + kToken).status == 401);
  CHECK(ask(world, "GET", "/auth/scim/", "Bearer " + kToken).status == 401);
  CHECK(ask(world, "GET", "/auth/scim/v1/corp/Users", "Bearer " + kToken).status == 401);
  CHECK(world.database.calls.empty());
  CHECK(world.log.has("refused code=scim_token status=401"));
}

TEST_CASE("a token of no company costs one look-up of it, one of all, and is not logged") {
  World world;
  world.database.give("scim_authenticate", {"f"});
  CHECK(ask(world, "GET", "/auth/scim/v2/corp/Users", "Bearer " + kToken).status == 401);
  CHECK(world.database.calls ==
        std::map<std::string, int>{{"scim_authenticate", 1}, {"scim_token_keys", 1}});
  CHECK(world.database.last["scim_authenticate"][0] == "corp");
  CHECK_FALSE(world.log.has(kToken));
}

TEST_CASE("tokens that are made up cost next to nothing, and keep no directory out") {
  World world;
  const std::string good =
      "scim_" +
      *session::Mints(world.settings->sessions.cookie_keys).directories.make(world.random, "corp");
  const auto ask_with = [&](const std::string& token) {
    return ask(world, "GET", "/auth/scim/v2/corp/ServiceProviderConfig", "Bearer " + token).status;
  };
  std::vector<TokenHash> tokens;
  world.database.answers["scim_token_keys"] = [&](const Params&) {
    Rows rows;
    for (const TokenHash& hash : tokens) {
      rows.rows.push_back({"corp", crypto::to_hex(std::string(hash.begin(), hash.end()))});
    }
    return rows;
  };
  world.database.answers["scim_authenticate"] = [&](const Params& params) {
    const auto hash = hash_token(good);
    return Rows{{{params[1] == store::bytea_literal(*hash) ? "t" : "f"}}};
  };
  for (char last = 'a'; last <= 'z'; ++last) {
    CHECK(ask_with("scim_" + std::string(42, 'C') + last) == 401);
  }
  CHECK(world.database.calls["scim_token_keys"] == 1);
  CHECK(world.database.calls["scim_authenticate"] == 1);
  tokens.push_back(*hash_token(good));
  CHECK(ask(world, "GET", "/auth/scim/v2/other/ServiceProviderConfig", "Bearer " + good).status ==
        401);
  CHECK(world.database.calls["scim_authenticate"] == 1);
  world.clock.advance(std::chrono::milliseconds(100));
  CHECK(ask_with(good) == 200);
  CHECK(ask_with(good) == 200);
  CHECK(world.database.calls["scim_token_keys"] == 2);
  CHECK(world.database.calls["scim_authenticate"] == 3);
}

TEST_CASE("directories are served on the login host only") {
  World world;
  world.database.give("scim_authenticate", {"t"});
  const Response answer =
      ask(world, "GET", "/auth/scim/v2/corp/Users", "Bearer " + kToken, "", "app.test");
  CHECK(answer.status == 404);
  CHECK(world.database.calls.empty());
}

TEST_CASE("the company's domains and canonical addresses go to the database") {
  World world;
  world.database.give("scim_authenticate", {"t"});
  world.database.give("scim_create_user", {"exists"});
  const std::string body =
      R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"Ann",)"
      R"("emails":[{"type":"work","value":"Ann@Corp.test"}]})";
  CHECK(ask(world, "POST", "/auth/scim/v2/corp/Users", "Bearer " + kToken, body).status == 409);
  const Params& params = world.database.last["scim_create_user"];
  CHECK(params[0] == "corp");
  CHECK(params[1] == "{\"corp.test\"}");
  CHECK(params[2] == "Ann");
  CHECK(params[3] == "");
  CHECK(params[5] == "Ann@Corp.test");
  CHECK(params[6] == "ann@corp.test");
  CHECK(ask(world, "POST", "/auth/scim/v2/other/Users", "Bearer " + kToken, body).status == 400);
  CHECK(world.database.calls["scim_create_user"] == 1);
}

TEST_CASE("a database that is away or says no is said in the form of directories") {
  World world;
  CHECK(ask(world, "GET", "/auth/scim/v2/corp/Users", "Bearer " + kToken).status == 503);
  world.database.give("scim_authenticate", {"t"});
  const Response away = ask(world, "GET", "/auth/scim/v2/corp/Users", "Bearer " + kToken);
  CHECK(away.status == 503);
  CHECK(header(away, "Retry-After") == "5");
  world.database.answers["scim_find_users"] = [](const Params&) {
    return Result<Rows>(Failure{code::kDatabaseRefused, "22P02 secret detail"});
  };
  const Response refused = ask(world, "GET", "/auth/scim/v2/corp/Users", "Bearer " + kToken);
  CHECK(refused.status == 500);
  CHECK(refused.body.find("secret") == std::string::npos);
  CHECK(header(refused, "Content-Type") == "application/scim+json");
}

TEST_CASE("whoever is to be off is, whatever else the request says that cannot be taken") {
  World world;
  world.database.give("scim_authenticate", {"t"});
  world.database.give("scim_change_user", {"not_found"});
  const std::string path = "/auth/scim/v2/corp/Users/2819c223-7f76-453a-919d-413861904646";
  const std::string schemas = R"("schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"])";
  const auto patch = [&](const std::string& operations) {
    return ask(world, "PATCH", path, "Bearer " + kToken,
               "{" + schemas + R"(,"Operations":[)" + operations + "]}")
        .status;
  };
  CHECK(patch(R"({"op":"replace","path":"bogus","value":1})") == 400);
  CHECK(world.database.calls["scim_change_user"] == 0);
  CHECK(patch(R"({"op":"replace","path":"bogus","value":1},)"
              R"({"op":"replace","path":"active","value":"False"})") == 400);
  CHECK(world.database.calls["scim_change_user"] == 1);
  CHECK(world.database.last["scim_change_user"].back() == "f");
}

TEST_CASE("what is big is read and written away from the event loop, what is small at once") {
  class CountingWorker : public Worker {
   public:
    int works = 0;
    bool is_full = false;
    [[nodiscard]] bool submit(std::function<void()> work, std::function<void()> done) override {
      if (is_full) return false;
      ++works;
      work();
      done();
      return true;
    }
  };
  World world;
  CountingWorker worker;
  const auto pages = std::make_shared<const pages::Renderer>(*world.settings);
  world.site = std::make_unique<Site>(
      world.settings, FirstCompanies{std::make_shared<const CompanyDirectory>(world.settings)},
      pages,
      Ports{world.database, worker, world.clock, world.random, world.log, world.memory,
            world.back_channel, world.meter},
      [](const TokenHash&, std::string_view, SessionUse,
         std::function<void(Result<std::string>)> done) { done(std::string()); });
  world.database.give("scim_authenticate", {"t"});
  world.database.give("scim_create_user", {"exists"});
  const auto post = [&](std::size_t padding) {
    const std::string body =
        R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@corp.test"})" +
        std::string(padding, ' ');
    return ask(world, "POST", "/auth/scim/v2/corp/Users", "Bearer " + kToken, body).status;
  };
  CHECK(post(0) == 409);
  CHECK(worker.works == 0);
  CHECK(post(20'000) == 409);
  CHECK(worker.works == 1);

  const auto list = [&](std::size_t users) {
    Rows rows;
    rows.rows.assign(users, std::vector<Cell>(12, "1"));
    world.database.answers["scim_find_users"] = [rows](const Params&) { return rows; };
    return ask(world, "GET", "/auth/scim/v2/corp/Users", "Bearer " + kToken).status;
  };
  CHECK(list(20) == 200);
  CHECK(worker.works == 1);
  CHECK(list(200) == 200);
  CHECK(worker.works == 2);

  const std::string group = "2819c223-7f76-453a-919d-413861904646";
  const auto show = [&](std::size_t members) {
    std::string ids = group;
    for (std::size_t i = 1; i < members; ++i) ids += "," + group;
    world.database.give("scim_find_groups", {"1", group, "G", "", "", "", ids});
    return ask(world, "GET", "/auth/scim/v2/corp/Groups/" + group, "Bearer " + kToken).status;
  };
  CHECK(show(100) == 200);
  CHECK(worker.works == 2);
  CHECK(show(5'000) == 200);
  CHECK(worker.works == 3);

  worker.is_full = true;
  CHECK(post(20'000) == 503);
  CHECK(post(0) == 409);
}

TEST_CASE("of several addresses a company's own is taken, and a private one is not a mistake") {
  World world;
  world.database.give("scim_authenticate", {"t"});
  world.database.give("scim_create_user", {"exists"});
  world.database.give("scim_change_user", {"not_found"});
  const auto post = [&](const std::string& emails) {
    return ask(world, "POST", "/auth/scim/v2/corp/users", "Bearer " + kToken,
               R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],)"
               R"("userName":"ann@corp.test","emails":[)" +
                   emails + "]}")
        .status;
  };
  const Params& made = world.database.last["scim_create_user"];
  CHECK(post(R"({"type":"home","value":"ann@mail.test"})") == 409);
  CHECK(made[5] == "");
  CHECK(made[6] == "");
  CHECK(post(R"({"type":"home","value":"ann@mail.test","primary":true},{"value":"A@corp.test"})") ==
        409);
  CHECK(made[5] == "A@corp.test");
  CHECK(made[6] == "a@corp.test");
  CHECK(post(R"({"type":"work","value":"ann@mail.test"},{"value":"a@corp.test"})") == 400);

  const auto patch = [&](const std::string& operation) {
    return ask(world, "PATCH", "/auth/scim/v2/corp/Users/2819c223-7f76-453a-919d-413861904646",
               "Bearer " + kToken,
               R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[)" +
                   operation + "]}")
        .status;
  };
  const Params& changed = world.database.last["scim_change_user"];
  CHECK(patch(R"({"op":"add","path":"emails","value":[{"type":"home","value":"a@mail.test"}]})") ==
        404);
  CHECK_FALSE(changed[6]);
  CHECK_FALSE(changed[7]);
  CHECK(patch(R"({"op":"add","path":"emails","value":[{"type":"home","value":"a@corp.test"}]})") ==
        404);
  CHECK(changed[6] == "a@corp.test");
  CHECK(changed[12] == "t");
  CHECK(patch(R"({"op":"remove","path":"emails[value eq \"a@corp.test\"]"})") == 404);
  CHECK(changed[6] == "");
  CHECK(changed[12] == "f");
  CHECK(changed[13] == "a@corp.test");
}

TEST_CASE("what cannot be done at all is said before what is wrong with how it was asked") {
  World world;
  world.database.give("scim_authenticate", {"t"});
  RequestHead head;
  head.headers.host = "login.test";
  const std::string authorization = "Bearer " + kToken;
  head.headers.authorization = authorization;
  const auto status = [&](const char* method, const char* path) {
    head.method = method;
    head.path = path;
    return wait(world.site->handle(Request(head, ""))).status;
  };
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    CHECK(status(method, "/auth/scim/v2/corp/Schemas") == 405);
    CHECK(status(method, "/auth/scim/v2/corp/ServiceProviderConfig") == 405);
  }
  CHECK(status("GET", "/auth/scim/v2/corp/.search") == 405);
  CHECK(status("POST", "/auth/scim/v2/corp/.search") == 415);
  CHECK(status("POST", "/auth/scim/v2/corp/Schemas/.search") == 404);
}
