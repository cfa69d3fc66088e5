// Support's pages about people, and about what goes on.

#include "journey/manage/company_choice.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Contains;

namespace {

constexpr const char* kSupport = "11111111-2222-3333-4444-555555555555";
constexpr const char* kAnn = "22222222-2222-3333-4444-555555555555";
const Cell kNothing = std::nullopt;

// Somebody of support who looks at ann.
struct Support {
  World world;
  std::string outcome = "done";  ///< of every change

  explicit Support(const std::string& level = "manager") {
    world.settings->access.request_new_users = "manager";
    world.settings->access.process_requests = "manager";
    world.sign_in_as(UserStatus::active, level, "https://login.test", "", kSupport);
    for (const char* change : {"change_grant", "set_disabled", "end_sessions"}) {
      world.database.answers[change] = [this](const Params&) { return Rows{{{outcome}}}; };
    }
    world.database.answers["list_properties"] = [](const Params&) {
      return Rows{{{"elm", "Elm Court"}, {"oak", "Oak Yard"}}};
    };
    world.database.answers["show_person"] = [](const Params& params) {
      if (*params[1] != kAnn) return Rows{};
      return Rows{{{"person", kAnn, "ann@corp.test", "Ann <Arbor>", "active", "corp",
                    "2026-05-01T08:00:00Z", "2026-05-04T09:12:33Z", "elm=viewer", "s", kNothing},
                   {"grant", "elm", "Elm Court", "viewer", "2099-01-31T12:00:00Z",
                    "2026-05-01T08:00:00Z", "sue@corp.test", "true", kNothing, kNothing, kNothing},
                   {"grant", "oak", "Oak Yard", "manager", kNothing, "2026-05-01T08:00:00Z",
                    "cli:root", "false", kNothing, kNothing, kNothing},
                   {"session", "0123456789abcdef", "https://app.test", "corp",
                    "2026-05-04T09:12:33Z", "2026-05-04T10:00:00Z", "2026-05-05T09:12:33Z",
                    "192.0.2.9", "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0", kNothing, kNothing},
                   {"history", "2026-05-04T09:12:33Z", "signed_on", kNothing, kNothing, kNothing,
                    kNothing, kNothing, kNothing, kNothing, kNothing},
                   {"history", "2026-05-04T09:12:30Z", "a_new_kind", "why", "7KQ2", "sue",
                    "some <detail>", kNothing, kNothing, kNothing, kNothing}}};
    };
  }

  Response get(const std::string& path, const std::string& query = "") {
    return world.answer(
        {.path = "/auth/manage/" + path, .query = query, .cookie = kSessionCookieHeader});
  }
  Response post(const std::string& path, const std::string& body,
                const std::string& origin = "https://login.test") {
    return world.answer({.method = "POST",
                         .path = "/auth/manage/people/" + path,
                         .body = body,
                         .cookie = kSessionCookieHeader,
                         .origin = origin});
  }
  std::string parameter(const std::string& statement, std::size_t number) {
    return world.database.last[statement].at(number).value_or("NULL");
  }
};

std::string about_ann(const std::string& more) {
  return std::string("user=") + kAnn + "&" + more;
}

std::vector<std::vector<Cell>> many_people(int count) {
  std::vector<std::vector<Cell>> rows;
  for (int i = 0; i < count; ++i) {
    rows.push_back({kAnn, "p" + std::to_string(i) + "@corp.test", "", "waiting", "corp",
                    "2026-05-01T08:00:00Z", kNothing, kNothing});
  }
  return rows;
}

}  // namespace

TEST_CASE("people are for those who may process requests") {
  Support viewer("viewer");
  for (const char* page : {"people", "people/show", "activity"}) {
    CHECK(viewer.get(page).status == 403);
  }
  for (const char* form : {"grant", "account", "sessions"}) {
    CHECK(viewer.post(form, about_ann("property=elm&level=viewer")).status == 403);
  }
  for (const char* statement : {"search_people", "show_person", "sign_on_activity", "change_grant",
                                "set_disabled", "end_sessions"}) {
    CHECK(viewer.world.database.calls[statement] == 0);
  }
}

TEST_CASE("forms about people are taken from our own pages only") {
  Support support;
  for (const char* form : {"grant", "account", "sessions"}) {
    CHECK(support.post(form, about_ann("all=1&level=viewer"), "https://evil.test").status == 403);
  }
  CHECK(support.world.database.calls["change_grant"] == 0);
  CHECK(support.world.database.calls["set_disabled"] == 0);
  CHECK(support.world.database.calls["end_sessions"] == 0);
}

TEST_CASE("the list says the names of properties, and keys only where two have the same name") {
  Support support;
  support.world.database.answers["search_people"] = [](const Params&) {
    return Rows{{{kAnn, "ann@corp.test", "Ann", "active", "corp", "2026-05-01T08:00:00Z", kNothing,
                  "*=viewer,ash=viewer,elm=viewer,oak=manager"}}};
  };
  support.world.database.answers["property_names"] = [](const Params& params) {
    CHECK(params[0] == R"({"ash","elm","oak"})");
    return Rows{{{"elm", "Elm <Court>", "f"}, {"oak", "Yard", "t"}}};
  };
  const Response page = support.get("people");
  CHECK_THAT(page.body,
             Contains("viewer · Elm &lt;Court&gt;</p>") && Contains("viewer · all properties</p>"));
  CHECK_THAT(page.body, Contains("manager · Yard <span class=\"more\">oak</span></p>"));
  CHECK_THAT(page.body, Contains("viewer · ash</p>"));
}

TEST_CASE(
    "a person's history says the names of properties; of what was tried, to whoever sees all") {
  Support support;
  const auto shown = [&](const std::string& grants) {
    support.world.record = support.world.record_with("manager", grants);
    support.world.database.answers["property_names"] = [](const Params& params) {
      std::vector<std::vector<Cell>> rows;
      if (params[0]->find("elm") != std::string::npos) rows.push_back({"elm", "Elm Court", "f"});
      if (params[0]->find("ash") != std::string::npos) rows.push_back({"ash", "Ash Hill", "f"});
      return Rows{rows};
    };
    return support.get("people/show", about_ann("")).body;
  };
  support.world.database.answers["show_person"] = [](const Params&) {
    return Rows{
        {{"person", kAnn, "ann@corp.test", "Ann", "active", "corp", "2026-05-01T08:00:00Z",
          kNothing, "elm=viewer", "s", kNothing},
         {"history", "2026-05-04T09:12:33Z", "grant_changed", kNothing, kNothing, "sue",
          "before: nothing at elm; after: viewer at elm", kNothing, kNothing, kNothing, kNothing},
         {"history", "2026-05-04T09:12:33Z", "denied", kNothing, kNothing, kNothing,
          "needs manager at ash: /x", kNothing, kNothing, kNothing, kNothing}}};
  };
  CHECK_THAT(shown("elm=manager"),
             Contains("before: nothing at Elm Court; after: viewer at Elm Court"));
  CHECK_THAT(shown("elm=manager"), Contains("needs manager at ash: /x"));
  CHECK_THAT(shown("*=manager"), Contains("needs manager at Ash Hill: /x"));
}

TEST_CASE("a grant at a closed property is marked, and can only be taken away") {
  Support support;
  support.world.database.answers["show_person"] = [](const Params&) {
    return Rows{{{"person", kAnn, "ann@corp.test", "Ann", "waiting", "corp", "2026-05-01T08:00:00Z",
                  kNothing, "", "s", kNothing},
                 {"grant", "elm", "Elm Court", "viewer", kNothing, "2026-05-01T08:00:00Z",
                  "sue@corp.test", "true", "", "true", kNothing}}};
  };
  const Response page = support.get("people/show", about_ann(""));
  CHECK_THAT(page.body, Contains(">closed</span>") && Contains("name=\"remove\"") &&
                            !Contains("id=\"level-elm\""));
}

TEST_CASE("two properties of the same name are chosen by name and key") {
  Support support;
  support.world.database.answers["list_properties"] = [](const Params&) {
    return Rows{{{"elm", "Court"}, {"oak", "Court"}, {"ash", "Ash"}}};
  };
  const Response page = support.get("people/show", about_ann(""));
  CHECK_THAT(page.body, Contains(">Court (elm)</option>") && Contains(">Court (oak)</option>") &&
                            Contains(">Ash</option>"));
}

TEST_CASE("people are found by what was typed, page by page") {
  Support support;
  support.world.database.answers["search_people"] = [](const Params&) {
    return Rows{many_people(51)};
  };
  const Response page = support.get("people", "q=p%20%26&waiting=1&after=a%40corp.test");
  CHECK(page.status == 200);
  CHECK(support.parameter("search_people", 1) == "p &");
  CHECK(support.parameter("search_people", 2) == "t");
  CHECK(support.parameter("search_people", 3) == "a@corp.test");
  CHECK_THAT(page.body, Contains("p49@corp.test") && !Contains("p50@corp.test"));
  CHECK_THAT(page.body, Contains("?q=p%20%26&amp;waiting=1&amp;after=p49%40corp.test"));
  CHECK_THAT(page.body, Contains("value=\"p &amp;\""));

  support.world.database.answers["search_people"] = [](const Params&) {
    return Rows{many_people(50)};
  };
  CHECK_THAT(support.get("people").body, !Contains("rel=\"next\""));
  support.world.database.answers["search_people"] = [](const Params&) { return Rows{}; };
  CHECK_THAT(support.get("people", "q=nobody").body, Contains("Nobody was found."));
}

TEST_CASE("a person's page shows grants, sessions and history") {
  Support support;
  const Response page = support.get("people/show", about_ann("notice=granted"));
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("Ann &lt;Arbor&gt;") && Contains("Firefox, Windows"));
  CHECK_THAT(page.body, Contains("192.0.2.9") && Contains("2026-05-04 10:00 UTC"));
  CHECK_THAT(page.body, Contains("<p>Signed in") && Contains("a_new_kind"));
  CHECK_THAT(page.body, Contains("some &lt;detail&gt;") && Contains("sue@corp.test"));
  CHECK_THAT(page.body, Contains("The access was changed."));
  // What may not be changed has no form.
  CHECK_THAT(page.body, Contains("level-elm") && !Contains("level-oak"));
  CHECK(support.get("people/show", "user=nobody").status == 404);
  CHECK_THAT(support.get("people/show", about_ann("notice=<b>")).body, !Contains("notice success"));
}

TEST_CASE("a grant is changed, given and taken away") {
  Support support;
  SECTION("changed") {
    const Response done = support.post(
        "grant",
        about_ann(
            "property=elm&level=manager&expires_at=2099-02-01&expires_was=2099-01-31T12:00:00Z"));
    CHECK(done.status == 303);
    CHECK(header(done, "Location") ==
          std::string("/auth/manage/people/show?user=") + kAnn + "&notice=granted");
    CHECK(support.parameter("change_grant", 1) == kAnn);
    CHECK(support.parameter("change_grant", 2) == "elm");
    CHECK(support.parameter("change_grant", 3) == "manager");
    CHECK(support.parameter("change_grant", 4) == "2099-02-01T23:59:59Z");
  }
  SECTION("its last day left as it is") {
    support.post(
        "grant",
        about_ann(
            "property=elm&level=manager&expires_at=2099-01-31&expires_was=2099-01-31T12:00:00Z"));
    CHECK(support.parameter("change_grant", 4) == "2099-01-31T12:00:00Z");
  }
  SECTION("taken away, whatever else the form says") {
    const Response done = support.post(
        "grant", about_ann("property=elm&level=manager&expires_at=2099-02-01&remove=1"));
    CHECK_THAT(header(done, "Location"), Contains("notice=removed"));
    CHECK(support.parameter("change_grant", 3).empty());
  }
  SECTION("not taken away by a form without a level") {
    CHECK(support.post("grant", about_ann("property=elm")).status == 422);
    CHECK(support.world.database.calls["change_grant"] == 0);
  }
}

TEST_CASE("what could not be changed is said beside what was entered") {
  Support support;
  SECTION("a grant that is there") {
    support.outcome = "in_the_past";
    const Response page =
        support.post("grant", about_ann("property=elm&level=manager&expires_at=2020-01-01"));
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("id=\"error-elm\" role=\"alert\">This day has passed already."));
    CHECK_THAT(page.body, Contains("value=\"2020-01-01\" aria-invalid=\"true\""));
  }
  SECTION("a new one") {
    support.outcome = "above_own_level";
    const Response page = support.post(
        "grant", about_ann("form=add&property=oak&level=manager&expires_at=2099-01-01"));
    CHECK(page.status == 403);
    CHECK_THAT(page.body, Contains("id=\"add-error\" role=\"alert\">That is above your own level"));
    CHECK_THAT(page.body, Contains("<option value=\"oak\" selected>Oak Yard"));
  }
  SECTION("a new one at no property") {
    const Response page = support.post("grant", about_ann("form=add&level=manager"));
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("id=\"add-error\" role=\"alert\">Please choose a property."));
  }
  SECTION("one that is gone") {
    support.outcome = "no_property";
    const Response page = support.post("grant", about_ann("property=ash&level=viewer"));
    CHECK_THAT(page.body,
               Contains("role=\"alert\">This property does not exist, or it is closed."));
  }
  SECTION("the account") {
    support.outcome = "own_account";
    const Response page = support.post("account", about_ann("then=disabled"));
    CHECK(page.status == 403);
    CHECK_THAT(page.body, Contains("Nobody changes their own access."));
  }
  SECTION("a session") {
    support.outcome = "not_found";
    const Response page = support.post("sessions", about_ann("session=fedcba9876543210"));
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("That is not there any more."));
  }
}

TEST_CASE("accounts are switched off and on") {
  Support support;
  CHECK_THAT(header(support.post("account", about_ann("then=disabled")), "Location"),
             Contains("notice=disabled"));
  CHECK(support.parameter("set_disabled", 2) == "t");
  CHECK_THAT(header(support.post("account", about_ann("then=enabled")), "Location"),
             Contains("notice=enabled"));
  CHECK(support.parameter("set_disabled", 2) == "f");
}

TEST_CASE("support is told who has an account off, and offered what they can do about it") {
  Support support;
  const auto shows = [&](const char* off_by, const char* text) {
    support.world.database.answers["show_person"] = [off_by](const Params&) {
      return Rows{{{"person", kAnn, "ann@corp.test", "Ann", "disabled", "corp",
                    "2026-05-01T08:00:00Z", kNothing, "elm=viewer", "s", off_by}}};
    };
    const Response page = support.get("people/show", std::string("user=") + kAnn);
    return page.body.find(text) != std::string::npos;
  };
  CHECK(shows("people", ">Switch on<"));
  CHECK_FALSE(shows("people", "directory has switched"));
  CHECK(shows("scim:corp", ">Keep it switched off<"));
  CHECK_FALSE(shows("scim:corp", ">Switch on<"));
  CHECK(shows("scim:corp", "directory has switched"));
  CHECK(shows("people and scim:corp", ">Switch on<"));
  CHECK(shows("people and scim:corp", "directory has switched"));
}

TEST_CASE("all sessions end only where that is what was asked for") {
  Support support;
  CHECK(support.post("sessions", about_ann("session=0123456789abcdef")).status == 303);
  CHECK(support.parameter("end_sessions", 2) == "0123456789abcdef");
  CHECK(support.post("sessions", about_ann("all=1")).status == 303);
  CHECK(support.parameter("end_sessions", 2).empty());
  CHECK(support.post("sessions", about_ann("x=1")).status == 422);
  CHECK(support.world.database.calls["end_sessions"] == 2);
}

TEST_CASE("who decides at some properties only sees their own company's activity") {
  Support support;
  support.world.settings->access.process_requests = "manager";
  const SessionFields own{"ref",     kSupport,     "max@corp.test",
                          "Max",     "corp",       "https://login.test",
                          "manager", "elm=manager"};
  support.world.record = std::string(
      SessionRecord(UserStatus::active,
                    {support.world.clock.now() + std::chrono::hours(1), support.world.clock.now()},
                    own)
          .bytes());
  std::optional<std::string> asked;
  support.world.database.answers["sign_on_activity"] = [&](const Params& params) {
    asked = params.at(1);
    return Rows{{{"2027-01-15", std::nullopt, "0", "8", "5", "1"},
                 {std::nullopt, "corp", "1", "8", "5", "1"}}};
  };
  support.world.database.answers["waiting_times"] = [](const Params&) { return Rows{{{"4711"}}}; };
  const std::string query = GENERATE("", "company=other");
  const Response page = support.get("activity", query);
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("6 (75%)"));
  CHECK(asked == "corp");
  CHECK_THAT(page.body, !Contains("other") && !Contains("4711"));
}

TEST_CASE("activity shows every day of the last thirty, with the tables behind the charts") {
  Support support;
  const std::string today = "2027-01-15";
  support.world.database.answers["sign_on_activity"] = [&](const Params&) {
    return Rows{{{"2000-01-01", std::nullopt, "0", "0", "0", "0"},
                 {today, std::nullopt, "0", "8", "8", "1"},
                 {std::nullopt, "corp", "1", "8", "5", "1"},
                 {std::nullopt, "gone", "1", "0", "3", "0"},
                 {std::nullopt, std::nullopt, "17", "4", "1", "0"}}};
  };
  support.world.database.answers["waiting_times"] = [](const Params&) {
    return Rows{{{"4"}, {"0"}, {"2"}, {"0"}, {"0"}, {"1"}, {"9"}}};
  };
  const Response page = support.get("activity");
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("<rect class=\"first\""));
  CHECK_THAT(page.body, Contains("6 (75%)") && Contains("3 (–)"));
  CHECK_THAT(page.body, Contains("still waiting") && Contains(">9</td>"));
  CHECK_THAT(page.body,
             Contains("?company=corp") && Contains("17 other companies") && Contains("1 (25%)"));
  CHECK_THAT(page.body, !Contains("2000-01-01"));
  // One company's.
  CHECK_THAT(support.get("activity", "company=corp").body, Contains("value=\"corp\" selected"));
  CHECK_THAT(support.get("activity", "company=%3Cb%3E").body, !Contains("<b>"));
  CHECK_THAT(support.get("activity", "company=%3Cb%3E").body, Contains("No company has that"));
}

TEST_CASE("a company is found by its name, a domain, or a part of them") {
  IdentityProvider contoso, fabrikam, fabric;
  contoso.name = "contoso";
  contoso.display_name = "Contoso Ltd";
  contoso.domains = {"contoso.example", "contoso.test"};
  fabrikam.name = "fabrikam";
  fabrikam.display_name = "Fabrikam";
  fabric.name = "f2";
  fabric.display_name = "Fabrikam Facilities";
  fabric.domains = {"facilities.example"};
  const std::vector<const IdentityProvider*> all{&contoso, &fabrikam, &fabric};
  using Found = std::vector<const IdentityProvider*>;
  CHECK(journey::find_companies(all, "contoso", 20) == Found{&contoso});
  CHECK(journey::find_companies(all, "Contoso.Test", 20) == Found{&contoso});
  CHECK(journey::find_companies(all, "ltd", 20) == Found{&contoso});
  CHECK(journey::find_companies(all, "FABRIKAM", 20) == Found{&fabrikam});
  CHECK(journey::find_companies(all, "fabri", 20) == Found{&fabrikam, &fabric});
  CHECK(journey::find_companies(all, "fabri", 1) == Found{&fabrikam});
  CHECK(journey::find_companies(all, "example", 20) == Found{&contoso, &fabric});
  CHECK(journey::find_companies(all, "", 20).empty());
  CHECK(journey::find_companies(all, "nobody", 20).empty());
}

TEST_CASE("few companies are offered, of many one is typed") {
  const std::vector<IdentityProvider> many(41);
  std::vector<const IdentityProvider*> all;
  for (const IdentityProvider& one : many) all.push_back(&one);
  pages::Values values;
  journey::offer_companies(values, all, "con");
  CHECK(values.flags["is_typed"]);
  CHECK(values.lists["companies"].empty());
  CHECK(values.text["typed"] == "con");
  all.pop_back();
  journey::offer_companies(values, all, "");
  CHECK_FALSE(values.flags["is_typed"]);
  CHECK(values.lists["companies"].size() == 40);
}
