// Companies of the database: taken up without a restart, and never to be mistaken for unknown ones.
#include "anteroom/companies.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

// A table of companies that answers as the database does.
struct Kept : World {
  std::vector<store::CompanyRow> rows;
  std::string xml = forge::make_metadata("https://contoso.test/", "https://contoso.test/sso",
                                         {journey_authority()});

  Kept() {
    database.answers["changed_companies"] = [this](const Params& params) {
      Rows answer;
      for (const store::CompanyRow& row : rows) {
        if (row.version <= std::stol(*params[0])) continue;
        answer.rows.push_back({row.name, row.display_name, row.state, row.domains[0], row.settings,
                               row.metadata, std::to_string(row.version), ""});
      }
      return answer;
    };
  }

  void put(const std::string& state, long version) {
    rows = {{"contoso", "Contoso", state, {"contoso.test"}, "{}", xml, version}};
  }
  bool refresh() { return wait(site->refresh_companies()).ok(); }
  Response enter(const std::string& email) {
    return answer({"POST", "login.test", "/auth/sign-in", "", "email=" + email});
  }
  Response press(const std::string& company) {
    return answer({"POST", "login.test", "/auth/sign-in/start", "", "idp=" + company});
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
