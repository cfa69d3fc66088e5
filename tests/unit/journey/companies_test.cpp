// Companies of the database: taken up without a restart, and never to be mistaken for unknown ones.
#include "anteroom/companies.h"
#include "anteroom/saml.h"
#include "config/metadata_summary.h"
#include "crypto/seal.h"
#include "http/form.h"
#include "session/login_state.h"
#include "support/folder.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

// A table of companies that answers as the database does.
struct Kept : World {
  std::vector<store::CompanyRow> rows;
  int fetched = 0;  // how often somebody asked for the whole of its metadata
  std::string xml = forge::make_metadata("https://contoso.test/", "https://contoso.test/sso",
                                         {journey_authority()});

  Kept() {
    database.answers["changed_companies"] = [this](const Params& params) {
      Rows answer;
      for (const store::CompanyRow& row : rows) {
        if (row.version <= std::stol(*params[0])) continue;
        answer.rows.push_back({row.name, row.display_name, row.state, row.domains[0], row.settings,
                               row.metadata, std::to_string(row.version), "",
                               std::to_string(row.metadata_number), row.summary});
      }
      return answer;
    };
    database.answers["metadata_of_company"] = [this](const Params& params) {
      ++fetched;
      return Rows{{{params[0] == "contoso" && params[1] == "3" ? xml : "<other/>"}}};
    };
  }

  // As it was brought by a version that wrote no summaries.
  void put(const std::string& state, long version) {
    rows = {{"contoso", "Contoso", state, {"contoso.test"}, "{}", xml, version}};
  }
  // Live, known by its summary.
  void put_summary(long version, const std::string& more = "{}") {
    store::CompanyRow row{"contoso", "Contoso", "live", {"contoso.test"}, more, "", version};
    row.metadata_number = 3;
    row.summary = config::write_summary(*saml::parse_idp_metadata(xml, Time{}));
    rows = {row};
  }
  // The rows as a node has kept them, and another process of it.
  void restart_with_kept() {
    auto made = std::make_shared<KeptCompanies>();
    made->kept_at = clock.now() - std::chrono::minutes(5);
    for (const store::CompanyRow& row : rows) {
      made->companies.push_back({digest_of(row), *as_nodes_know(row, *settings, clock.now())});
    }
    start(made);
  }
  // Statuses of answers as they come.
  void ask(Ask what, std::vector<int>& statuses) {
    spawn(
        site->handle(World::request(std::move(what))),
        std::function<void(Response)>([&](const Response& one) { statuses.push_back(one.status); }),
        std::function<void()>([] {}));
  }
  bool refresh() { return wait(site->refresh_companies()).ok(); }
  Response enter(const std::string& email) {
    return answer({"POST", "login.test", "/auth/sign-in", "", "email=" + email});
  }
  static Ask press_of(const std::string& company) {
    return {"POST", "login.test", "/auth/sign-in/start", "", "idp=" + company};
  }
  Response press(const std::string& company) { return answer(press_of(company)); }
  // The browser, with contoso's answer to what this cookie is of.
  Response come_back(const std::string& cookie) {
    const crypto::Sealer sealer(settings->sessions.cookie_keys);
    std::vector<std::string> stale;
    forge::Options options;
    options.issuer = "https://contoso.test/";
    options.attributes[0].second = {"ann@contoso.test"};
    options.in_response_to =
        session::login_states(sealer, cookie, clock.now(), stale).at(0).request_id;
    const std::string xml_of = forge::make_response(journey_authority(), options);
    return answer({.method = "POST",
                   .path = "/saml2/idpresponse",
                   .body = "SAMLResponse=" + http::percent_encode(forge::to_base64(xml_of)),
                   .cookie = cookie,
                   .origin = "https://contoso.test"});
  }
  [[nodiscard]] bool offers_contoso() {
    const Response page = enter("ann%40contoso.test");
    return page.status == 200 && page.body.find("Log In with Contoso") != std::string::npos;
  }
};

}  // namespace

TEST_CASE("a company is offered from the moment when it is live, and its people are sent away") {
  Kept kept;
  kept.put("draft", 1);
  REQUIRE(kept.refresh());
  CHECK_FALSE(kept.offers_contoso());
  CHECK(kept.press("contoso").status == 400);
  kept.put("live", 2);
  REQUIRE(kept.refresh());
  CHECK(kept.offers_contoso());
  CHECK(kept.answer({"GET", "login.test", "/auth/at/contoso"}).status == 200);
  const Response away = kept.press("contoso");
  CHECK(away.status == 303);
  CHECK(header(away, "Location").starts_with("https://contoso.test/sso?"));
  CHECK(kept.enter("ann%40corp.test").status == 200);  // the configuration's
}

TEST_CASE("nobody is sent to a company that was suspended, and one that is archived is unknown") {
  Kept kept;
  kept.put("live", 1);
  REQUIRE(kept.refresh());
  kept.put("suspended", 2);
  REQUIRE(kept.refresh());
  CHECK(kept.press("contoso").status == 403);
  CHECK(kept.press("corp").status == 303);
  kept.put("archived", 3);
  REQUIRE(kept.refresh());
  CHECK_FALSE(kept.offers_contoso());
  CHECK(kept.press("contoso").status == 400);
}

TEST_CASE("new metadata is what the next message is judged by") {
  Kept kept;
  kept.put("live", 1);
  REQUIRE(kept.refresh());
  REQUIRE(kept.press("contoso").status == 303);
  kept.xml = forge::make_metadata("https://contoso.test/", "https://contoso.test/new",
                                  {journey_authority()});
  kept.put("live", 2);
  REQUIRE(kept.refresh());
  CHECK(header(kept.press("contoso"), "Location").starts_with("https://contoso.test/new?"));
}

TEST_CASE("one company's broken data closes that company and nothing else") {
  Kept kept;
  kept.put("live", 1);
  kept.rows[0].settings = R"({"presett": "entra"})";
  kept.rows.push_back({"fabrikam", "Fabrikam", "live", {"fabrikam.test"}, "{}", "<a/>", 2});
  REQUIRE(kept.refresh());
  CHECK(kept.press("contoso").status == 403);
  CHECK(kept.press("fabrikam").status == 403);
  CHECK(kept.press("corp").status == 303);
}

TEST_CASE("the keys of a company are asked for when its first person comes, once") {
  Kept kept;
  kept.put_summary(1);
  REQUIRE(kept.refresh());
  CHECK(kept.offers_contoso());
  CHECK(kept.answer({"GET", "login.test", "/auth/at/contoso"}).status == 200);
  CHECK(kept.fetched == 0);
  CHECK(header(kept.press("contoso"), "Location").starts_with("https://contoso.test/sso?"));
  CHECK(kept.press("contoso").status == 303);
  CHECK(kept.fetched == 1);
}

TEST_CASE("an answer may come to a worker that nobody of the company has begun at") {
  Kept kept;
  kept.put_summary(1);
  REQUIRE(kept.refresh());
  kept.database.give("sign_on", {"signed_in", "user"});
  const std::string cookie = pair_of(header(kept.press("contoso"), "Set-Cookie"));
  kept.put_summary(2, R"({"send_login_hint": false})");  // for a worker, that is another one
  REQUIRE(kept.refresh());
  SECTION("which asks for the keys then") {
    CHECK(kept.come_back(cookie).status == 303);
    CHECK(kept.fetched == 2);
    CHECK(kept.database.calls["sign_on"] == 1);
  }
  SECTION("and is believed no more than elsewhere") {
    kept.xml = forge::make_metadata("https://contoso.test/", "https://contoso.test/sso",
                                    {forge::make_authority()});
    CHECK(kept.come_back(cookie).status == 403);
    CHECK(kept.database.calls["sign_on"] == 0);
  }
  SECTION("and waits for the database where that is away") {
    kept.database.answers.erase("metadata_of_company");
    CHECK(kept.come_back(cookie).status == 503);
  }
}

TEST_CASE("however many come first, the keys of their company are asked for once") {
  Kept kept;
  kept.put_summary(1);
  REQUIRE(kept.refresh());
  std::vector<std::function<void(Result<Rows>)>> asked;
  kept.database.later["metadata_of_company"] = &asked;
  std::vector<int> statuses;
  for (int i = 0; i < 3; ++i) kept.ask(Kept::press_of("contoso"), statuses);
  REQUIRE(asked.size() == 1);
  CHECK(statuses.empty());
  SECTION("with an answer") {
    asked[0](Rows{{{kept.xml}}});
    CHECK(statuses == std::vector<int>{303, 303, 303});
  }
  SECTION("without one") {
    asked[0](Failure{code::kDatabaseUnavailable, "away"});
    CHECK(statuses == std::vector<int>{503, 503, 503});
    kept.database.later.clear();
    CHECK(kept.press("contoso").status == 303);
  }
}

TEST_CASE("keys that could not be asked for are asked for again; useless ones close the company") {
  Kept kept;
  kept.put_summary(1);
  REQUIRE(kept.refresh());
  SECTION("the database is away") {
    const auto answer = kept.database.answers.extract("metadata_of_company");
    CHECK(kept.press("contoso").status == 503);
    CHECK(kept.press("corp").status == 303);
    kept.database.answers["metadata_of_company"] = answer.mapped();
    CHECK(kept.press("contoso").status == 303);
  }
  SECTION("what it keeps cannot be read") {
    kept.xml = "<a/>";
    CHECK(kept.press("contoso").status == 403);
    CHECK(kept.press("contoso").status == 403);
    CHECK(kept.fetched == 1);
    CHECK(kept.press("corp").status == 303);
  }
  SECTION("its summary cannot be read") {
    kept.rows[0].summary = R"({"certificates": 3})";
    kept.rows[0].version = 2;
    REQUIRE(kept.refresh());
    CHECK(kept.press("contoso").status == 403);
    CHECK(kept.fetched == 0);
  }
}

TEST_CASE("a certificate's end and the metadata's are known before anybody signs on") {
  Kept kept;
  kept.put_summary(1, R"({"expired_certificate": "reject"})");
  auto metadata = config::read_summary(kept.rows[0].summary).value();
  SECTION("all certificates") {
    for (IdpCertificate& one : metadata.certificates) one.not_after = kept.clock.now();
  }
  SECTION("the metadata") {
    metadata.valid_until = kept.clock.now();
  }
  kept.rows[0].summary = config::write_summary(metadata);
  REQUIRE(kept.refresh());
  CHECK(kept.press("contoso").status == 403);
  CHECK(kept.fetched == 0);
}

TEST_CASE("with the database away, what was known goes on, and who is not found may be there") {
  Kept kept;
  kept.put("live", 1);
  SECTION("after it was asked once") {
    REQUIRE(kept.refresh());
    kept.database.answers.erase("changed_companies");
    CHECK_FALSE(kept.refresh());
    CHECK(kept.offers_contoso());
    CHECK(kept.enter("ann%40nowhere.test").status == 422);
  }
  SECTION("before") {
    kept.database.answers.erase("changed_companies");
    CHECK_FALSE(kept.refresh());
    CHECK(kept.enter("ann%40contoso.test").status == 503);
    CHECK(kept.press("contoso").status == 503);
    CHECK(kept.answer({"GET", "login.test", "/auth/at/contoso"}).status == 503);
    CHECK(kept.enter("ann%40corp.test").status == 200);
  }
}

TEST_CASE("what a node has kept is shown while the database is away, and vouches for nobody") {
  Kept kept;
  kept.put_summary(1);
  kept.restart_with_kept();
  kept.database.give("sign_on", {"signed_in", "user"});
  const std::string cookie = pair_of(header(kept.press("contoso"), "Set-Cookie"));
  const auto answer = kept.database.answers.extract("changed_companies");
  CHECK_FALSE(kept.refresh());
  CHECK(kept.site->companies_known().how == CompaniesKnown::How::as_kept);
  CHECK(kept.site->companies_known().kept_at == kept.clock.now() - std::chrono::minutes(5));
  CHECK(kept.offers_contoso());
  CHECK(kept.answer({"GET", "login.test", "/auth/at/contoso"}).status == 200);
  CHECK(kept.enter("ann%40nowhere.test").status == 503);
  CHECK(kept.come_back(cookie).status == 503);
  CHECK(kept.database.calls["sign_on"] == 0);

  kept.database.answers["changed_companies"] = answer.mapped();
  REQUIRE(kept.refresh());
  CHECK(kept.site->companies_known().how == CompaniesKnown::How::from_database);
  CHECK(kept.come_back(cookie).status == 303);
}

TEST_CASE("a directory of a company that was kept waits until the database has confirmed it") {
  Kept kept;
  kept.put_summary(1);
  kept.restart_with_kept();
  const auto answer = kept.database.answers.extract("changed_companies");
  CHECK_FALSE(kept.refresh());
  kept.database.give("scim_authenticate", {"t"});
  RequestHead head;
  head.method = "GET";
  head.path = "/auth/scim/v2/contoso/ServiceProviderConfig";
  head.headers.host = "login.test";
  const std::string authorization = "Bearer scim_" + std::string(43, 'A');
  head.headers.authorization = authorization;
  CHECK(wait(kept.site->handle(Request(head, ""))).status == 503);
  CHECK(kept.database.calls["scim_authenticate"] == 0);
}

TEST_CASE("the database has the last word about what was kept") {
  Kept kept;
  kept.put_summary(5);
  kept.restart_with_kept();
  const auto before = kept.site->companies();
  SECTION("nothing has changed, and nothing is made anew") {
    REQUIRE(kept.refresh());
    CHECK(kept.site->companies() == before);
  }
  SECTION("another state, under whatever version") {
    kept.rows[0].state = "suspended";
    kept.rows[0].version = 2;  // of a backup
    REQUIRE(kept.refresh());
    CHECK(kept.press("contoso").status == 403);
  }
  SECTION("there is no such company") {
    kept.rows.clear();
    REQUIRE(kept.refresh());
    CHECK_FALSE(kept.offers_contoso());
  }
}

TEST_CASE("what was taken before the database was lost in the middle counts when it is back") {
  Kept kept;
  kept.put_summary(5);
  const auto lose_after_the_first_question = [&] {
    const auto answer = kept.database.answers.at("changed_companies");
    int asked = 0;
    kept.database.answers["changed_companies"] = [&](const Params& params) {
      return ++asked == 1 ? answer(params)
                          : Result<Rows>(Failure{code::kDatabaseUnavailable, "lost"});
    };
    CHECK_FALSE(kept.refresh());
    kept.database.answers["changed_companies"] = answer;
  };
  SECTION("of a process that began with what was kept") {
    kept.restart_with_kept();
  }
  SECTION("of one that began with nothing") {
    REQUIRE(kept.refresh());
    REQUIRE(kept.press("contoso").status == 303);
  }
  kept.rows[0].state = "suspended";
  kept.rows[0].version = 6;
  lose_after_the_first_question();
  REQUIRE(kept.refresh());
  CHECK(kept.press("contoso").status == 403);
}

TEST_CASE("nobody is answered by a process that knows no companies yet, but for what was kept") {
  Kept kept;
  kept.put_summary(1);
  std::vector<int> statuses;
  std::vector<std::function<void(Result<Rows>)>> asked;
  const World::Ask page{"GET", "login.test", "/auth/sign-in"};
  SECTION("all wait") {
    kept.database.later["changed_companies"] = &asked;
    spawn(kept.site->refresh_companies(), std::function<void(Status)>([](const Status&) {}),
          std::function<void()>([] {}));
    kept.ask(page, statuses);
    kept.ask(Kept::press_of("contoso"), statuses);
    CHECK(statuses.empty());
    kept.ask({"GET", "login.test", "/auth/scim/v2/contoso/Users"}, statuses);
    CHECK(statuses == std::vector<int>{401});  // whatever companies there are
    asked.at(0)(Rows{});
    CHECK(statuses == std::vector<int>{401, 200, 400});
  }
  SECTION("who looks for one waits") {
    kept.restart_with_kept();
    kept.database.later["changed_companies"] = &asked;
    spawn(kept.site->refresh_companies(), std::function<void(Status)>([](const Status&) {}),
          std::function<void()>([] {}));
    kept.ask(page, statuses);
    kept.ask(Kept::press_of("contoso"), statuses);
    CHECK(statuses == std::vector<int>{200});
    asked.at(0)(Rows{});
    CHECK(statuses == std::vector<int>{200, 400});
  }
}

TEST_CASE("one process of a node keeps what it knows, at its start and a minute after a change") {
  Kept kept;
  const Folder folder;
  kept.settings->companies.kept_in = folder.path();
  kept.put_summary(1);
  const auto kept_names = [&] {
    const ReadKept read = read_kept_companies(*kept.settings, kept.clock.now());
    std::vector<std::string> names;
    if (!read.kept) return names;
    for (const auto& one : read.kept->companies) names.push_back(one.company.name);
    return names;
  };
  SECTION("others do not") {
    kept.start();
    REQUIRE(kept.refresh());
    CHECK(kept_names().empty());
    return;
  }
  kept.start(nullptr, true);
  REQUIRE(kept.refresh());
  CHECK(kept_names() == std::vector<std::string>{"contoso"});
  CHECK_FALSE(kept.site->has_to_keep_companies(kept.clock.now() + std::chrono::hours(1)));

  store::CompanyRow other = kept.rows[0];
  other.name = "fabrikam";
  other.domains = {"fabrikam.test"};
  other.version = 2;
  other.summary = forge::replaced(other.summary, "contoso.test", "fabrikam.test");
  kept.rows.push_back(other);
  REQUIRE(kept.refresh());
  CHECK(kept_names() == std::vector<std::string>{"contoso"});
  CHECK_FALSE(kept.site->has_to_keep_companies(kept.clock.now()));
  kept.clock.advance(std::chrono::minutes(1));
  CHECK(kept.site->has_to_keep_companies(kept.clock.now()));
  REQUIRE(kept.refresh());
  CHECK(kept_names() == std::vector<std::string>{"contoso", "fabrikam"});
  CHECK_FALSE(kept.site->has_to_keep_companies(kept.clock.now()));
}

TEST_CASE("a node that cannot keep anything says so once, and goes on") {
  Kept kept;
  kept.settings->companies.kept_in = "/nowhere/at/all";
  const auto times_told = [&] {
    return std::ranges::count_if(kept.log.lines, [](const std::string& line) {
      return line.find("/nowhere/at/all") != std::string::npos;
    });
  };
  kept.put_summary(1);
  kept.start(nullptr, true);
  REQUIRE(kept.refresh());
  CHECK(kept.offers_contoso());
  CHECK(times_told() == 1);
  kept.put_summary(2);
  REQUIRE(kept.refresh());
  kept.clock.advance(std::chrono::minutes(1));
  REQUIRE(kept.refresh());
  CHECK(times_told() == 1);
}

TEST_CASE("an access check goes on with the companies that it began with") {
  Kept kept;
  kept.settings->access.process_requests = "manager";
  kept.put_summary(1, R"({"access": {"attribute": "urn:role", "values": [
      {"value": "A", "level": "manager", "properties": ["elm"]}]}})");
  REQUIRE(kept.refresh());
  kept.sign_in_as(UserStatus::active, "manager");
  kept.database.answers["see_person"] = [](const Params&) {
    return Rows{{{"22222222-2222-3333-4444-555555555555", "ann@contoso.test", "Ann", "active",
                  "contoso", "2026-05-01T08:00:00Z", "2026-05-01T08:00:00Z", ""}}};
  };
  for (const char* nothing : {"last_at_company", "transcripts_of", "property_names"}) {
    kept.database.answers[nothing] = [](const Params&) { return Rows{}; };
  }
  bool is_gone = false;
  kept.database.answers["last_asserted"] = [&](const Params&) {
    kept.rows.front().domains = {"other.test"};
    for (const long version : {2, 3}) {
      kept.rows.front().version = version;
      is_gone = kept.refresh();
    }
    return Rows{{{"A", ""}}};
  };
  const Response page = kept.answer({.path = "/auth/manage/why",
                                     .query = "q=ann%40contoso.test",
                                     .cookie = kSessionCookieHeader});
  CHECK(is_gone);
  CHECK(page.status == 200);
  CHECK(page.body.find("Contoso") != std::string::npos);
}
