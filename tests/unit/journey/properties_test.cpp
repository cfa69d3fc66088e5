// The pages about properties.

#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Contains;

namespace {

const Cell kOpen = std::nullopt;

// Somebody who decides at all properties, unless said otherwise.
struct Keeper {
  World world;
  std::string outcome = "done";  ///< of every change

  explicit Keeper(const std::string& grants = "*=manager") {
    world.settings->access.request_new_users = "viewer";
    world.settings->access.process_requests = "manager";
    world.record = world.record_with("manager", grants);
    for (const char* change : {"make_property", "rename_property", "close_property"}) {
      world.database.answers[change] = [this](const Params&) { return Rows{{{outcome}}}; };
    }
    world.database.answers["show_property"] = [](const Params& params) {
      if (params[1] != "elm") return Rows{};
      return Rows{{{"elm", "Elm <Court>", "", kOpen, "", "12", "3"}}};
    };
    world.database.answers["search_properties"] = [](const Params&) { return Rows{rows(51)}; };
  }

  static std::vector<std::vector<Cell>> rows(int count) {
    std::vector<std::vector<Cell>> rows;
    for (int i = 0; i < count; ++i) {
      rows.push_back({"p" + std::to_string(i), "House <" + std::to_string(i) + ">", "", kOpen, ""});
    }
    return rows;
  }
  Response get(const std::string& page, const std::string& query = "") {
    return world.answer(
        {.path = "/auth/manage/properties" + page, .query = query, .cookie = kSessionCookieHeader});
  }
  Response post(const std::string& form, const std::string& body,
                const std::string& origin = "https://login.test") {
    return world.answer({.method = "POST",
                         .path = "/auth/manage/properties/" + form,
                         .body = body,
                         .cookie = kSessionCookieHeader,
                         .origin = origin});
  }
  Cell parameter(const std::string& statement, std::size_t number) {
    return world.database.last[statement].at(number);
  }
  int changes() {
    return world.database.calls["make_property"] + world.database.calls["rename_property"] +
           world.database.calls["close_property"];
  }
};

}  // namespace

TEST_CASE("properties are for those who decide at all of them") {
  for (const char* grants : {"elm=manager", "*=viewer,elm=manager", "*=viewer"}) {
    Keeper keeper(grants);
    for (const char* page : {"", "/show"}) CHECK(keeper.get(page, "key=elm").status == 403);
    CHECK(keeper.post("add", "key=ash&name=Ash").status == 403);
    CHECK(keeper.post("rename", "key=elm&name=X&was=Y").status == 403);
    CHECK(keeper.post("state", "key=elm&then=closed").status == 403);
    CHECK(keeper.changes() == 0);
    CHECK(keeper.world.database.calls["search_properties"] == 0);
    CHECK(keeper.world.database.calls["show_property"] == 0);
  }
  Keeper keeper;
  CHECK_THAT(keeper.get("").body, Contains("href=\"/auth/manage/properties\" aria-current"));
}

TEST_CASE("the tab is there for those who decide at all properties") {
  for (const char* grants : {"*=manager", "elm=manager"}) {
    Keeper keeper(grants);
    keeper.world.database.answers["sign_on_activity"] = [](const Params&) { return Rows{}; };
    keeper.world.database.answers["search_people"] = [](const Params&) { return Rows{}; };
    const Response page =
        keeper.world.answer({.path = "/auth/manage/people", .cookie = kSessionCookieHeader});
    CHECK(page.status == 200);
    CHECK((page.body.find("/auth/manage/properties") != std::string::npos) == (grants[0] == '*'));
  }
}

TEST_CASE("forms about properties are taken from our own pages only") {
  Keeper keeper;
  CHECK(keeper.post("add", "key=ash&name=Ash", "https://evil.test").status == 403);
  CHECK(keeper.post("rename", "key=elm&name=X&was=Y", "https://evil.test").status == 403);
  CHECK(keeper.post("state", "key=elm&then=closed", "https://evil.test").status == 403);
  CHECK(keeper.changes() == 0);
}

TEST_CASE("properties are found by what was typed, page by page") {
  Keeper keeper;
  const Response page = keeper.get("", "q=a%26b&state=closed&after=o9");
  CHECK(keeper.parameter("search_properties", 1) == "a&b");
  CHECK(keeper.parameter("search_properties", 2) == "closed");
  CHECK(keeper.parameter("search_properties", 3) == "o9");
  CHECK_THAT(page.body, Contains("House &lt;49&gt;") && !Contains("House &lt;50&gt;"));
  CHECK_THAT(page.body, Contains("?q=a%26b&amp;state=closed&amp;after=p49"));
  CHECK_THAT(page.body, Contains("/auth/manage/properties/show?key=p0"));
  keeper.get("", "state=evil");
  CHECK(keeper.parameter("search_properties", 2) == "");
}

TEST_CASE("a property is added, and seen by a new request") {
  Keeper keeper;
  const Response added = keeper.post("add", "key=+ash-1+&name=+Ash+Hill+");
  CHECK(added.status == 303);
  CHECK(header(added, "Location") == "/auth/manage/properties/show?key=ash-1&notice=added");
  CHECK(keeper.parameter("make_property", 1) == "ash-1");
  CHECK(keeper.parameter("make_property", 2) == "Ash Hill");
}

TEST_CASE("what keeps a property from being added is said, and what was typed is kept") {
  Keeper keeper;
  const Response nameless = keeper.post("add", "key=ash&name=++");
  CHECK(nameless.status == 422);
  CHECK_THAT(nameless.body, Contains("Please enter a name.") && Contains("value=\"ash\""));
  CHECK(keeper.post("add", "key=ash&name=" + std::string(101, 'a')).status == 422);
  CHECK(keeper.post("add", "key=ash&name=a%0Ab").status == 422);
  CHECK(keeper.changes() == 0);
  keeper.outcome = "exists";
  const Response taken = keeper.post("add", "key=ash&name=%3Cb%3E");
  CHECK(taken.status == 422);
  CHECK_THAT(taken.body, Contains("There is a property with this key already.") &&
                             Contains("value=\"&lt;b&gt;\""));
  keeper.outcome = "bad_key";
  CHECK(keeper.post("add", "key=" + std::string(80, 'a') + "&name=A").status == 422);
  CHECK(keeper.parameter("make_property", 1)->size() == 64);  // no other key by being cut off
  keeper.outcome = "not_allowed";
  CHECK(keeper.post("add", "key=ash&name=A").status == 403);
}

TEST_CASE("before a property is closed its page says whom that concerns") {
  Keeper keeper;
  const Response page = keeper.get("/show", "key=elm");
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("Elm &lt;Court&gt;") && Contains("lose what it gives: 12.") &&
                            Contains("can only be declined then: 3."));
  CHECK_THAT(page.body, Contains("name=\"then\" value=\"closed\"") && !Contains("value=\"open\""));
  CHECK(keeper.get("/show", "key=none").status == 404);
  CHECK_THAT(keeper.get("/show", "key=elm&notice=closed").body,
             Contains("The property was closed."));
}

TEST_CASE("a closed property says since when and by whom, and can be opened") {
  Keeper keeper;
  keeper.world.database.answers["show_property"] = [](const Params&) {
    return Rows{{{"elm", "Elm", "", "2026-05-04T09:12:33Z", "sue@corp.test", "0", "0"}}};
  };
  CHECK_THAT(keeper.get("/show", "key=elm").body,
             Contains("since 2026-05-04 09:12 UTC, by sue@corp.test") &&
                 Contains("name=\"then\" value=\"open\"") && !Contains("value=\"closed\""));
}

TEST_CASE("a property is renamed, closed and opened") {
  Keeper keeper;
  const std::string shown = "/auth/manage/properties/show?key=elm&notice=";
  CHECK(header(keeper.post("rename", "key=elm&name=Elm+House&was=Elm+Court"), "Location") ==
        shown + "renamed");
  CHECK(keeper.parameter("rename_property", 2) == "Elm House");
  CHECK(keeper.parameter("rename_property", 3) == "Elm Court");
  CHECK(header(keeper.post("state", "key=elm&then=closed"), "Location") == shown + "closed");
  CHECK(keeper.parameter("close_property", 2) == "t");
  CHECK(header(keeper.post("state", "key=elm&then=open"), "Location") == shown + "opened");
  CHECK(keeper.parameter("close_property", 2) == "f");
}

TEST_CASE("nothing is closed by a form that does not say so") {
  Keeper keeper;
  for (const char* body : {"key=elm", "key=elm&then=", "key=elm&then=close", ""}) {
    CHECK(keeper.post("state", body).status == 400);
  }
  CHECK(keeper.changes() == 0);
}

TEST_CASE("whoever comes second is told, and sees what the first did and what they typed") {
  Keeper keeper;
  keeper.outcome = "changed";
  const Response renamed = keeper.post("rename", "key=elm&name=Mine&was=Elm");
  CHECK(renamed.status == 409);
  CHECK_THAT(renamed.body, Contains("Somebody else changed this property") &&
                               Contains("value=\"Mine\"") &&
                               Contains("name=\"was\" value=\"Elm &lt;Court&gt;\""));
  CHECK(keeper.post("state", "key=elm&then=closed").status == 409);
  keeper.outcome = "not_found";
  CHECK(keeper.post("state", "key=none&then=closed").status == 404);
  const Response nameless = keeper.post("rename", "key=elm&name=&was=Elm");
  CHECK(nameless.status == 422);
  CHECK(keeper.world.database.calls["rename_property"] == 1);
}
