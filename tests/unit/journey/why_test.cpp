// Why somebody cannot get in, for support.

#include "journey/diagnosis/prediction.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Contains;

namespace {

// Somebody of support, at one property of the company corp or everywhere.
struct Desk {
  World world;

  explicit Desk(bool is_everywhere) {
    world.settings->access.process_requests = "manager";
    const SessionFields own{"ref",           "11111111-2222-3333-4444-555555555555",
                            "sue@corp.test", "Sue",
                            "corp",          "https://login.test",
                            "manager",       is_everywhere ? "*=manager" : "elm=manager"};
    world.record = std::string(
        SessionRecord(UserStatus::active,
                      {world.clock.now() + std::chrono::hours(1), world.clock.now()}, own)
            .bytes());
    for (const char* nothing :
         {"see_person", "find_transcript", "newest_audit", "last_at_company", "transcripts_of"}) {
      world.database.answers[nothing] = [](const Params&) { return Rows{}; };
    }
  }
  void keep(const std::string& idp) {
    world.database.answers["find_transcript"] = [idp](const Params&) {
      return Rows{{{"7K2M-Q9XD", idp, "", "status",
                    R"({"checks":[{"name":"status","passed":false,"detail":"AADSTS50105 <x>"}],)"
                    R"("response":[["Response/@Destination","https://login.test/other"]]})",
                    "2026-05-04T09:12:33Z"}}};
    };
  }
  std::string last_sign_on = "2026-05-01T08:00:00Z";
  void know(const std::string& email, const std::string& state, const std::string& idp,
            const std::string& grants) {
    world.database.answers["see_person"] = [=, this](const Params&) {
      return Rows{{{"22222222-2222-3333-4444-555555555555", email, "Ann", state, idp,
                    "2026-05-01T08:00:00Z", last_sign_on, grants}}};
    };
  }
  Response ask(const std::string& query) {
    return world.answer(
        {.path = "/auth/manage/why", .query = "q=" + query, .cookie = kSessionCookieHeader});
  }
};

}  // namespace

TEST_CASE("support reads what is kept under a number, with Microsoft's number in plain words") {
  Desk desk(false);
  desk.keep("corp");
  const Response page = desk.ask("7k2mq9xd");
  CHECK(page.status == 200);
  CHECK(desk.world.database.last["find_transcript"][0] == "7K2M-Q9XD");
  CHECK_THAT(page.body, Contains("has not been assigned") && Contains("AADSTS50105 &lt;x&gt;") &&
                            Contains("https://login.test/other"));
}

TEST_CASE("what belongs to another company is not there for support of one") {
  Desk desk(false);
  desk.keep("other");
  const Response page = desk.ask("7K2M-Q9XD");
  CHECK_THAT(page.body, Contains("Nothing is kept under this number") && !Contains("AADSTS"));
  Desk everywhere(true);
  everywhere.keep("other");
  CHECK_THAT(everywhere.ask("7K2M-Q9XD").body, Contains("AADSTS50105"));
}

TEST_CASE("a page that was denied is found by its number") {
  Desk desk(false);
  desk.world.database.answers["newest_audit"] = [](const Params& params) {
    CHECK(params[6] == "7K2M-Q9XD");
    return Rows{{{"1", "2026-05-04T09:12:33Z", "denied", "access_level", "7K2M-Q9XD", "", "corp",
                  "ann@corp.test", std::nullopt, "192.0.2.1", "needs manager: /reports/"}}};
  };
  CHECK_THAT(desk.ask("7K2M-Q9XD").body,
             Contains("access_level") && Contains("needs manager: /reports/"));
}

TEST_CASE("support reads what would happen to a person, and how their company is") {
  Desk desk(false);
  desk.know("ann@corp.test", "disabled", "corp", "elm=viewer");
  const Response page = desk.ask("Ann%40corp.test");
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("but is refused here") && Contains("switched off") &&
                            Contains("https://login.test/saml2/idpresponse") &&
                            Contains("https://login.test/auth/at/corp") &&
                            Contains("/auth/manage/people/show?user=22222222"));
}

TEST_CASE("support reads names of properties; of what was tried, whoever sees all") {
  const auto name_elm = [](Desk& desk) {
    desk.world.database.answers["property_names"] = [](const Params& params) {
      const bool is_asked = params[0]->find("elm") != std::string::npos;
      return is_asked ? Rows{{{"elm", "Elm Court", "f"}}} : Rows{};
    };
    desk.world.database.answers["newest_audit"] = [](const Params&) {
      return Rows{{{"1", "2026-05-04T09:12:33Z", "denied", "access_level", "7K2M-Q9XD", "", "corp",
                    "ann@corp.test", std::nullopt, "192.0.2.1", "needs manager at elm: /x"}}};
    };
  };
  Desk desk(false);
  name_elm(desk);
  desk.know("ann@corp.test", "active", "corp", "*=manager,elm=viewer");
  CHECK_THAT(desk.ask("ann%40corp.test").body, Contains("Has *=manager, Elm Court=viewer."));
  CHECK_THAT(desk.ask("7K2M-Q9XD").body, Contains("needs manager at elm: /x"));
  Desk everywhere(true);
  name_elm(everywhere);
  CHECK_THAT(everywhere.ask("7K2M-Q9XD").body, Contains("needs manager at Elm Court: /x"));
}

TEST_CASE("whom support may not see, of them not even that there is nobody") {
  Desk desk(false);
  for (const char* email : {"nobody%40corp.test", "bob%40other.test"}) {
    const Response page = desk.ask(email);
    CHECK_THAT(page.body, Contains("There is no such person") && !Contains("no record yet"));
  }
  CHECK(desk.world.database.calls["last_at_company"] == 0);
  Desk everywhere(true);
  CHECK_THAT(everywhere.ask("nobody%40corp.test").body, Contains("There is no record yet"));
  CHECK_THAT(everywhere.ask("ann%40nowhere.test").body,
             Contains("No company is registered for nowhere.test"));
}

TEST_CASE("what is neither a number nor an address is said to be so; the database away is 503") {
  Desk desk(false);
  CHECK(desk.ask("Ann").status == 422);
  CHECK(desk.ask("").status == 200);
  CHECK(desk.ask("%00%ff").status != 500);
  desk.world.database.answers.erase("find_transcript");
  CHECK(desk.ask("7K2M-Q9XD").status == 503);
}

TEST_CASE("the rules decide in their turn") {
  World world;
  const Time now = world.clock.now();
  store::Person ann{"1", "ann@corp.test", "", "active", "corp", "s", "", "", "elm=viewer"};
  const auto rule_for = [&](const std::string& email, const std::optional<store::Person>& person) {
    const CompanyDirectory companies(world.settings);
    return std::string(journey::predict(*world.settings, companies, email, person, now).rule);
  };
  const auto rule = [&](const std::optional<store::Person>& person) {
    return rule_for("ann@corp.test", person);
  };
  CHECK(rule_for("ann@nowhere.test", ann) == "email_domain_not_registered");
  CHECK(rule(std::nullopt) == "no_record");
  CHECK(rule(ann) == "access_level");
  ann.grants = "elm=root";
  CHECK(rule(ann) == "no_grant");
  ann.grants = "";
  CHECK(rule(ann) == "no_grant");
  ann.idp = "other";
  CHECK(rule(ann) == "identity_pinned");
  ann.state = "disabled";
  CHECK(rule(ann) == "user_disabled");
  world.settings->identity_providers[0].metadata.valid_until = now;
  CHECK(rule(ann) == "metadata_expired");
}

TEST_CASE("support reads what a company gives by what it asserts, and what was said last") {
  Desk desk(false);
  IdentityProvider& corp = desk.world.settings->identity_providers.at(0);
  REQUIRE(corp.name == "corp");
  corp.asserted = {"urn:role", {{"<Staff>", "manager", {"elm"}}, {"B", "viewer", {"*"}}}};
  std::string too_many;
  desk.world.database.answers["last_asserted"] = [&](const Params&) {
    return Rows{{{"<Staff>", too_many}, {"not in the table", too_many}}};
  };
  SECTION("by the names of properties") {
    desk.world.database.answers["property_names"] = [](const Params&) {
      return Rows{{{"elm", "Elm Court", "f"}}};
    };
    desk.know("ann@corp.test", "active", "corp", "");
    CHECK_THAT(desk.ask("ann%40corp.test").body, Contains("Elm Court=manager (&lt;Staff&gt;)"));
  }
  SECTION("whoever has never signed on has said nothing yet") {
    desk.last_sign_on = "";
    desk.know("ann@corp.test", "waiting", "corp", "");
    CHECK_THAT(desk.ask("ann%40corp.test").body,
               Contains("Nothing is known of that yet") && !Contains("the last sign-in said"));
  }
  SECTION("what was put into the table since counts from the next sign-in") {
    corp.asserted.values = {{"new", "manager", {"elm"}}};
    desk.know("ann@corp.test", "active", "corp", "");
    CHECK_THAT(
        desk.ask("ann%40corp.test").body,
        Contains("gives no access. What was put into the table since counts from the next one"));
  }
  SECTION("of somebody who was named") {
    desk.know("ann@corp.test", "active", "corp", "elm=manager");
    CHECK_THAT(desk.ask("ann%40corp.test").body, Contains("what somebody is in urn:role") &&
                                                     Contains("elm=manager (&lt;Staff&gt;)") &&
                                                     !Contains("<Staff>") &&
                                                     !Contains("named no groups"));
    CHECK(desk.world.database.last["last_asserted"][1] == "22222222-2222-3333-4444-555555555555");
    too_many = "2026-05-04T09:12:33Z";
    CHECK_THAT(desk.ask("ann%40corp.test").body,
               Contains("The sign-in on 2026-05-04 09:12 UTC named no groups"));
  }
  SECTION("nothing of whom the viewer may not see") {
    CHECK_THAT(desk.ask("ann%40corp.test").body, !Contains("urn:role"));
    CHECK(desk.world.database.calls["last_asserted"] == 0);
  }
  SECTION("nothing where there is no table") {
    corp.asserted = {};
    desk.know("ann@corp.test", "active", "corp", "elm=manager");
    CHECK_THAT(desk.ask("ann%40corp.test").body, !Contains("what somebody is in"));
    CHECK(desk.world.database.calls["last_asserted"] == 0);
  }
}
