// Manage: who is let in, what forms are told, and what is kept of them.

#include <catch2/catch.hpp>

#include "unit/journey/fixture.h"
#include "unit/journey/request_row.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kUser = "0f8fad5b-d9cb-469f-a165-70867728950e";
const std::string kTyped =
    "email=Bob%40corp.test&name=Bob+B&property=elm&level=manager&expires=2027-01-31&note=hello";
const std::string kForm = kTyped + "&owner=" + kUser;

struct ManageWorld : World {
  ManageWorld() {
    settings->access.levels = {"viewer", "technician", "manager", "admin"};
    settings->access.request_new_users = "manager";
    settings->access.process_requests = "admin";
    database.answers["list_properties"] = [](const Params&) {
      return Rows{{{"elm", "Elm Court"}, {"mill", "Mill House"}}};
    };
    database.give("file_requests", {"filed", kRequest, ""});
    database.answers["list_requests"] = [](const Params&) { return Rows{}; };
    database.answers["show_request"] = [](const Params&) { return Rows{}; };
    database.answers["waiting_without_request"] = [](const Params&) { return Rows{}; };
  }
  void hold(const std::string& grants, const std::string& highest) {
    const SessionFields own{"ref",   kUser, "ann@corp.test", "Ann", "corp", "https://login.test",
                            highest, grants};
    record = std::string(
        SessionRecord(UserStatus::active, {clock.now() + std::chrono::hours(1), clock.now()}, own)
            .bytes());
  }
  Response get(const std::string& path, const std::string& query = "",
               const std::string& cookie = kSessionCookieHeader) {
    return answer({.path = path, .query = query, .cookie = cookie});
  }
  Response post(const std::string& path, const std::string& body,
                const std::string& origin = "https://login.test") {
    return answer({.method = "POST",
                   .path = path,
                   .body = body,
                   .cookie = kSessionCookieHeader,
                   .origin = origin});
  }
  std::string origin_of_lists = "https://login.test";
  std::string cookie_of_lists = kSessionCookieHeader;
  Response post_list(const std::string& list, const std::string& more = "",
                     const std::string& pressed = "confirmed") {
    const auto field = [](const std::string& name, const std::string& value) {
      return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value +
             "\r\n";
    };
    return answer({.method = "POST",
                   .path = "/auth/manage/new-users",
                   .body = field("list", list) + field("property", "elm") +
                           field("level", "viewer") + field(pressed, more) + "--b--\r\n",
                   .cookie = cookie_of_lists,
                   .origin = origin_of_lists,
                   .content_type = "multipart/form-data; boundary=b"});
  }
  std::string shared_key;  // of requests
  bool is_closed = false;  // their property
  void give_request(const std::string& email, bool may_decide) {
    std::vector<Cell> row = request_row();
    row[1] = email;
    if (may_decide) {
      row[16] = row[17] = "t";
      row[18] = "viewer";
      row[19] = "2027-01-31T12:00:00Z";
    }
    row[20] = shared_key;
    if (is_closed) row[21] = "t";
    database.answers["list_requests"] = [row](const Params&) { return Rows{{row}}; };
    database.answers["show_request"] = database.answers["list_requests"];
  }
};

}  // namespace

TEST_CASE("requests say a property's key only where another has the same name") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  for (const char* page : {"/auth/manage/queue", "/auth/manage/requests"}) {
    world.shared_key = "";
    world.give_request("bob@corp.test", true);
    CHECK(world.get(page).body.find("Elm Court</p>") != std::string::npos);
    world.shared_key = "elm";
    world.give_request("bob@corp.test", true);
    CHECK(world.get(page).body.find("Elm Court <span class=\"more\">elm</span></p>") !=
          std::string::npos);
  }
  CHECK(world.get("/auth/manage/queue/request", "id=x")
            .body.find("Elm Court <span class=\"more\">elm</span>") != std::string::npos);
}

TEST_CASE("an open request says that its property is closed") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  for (const bool is_closed : {false, true}) {
    world.is_closed = is_closed;
    world.give_request("bob@corp.test", true);
    for (const auto& [page, query] : {std::pair{"/auth/manage/queue", ""},
                                      {"/auth/manage/requests", ""},
                                      {"/auth/manage/queue/request", "id=x"}}) {
      const bool is_said =
          world.get(page, query).body.find("This property is closed") != std::string::npos;
      CHECK(is_said == is_closed);
    }
  }
}

TEST_CASE(
    "a list of people says names of properties where one may ask, and else what was written") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  world.database.answers["property_names"] = [](const Params&) {
    return Rows{{{"elm", "Elm Court", "f"}}};
  };
  world.database.answers["file_requests"] = [](const Params&) {
    Rows rows;
    for (const char* outcome : {"filed", "no_property"}) rows.rows.push_back({outcome, "", ""});
    return rows;
  };
  const Response page = world.post_list("email,property\nann@corp.test,elm\nben@corp.test,oak\n");
  CHECK(page.body.find("<p class=\"more\">Elm Court</p>") != std::string::npos);
  CHECK(page.body.find("<p class=\"more\">oak</p>") != std::string::npos);
  CHECK(world.database.last["property_names"][0] == "{\"elm\"}");
}

TEST_CASE("Manage opens at the first tab that somebody may use") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  CHECK(header(world.get("/auth/manage"), "Location") == "/auth/manage/new-user");
  SECTION("support alone") {
    world.settings->access.request_new_users = "";
    CHECK(header(world.get("/auth/manage"), "Location") == "/auth/manage/queue");
  }
}

TEST_CASE("without the right there is a page that says so, and an audit event") {
  ManageWorld world;
  world.hold("elm=technician", "technician");
  const std::string path = GENERATE("/auth/manage", "/auth/manage/new-user",
                                    "/auth/manage/requests", "/auth/manage/queue");
  const Response refused = world.get(path);
  CHECK(refused.status == 403);
  CHECK_THAT(refused.body, Contains("<wbr>@corp.test"));
  REQUIRE(world.database.calls["audit"] == 1);
  CHECK(world.database.last["audit"][0] == "manage_refused");
  CHECK(world.database.last["audit"][4] == "ann@corp.test");
  CHECK(world.database.calls["list_requests"] == 0);
}

TEST_CASE("who may ask but not decide has no queue") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  CHECK(world.get("/auth/manage/requests").status == 200);
  CHECK_THAT(world.get("/auth/manage/requests").body, !Contains("/auth/manage/queue"));
  CHECK(world.get("/auth/manage/queue").status == 403);
  CHECK(world.post("/auth/manage/queue", "answer=approve").status == 403);
  CHECK(world.database.calls["decide_requests"] == 0);
}

TEST_CASE("whoever is signed out comes back to the same page; whoever waits does not get there") {
  ManageWorld world;
  const Response away = world.get("/auth/manage/queue", "min_days=7", "");
  const std::string location = header(away, "Location");
  REQUIRE_THAT(location, Catch::StartsWith("/auth/sign-in?r="));
  world.hold("*=admin", "admin");
  CHECK(header(world.get("/auth/sign-in", location.substr(location.find('?') + 1)), "Location") ==
        "/auth/manage/queue?min_days=7");
  world.sign_in_as(UserStatus::waiting, "");
  CHECK_THAT(header(world.get("/auth/manage/queue"), "Location"),
             Catch::StartsWith("/auth/waiting?r="));
}

TEST_CASE("Manage is out of reach for what runs on an app's host") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  const std::string page =
      GENERATE("/auth/manage", "/auth/manage/new-user", "/auth/manage/people/show");
  const Response sent = world.answer(
      {.host = "app.test", .path = page, .query = "user=1&x=%0a", .cookie = kSessionCookieHeader});
  CHECK(sent.status == 302);
  CHECK(header(sent, "Location") == "https://login.test" + page + "?user=1&x=%0a");
  for (const char* form : {"/auth/manage/people/grant", "/auth/manage/new-user"}) {
    const Response refused = world.answer({.method = "POST",
                                           .host = "app.test",
                                           .path = form,
                                           .body = kForm,
                                           .cookie = kSessionCookieHeader,
                                           .origin = "https://app.test"});
    CHECK(refused.status == 404);
  }
  CHECK(world.database.calls.empty());
}

TEST_CASE("forms that none of our pages sent are refused") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  const std::string path =
      GENERATE("/auth/manage/new-user", "/auth/manage/requests/withdraw", "/auth/manage/queue");
  CHECK(world.post(path, kForm + "&answer=approve", "https://evil.test").status == 403);
  for (const char* name : {"file_requests", "withdraw_request", "decide_requests"}) {
    CHECK(world.database.calls[name] == 0);
  }
}

TEST_CASE("New User offers only where the requester has enough access") {
  ManageWorld world;
  world.hold("elm=manager,mill=technician", "manager");
  const std::string page = world.get("/auth/manage/new-user").body;
  CHECK_THAT(page, Contains("<option value=\"elm\">Elm Court</option>"));
  CHECK_THAT(page, !Contains("Mill House") && !Contains("All properties"));
  CHECK_THAT(page, Contains("<option value=\"manager\">") && !Contains("value=\"admin\""));
  world.hold("*=admin", "admin");
  CHECK_THAT(world.get("/auth/manage/new-user").body,
             Contains("Mill House") && Contains("All properties"));
}

TEST_CASE("a request is filed as it was typed, and the browser sent on") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  const Response filed = world.post("/auth/manage/new-user", kForm);
  CHECK(filed.status == 303);
  CHECK(header(filed, "Location") == "/auth/manage/requests?notice=filed");
  const Params& params = world.database.last["file_requests"];
  CHECK(params[1] == "{\"bob@corp.test\"}");
  CHECK(params[2] == "{\"Bob B\"}");
  CHECK(params[3] == "{\"elm\"}");
  CHECK(params[4] == "{\"manager\"}");
  CHECK(params[5] == "{\"2027-01-31T23:59:59Z\"}");
  CHECK(params[6] == "{\"hello\"}");
  CHECK(params[7] == "f");
  world.database.give("file_requests", {"filed", kRequest, "2026-05-01T08:00:00Z"});
  CHECK(header(world.post("/auth/manage/new-user", kForm), "Location") ==
        "/auth/manage/requests?notice=filed_waiting");
}

TEST_CASE("what is wrong stands beside its field, and what was typed stays") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  struct Case {
    std::string form, field;
  };
  const std::string rest = "&property=elm&level=viewer";
  const auto bad = GENERATE_COPY(
      values<Case>({{"email=bob&name=Kept" + rest, "email"},
                    {"email=b%D0%BEb%40corp.test&name=Kept" + rest, "email"},
                    {"email=bob%40corp.test%0ABcc%3Ax%40y.test&name=Kept" + rest, "email"},
                    {"email=b%40corp.test&name=Kept%E2%80%AEx" + rest, "name"},
                    {"email=b%40corp.test&name=Kept" + std::string(100, 'x') + rest, "name"},
                    {"email=b%40corp.test&name=Kept%0Ax" + rest, "name"},
                    {"email=b%40corp.test&name=Kept&note=%E2%80%8B" + rest, "note"},
                    {"email=b%40corp.test&name=Kept&note=" + std::string(501, 'x') + rest, "note"},
                    {"email=b%40corp.test&name=Kept&level=viewer", "property"},
                    {"email=b%40corp.test&name=Kept&property=elm&level=king", "level"}}));
  INFO(bad.form);
  const Response page = world.post("/auth/manage/new-user", bad.form);
  CHECK(page.status == 422);
  CHECK_THAT(page.body, Contains("id=\"" + bad.field + "-error\"") && Contains("value=\"Kept"));
  CHECK_THAT(page.body, Contains("<title>Error:"));
  CHECK(world.database.calls["file_requests"] == 0);
}

TEST_CASE("what the database refuses stands beside its field too") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  struct Case {
    std::string outcome, field;
    int status;
  };
  const auto refused = GENERATE(values<Case>({{"already_open", "email", 422},
                                              {"has_access", "email", 422},
                                              {"user_disabled", "email", 422},
                                              {"no_property", "property", 422},
                                              {"not_allowed", "property", 403},
                                              {"no_level", "level", 422},
                                              {"above_own_level", "level", 422},
                                              {"in_the_past", "expires", 422},
                                              {"bad_expiry", "expires", 422}}));
  INFO(refused.outcome);
  world.database.give("file_requests", {refused.outcome, kRequest, ""});
  const Response page = world.post("/auth/manage/new-user", kForm);
  CHECK(page.status == refused.status);
  CHECK_THAT(page.body, Contains("id=\"" + refused.field + "-error\"") && Contains(">\nhello<"));
  CHECK((page.body.find(std::string("requests#request-") + kRequest) != std::string::npos) ==
        (refused.outcome == "already_open"));
}

TEST_CASE("a domain without sign-on is asked about once") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  const std::string form = "email=b%40nowhere.test&property=elm&level=viewer";
  const Response asked = world.post("/auth/manage/new-user", form);
  CHECK(asked.status == 200);
  CHECK_THAT(asked.body, Contains("name=\"confirmed\" value=\"nowhere.test\""));
  CHECK(world.database.calls["file_requests"] == 0);
  CHECK(world.post("/auth/manage/new-user", form + "&confirmed=other.test").status == 200);
  CHECK(world.post("/auth/manage/new-user", form + "&confirmed=nowhere.test").status == 303);
}

TEST_CASE("HTML in a field comes back as text") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  const Response page = world.post("/auth/manage/new-user",
                                   "email=%22%3E%3Cscript%3E&name=%3Cb%3E&note=%3C%2Ftextarea%3E");
  CHECK(page.status == 422);
  CHECK_THAT(page.body, !Contains("<script>") && !Contains("<b>"));
  CHECK_THAT(page.body, Contains("&lt;/textarea&gt;"));
}

TEST_CASE("nothing typed is lost when the session ends") {
  ManageWorld world;
  const Response away = world.post("/auth/manage/new-user", kForm);
  CHECK(away.status == 302);
  CHECK_THAT(header(away, "Location"), Catch::StartsWith("/auth/sign-in?r="));
  const std::string draft = pair_of(header(away, "Set-Cookie"));
  REQUIRE_THAT(draft, Catch::StartsWith("__Host-anteroom-draft="));
  world.hold("elm=manager", "manager");
  const std::string cookies = std::string(kSessionCookieHeader) + "; " + draft;
  SECTION("the form is filled in again, once") {
    const Response page = world.get("/auth/manage/new-user", "", cookies);
    CHECK_THAT(page.body, Contains("value=\"Bob@corp.test\"") && Contains("value=\"Bob B\"") &&
                              Contains("<option value=\"elm\" selected>") &&
                              Contains("<option value=\"manager\" selected>") &&
                              Contains("value=\"2027-01-31\"") && Contains(">\nhello<"));
    CHECK_THAT(header(page, "Set-Cookie"), Catch::StartsWith("__Host-anteroom-draft=;"));
  }
  SECTION("not for somebody else in the same browser") {
    world.record.clear();
    const std::string theirs = kTyped + "&owner=00000000-0000-0000-0000-000000000009";
    const Response kept = world.post("/auth/manage/new-user", theirs);
    world.hold("elm=manager", "manager");
    const std::string both =
        std::string(kSessionCookieHeader) + "; " + pair_of(header(kept, "Set-Cookie"));
    CHECK_THAT(world.get("/auth/manage/new-user", "", both).body, !Contains("Bob"));
  }
  SECTION("not when it is stale") {
    world.clock.advance(std::chrono::minutes(16));
    CHECK_THAT(world.get("/auth/manage/new-user", "", cookies).body, !Contains("Bob"));
  }
  SECTION("not when it was changed") {
    const std::string forged =
        cookies.substr(0, cookies.size() - 1) + (cookies.back() == 'A' ? "B" : "A");
    CHECK_THAT(world.get("/auth/manage/new-user", "", forged).body, !Contains("Bob"));
  }
}

TEST_CASE("a list stays in the page when the session has ended") {
  ManageWorld world;
  const Response page = world.post_list("bob@corp.test\n<script>@corp.test");
  CHECK(page.status == 403);
  CHECK_THAT(page.body, Contains("bob@corp.test\n&lt;script&gt;@corp.test</textarea>") &&
                            Contains("name=\"level\" value=\"viewer\"") &&
                            Contains("action=\"/auth/manage/new-users\""));
  CHECK(world.database.calls["file_requests"] == 0);
  SECTION("not that of a foreign form") {
    world.origin_of_lists = "https://evil.test";
    CHECK_THAT(world.post_list("bob@corp.test").body, !Contains("bob@corp.test"));
  }
  SECTION("without a list there is nothing to keep") {
    CHECK(world.post_list("").status == 302);
  }
}

TEST_CASE("a long list stays only where there was a session") {
  ManageWorld world;
  const std::string list = "bob@corp.test\n" + std::string(16u << 10, '"');
  CHECK_THAT(world.post_list(list).body, Contains("bob@corp.test"));
  world.cookie_of_lists = "";
  CHECK(world.post_list(list).status == 302);
  CHECK_THAT(world.post_list("bob@corp.test").body, Contains("bob@corp.test"));
}

TEST_CASE("what is kept fits into a cookie") {
  ManageWorld world;
  const std::string form = "email=" + std::string(1000, 'e') + "&name=" + std::string(9000, 'n') +
                           "&note=" + std::string(90000, 'x');
  const Response away = world.post("/auth/manage/new-user", form);
  CHECK(header(away, "Set-Cookie").size() < 3000);
}

TEST_CASE("a foreign form leaves nothing behind") {
  ManageWorld world;
  const Response refused = world.post("/auth/manage/new-user", kForm, "https://evil.test");
  CHECK(refused.status == 403);
  CHECK(headers(refused, "Set-Cookie").empty());
}

TEST_CASE("requests show where they stand, and can be withdrawn") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  world.give_request("bob@corp.test", false);
  const Response page = world.get("/auth/manage/requests", "notice=filed");
  CHECK_THAT(page.body, Contains("bob@corp.test") && Contains("Signs in at corp") &&
                            Contains("since 2026-05-01 08:00 UTC") && Contains(">Withdraw<"));
  CHECK(world.database.last["list_requests"][1] == kUser);
  const std::string form = std::string("request=") + kRequest;
  world.database.give("withdraw_request", {"t"});
  CHECK(header(world.post("/auth/manage/requests/withdraw", form), "Location") ==
        "/auth/manage/requests?notice=withdrawn");
  world.database.give("withdraw_request", {"f"});
  CHECK(header(world.post("/auth/manage/requests/withdraw", form), "Location") ==
        "/auth/manage/requests?notice=too_late");
}

TEST_CASE("a notice is one of ours, whatever the address says") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  CHECK_THAT(world.get("/auth/manage/requests", "notice=%3Cb%3Ehacked").body, !Contains("hacked"));
  CHECK_THAT(world.get("/auth/manage/queue", "notice=approved&count=call+0900").body,
             !Contains("0900"));
}

TEST_CASE("the queue is narrowed by company, property and age") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  world.get("/auth/manage/queue", "in_company=corp&in_property=elm&min_days=7&after=x");
  const Params& params = world.database.last["list_requests"];
  CHECK(params[2] == "open");
  CHECK(params[3] == "{\"corp.test\"}");
  CHECK(params[4] == "elm");
  CHECK(params[5] == "7");
  CHECK(params[6] == "x");
  world.get("/auth/manage/queue", "in_company=nobody&min_days=-5");
  CHECK(world.database.last["list_requests"][3] == "{}");
  CHECK(world.database.last["list_requests"][5] == "0");
}

TEST_CASE("the queue offers to decide only what is the reader's to decide") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  world.give_request("bob@corp.test", true);
  CHECK_THAT(world.get("/auth/manage/queue").body,
             Contains("type=\"checkbox\"") && Contains("Approve chosen"));
  world.give_request("bob@corp.test", false);
  CHECK_THAT(world.get("/auth/manage/queue").body,
             !Contains("type=\"checkbox\"") && !Contains("Approve chosen"));
}

TEST_CASE("decisions go to the database as they were made") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  world.database.give("decide_requests", {kRequest, "done", ""});
  const std::string chosen = std::string("request=") + kRequest + "+bob%40corp.test&min_days=7";
  const Response approved =
      world.post("/auth/manage/queue", chosen + "&answer=approve&reason=ignored");
  CHECK(header(approved, "Location") == "/auth/manage/queue?min_days=7&notice=approved&count=1");
  CHECK(world.database.last["decide_requests"][2] == "t");
  CHECK(world.database.last["decide_requests"][5] == "");
  const Response declined =
      world.post("/auth/manage/queue", chosen + "&answer=decline&reason=no+need");
  CHECK(header(declined, "Location") == "/auth/manage/queue?min_days=7&notice=declined&count=1");
  CHECK(world.database.last["decide_requests"][2] == "f");
  CHECK(world.database.last["decide_requests"][5] == "no need");
}

TEST_CASE("what could not be decided is told by name, the rest is done") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  const std::string other = "9b2d4a1e-7425-40de-944b-e07fc1f90ae7";
  world.database.answers["decide_requests"] = [&](const Params&) {
    return Rows{{{kRequest, "decided_already", "sue@corp.test"}, {other, "done", ""}}};
  };
  const Response page = world.post("/auth/manage/queue",
                                   std::string("answer=approve&request=") + kRequest +
                                       "+bob%40corp.test&request=" + other + "+eve%40corp.test");
  CHECK(page.status == 409);
  CHECK_THAT(page.body, Contains("<strong>bob@corp.test</strong>") && Contains("sue@corp.test"));
  CHECK_THAT(page.body, !Contains("<strong>eve@corp.test") && Contains("One request was approved"));
}

TEST_CASE("a decision on nothing, or with a reason that can't be read, is sent back") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  world.give_request("bob@corp.test", true);
  CHECK(world.post("/auth/manage/queue", "answer=approve").status == 422);
  const Response page = world.post("/auth/manage/queue", std::string("answer=decline&request=") +
                                                             kRequest + "&reason=kept%E2%80%AE");
  CHECK(page.status == 422);
  CHECK_THAT(page.body, Contains("id=\"reason-error\"") && Contains("kept"));
  CHECK(world.post("/auth/manage/queue", std::string("request=") + kRequest).status == 400);
  CHECK(world.database.calls["decide_requests"] == 0);
}

TEST_CASE("a list is shown before it is sent, and sent when confirmed") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  world.database.answers["file_requests"] = [](const Params&) {
    return Rows{{{"filed", "", ""}, {"filed", "", ""}}};
  };
  const std::string list = "bob@corp.test\neve@corp.test";
  const Response shown = world.post_list(list);
  CHECK(shown.status == 200);
  CHECK(world.database.last["file_requests"][7] == "t");
  CHECK_THAT(shown.body, Contains("All 2 rows are fine") && Contains("value=\"yes\"") &&
                             Contains("bob@corp.test"));
  // The page has the list once, and shows it for changing where that is asked for.
  CHECK(shown.body.find("<textarea name=\"list\"") == shown.body.rfind("<textarea"));
  const Response editor = world.post_list(list, "yes", "change");
  CHECK_THAT(editor.body, Contains("<textarea id=\"list\"") && Contains("bob@corp.test\neve") &&
                              !Contains("2 rows are fine"));
  CHECK(world.database.calls["file_requests"] == 1);
  const Response sent = world.post_list(list, "yes");
  CHECK(header(sent, "Location") == "/auth/manage/requests?notice=filed_many");
  CHECK(world.database.last["file_requests"][7] == "f");
}

TEST_CASE("a list with a bad row is never sent, confirmed or not") {
  ManageWorld world;
  world.hold("elm=manager", "manager");
  const Response wrong = world.post_list("bob@corp.test\nnobody", "yes");
  CHECK(wrong.status == 422);
  CHECK(world.database.last["file_requests"][7] == "t");
  CHECK_THAT(wrong.body, Contains("1 of 2 rows") && !Contains("value=\"yes\""));
  world.database.give("file_requests", {"already_open", kRequest, ""});
  CHECK_THAT(world.post_list("bob@corp.test").body, Contains("1 of 1 rows"));
  CHECK(world.post("/auth/manage/new-users", "list=bob%40corp.test").status == 400);
}

TEST_CASE("one request is approved as asked for, or changed") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  world.give_request("bob@corp.test", true);
  world.database.give("decide_requests", {kRequest, "done", ""});
  const std::string which = std::string("id=") + kRequest;
  const Response page = world.get("/auth/manage/queue/request", which);
  CHECK(page.status == 200);
  CHECK(world.database.last["show_request"][1] == kRequest);
  CHECK_THAT(page.body, Contains("value=\"elm\" checked") && Contains("\"manager\" selected"));
  const std::string path = "/auth/manage/queue/request";
  CHECK(header(world.post(path, which + "&answer=approve&level=manager&property=elm"),
               "Location") == "/auth/manage/queue?notice=approved&count=1");
  CHECK(world.database.last["decide_requests"][3] == "");
  CHECK(world.database.last["decide_requests"][4] == "{}");
  world.post(path, which + "&answer=approve&level=viewer&property=elm&property=mill");
  CHECK(world.database.last["decide_requests"][3] == "viewer");
  CHECK(world.database.last["decide_requests"][4] == "{\"elm\",\"mill\"}");
  CHECK(world.post(path, which + "&answer=approve&level=viewer").status == 422);
  world.database.give("decide_requests", {kRequest, "above_own_level", ""});
  CHECK(world.post(path, which + "&answer=approve&level=admin&property=elm").status == 409);
}

TEST_CASE("a request that is not there any more leads back to the queue") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  const Response gone = world.get("/auth/manage/queue/request", "id=x");
  CHECK(header(gone, "Location") == "/auth/manage/queue?notice=gone");
  CHECK_THAT(world.get("/auth/manage/queue", "notice=gone").body, Contains("not open any more"));
}

TEST_CASE("while the database is away Manage says so") {
  ManageWorld world;
  world.hold("*=admin", "admin");
  world.database.answers.clear();
  CHECK(world.get("/auth/manage/queue").status == 503);
  CHECK(world.get("/auth/manage/requests").status == 503);
  CHECK(world.post("/auth/manage/new-user", kForm).status == 503);
}
