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
  Response put_in(const std::string& list, const std::string& seen = "",
                  const std::string& file = "", const std::string& change = "") {
    const auto field = [](const std::string& name, const std::string& value) {
      return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value +
             "\r\n";
    };
    return world.answer({.method = "POST",
                         .path = "/auth/manage/properties/many",
                         .body = field("list", list) + field("seen", seen) + field("file", file) +
                                 field("change", change) + "--b--\r\n",
                         .cookie = kSessionCookieHeader,
                         .origin = "https://login.test",
                         .content_type = "multipart/form-data; boundary=b"});
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
    for (const char* page : {"", "/show", "/many"})
      CHECK(keeper.get(page, "key=elm").status == 403);
    CHECK(keeper.post("add", "key=ash&name=Ash").status == 403);
    CHECK(keeper.post("rename", "key=elm&name=X&was=Y").status == 403);
    CHECK(keeper.post("state", "key=elm&then=closed").status == 403);
    CHECK(keeper.put_in("ash,Ash", "d").status == 403);
    CHECK(keeper.world.database.calls["put_properties"] == 0);
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

TEST_CASE("several properties are shown first, and put in as they were shown") {
  Keeper keeper;
  std::string seen = "d1";
  keeper.world.database.answers["put_properties"] = [&seen](const Params&) {
    return Rows{{{"added", "", "f", seen}, {"renamed", "Elm <Court>", "t", seen}}};
  };
  const std::string list = "key,name\r\nash,Ash Hill\r\nelm,<Elm>";
  const Response shown = keeper.put_in(list);
  CHECK(shown.status == 200);
  CHECK(keeper.parameter("put_properties", 1) == "{\"ash\",\"elm\"}");
  CHECK(keeper.parameter("put_properties", 3) == std::nullopt);
  CHECK_THAT(shown.body, Contains("New: 1. Another name: 1. As they are: 0.") &&
                             Contains("value=\"d1\"") &&
                             Contains("before: Elm &lt;Court&gt;. It is closed, and stays so.") &&
                             Contains("&lt;Elm&gt;") && !Contains("<Elm>"));
  // The page has the list once, and shows it for changing where that is asked for.
  CHECK(shown.body.find("<textarea name=\"list\"") == shown.body.rfind("<textarea"));
  const Response editor = keeper.put_in(list, "d1", "", "yes");
  CHECK_THAT(editor.body, Contains("<textarea id=\"list\"") && Contains("ash,Ash Hill") &&
                              !Contains("value=\"d1\""));
  CHECK(keeper.world.database.calls["put_properties"] == 1);
  const Response done = keeper.put_in(list, "d1");
  CHECK(header(done, "Location") == "/auth/manage/properties?notice=put_in");
  CHECK(keeper.parameter("put_properties", 3) == "d1");
  CHECK_THAT(keeper.get("", "notice=put_in").body, Contains("The properties are as in the list"));
  seen = "d2";
  const Response late = keeper.put_in(list, "d1");
  CHECK(late.status == 409);
  CHECK_THAT(late.body, Contains("Somebody else changed properties") && Contains("value=\"d2\""));
  CHECK(keeper.put_in("ignored", "d2", list).status == 200);
  CHECK(keeper.parameter("put_properties", 3) == std::nullopt);
}

TEST_CASE("what is wrong with several properties is said by its line, and none is put in") {
  Keeper keeper;
  keeper.world.database.answers["put_properties"] = [](const Params&) {
    return Rows{{{"added", "", "f", "d"}, {"bad_key", "", "f", "d"}}};
  };
  const Response wrong =
      keeper.put_in("ash;Ash\nBad Key;Oak\nonly\nash;Again\nfir;\nbox;x\x01y\n", "d");
  CHECK(wrong.status == 422);
  CHECK(keeper.parameter("put_properties", 1) == "{\"ash\",\"Bad Key\"}");
  CHECK(keeper.parameter("put_properties", 3) == std::nullopt);
  CHECK_THAT(wrong.body, Contains("5 of 6 rows can&apos;t be put in") &&
                             Contains("this one has 1 cells") &&
                             Contains("The same key stands in line 1 already") &&
                             Contains("A key has small letters") &&
                             Contains("Please enter a name") && !Contains("name=\"seen\""));
  // As an old spreadsheet saves it, and as it comes back from the page that showed it.
  for (const char* list : {"ash,Caf\xe9", "caf\xe9,Ash", "ash,Caf\xef\xbf\xbd"}) {
    CHECK_THAT(keeper.put_in(list).body, Contains("This line isn&apos;t UTF-8."));
  }
  CHECK_THAT(keeper.put_in("").body, Contains("There is no property in this list"));
  CHECK_THAT(keeper.put_in("key,name\n").body, Contains("There is no property in this list"));
  CHECK_THAT(keeper.put_in("a,\"b").body, Contains("A quotation mark in this list"));
  std::string long_list;
  for (int i = 0; i <= 5000; ++i) long_list += "k" + std::to_string(i) + ",x\n";
  CHECK_THAT(keeper.put_in(long_list).body, Contains("This list has 5001 rows"));
  CHECK(keeper.post("many", "list=a%2Cb").status == 400);
}

TEST_CASE("whoever decides at all properties no longer puts none in") {
  Keeper keeper;
  keeper.world.database.answers["put_properties"] = [](const Params&) {
    return Rows{{{"not_allowed", "", "f", ""}}};
  };
  const Response page = keeper.put_in("ash,Ash", "d");
  CHECK(page.status == 403);
  CHECK_THAT(page.body, Contains("You no longer decide at all properties") && Contains("ash,Ash"));
}
