// Where there are more properties than anybody would choose from a list: pages stay small, and what
// is typed finds them.
#include <algorithm>
#include <utility>

#include "http/form.h"
#include "journey/manage/property_choice.h"
#include "text/unicode.h"
#include "unit/journey/fixture.h"
#include "unit/journey/request_row.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Contains;

namespace {

constexpr const char* kPerson = "22222222-2222-3333-4444-555555555555";
constexpr std::size_t kMostBytes = 60'000;
const Cell kNothing = std::nullopt;

// Of "{\"a\",\"b\"}".
std::vector<std::string> items(const std::string& array) {
  std::vector<std::string> found;
  for (std::size_t i = array.find('"'); i != std::string::npos; i = array.find('"', i)) {
    const auto end = array.find('"', i + 1);
    found.push_back(array.substr(i + 1, end - i - 1));
    i = end + 1;
  }
  return found;
}

// 5,000 properties: p0 "House 0" …, elm "Elm Court" and elm-2 "Elm Court" among them.
struct Estate : World {
  std::vector<std::pair<std::string, std::string>> properties{
      {"elm", "Elm Court"}, {"elm-2", "Elm Court"}, {"mill", "Old Mill, North"}};
  std::size_t answered = 0;  ///< rows about properties

  Estate() {
    settings->access.levels = {"viewer", "manager", "admin"};
    settings->access.request_new_users = "manager";
    settings->access.process_requests = "manager";
    for (int i = 0; properties.size() < 5000; ++i) {
      const std::string number = std::to_string(i);
      properties.emplace_back("p" + number, "House " + number + " at the end of the long road");
    }
    database.answers["list_properties"] = [this](const Params& asked) { return listed(asked); };
    database.answers["find_properties"] = [this](const Params& asked) { return found(asked); };
    database.answers["waiting_without_request"] = [](const Params&) { return Rows{}; };
    database.answers["list_requests"] = [](const Params&) {
      return Rows{std::vector<std::vector<Cell>>(51, request())};
    };
    database.answers["show_request"] = [](const Params&) { return Rows{{request()}}; };
    database.give("file_requests", {"filed", kRequest, ""});
    database.give("decide_requests", {kRequest, "done", ""});
    database.give("change_grant", {"done"});
    database.answers["show_person"] = [](const Params&) {
      return Rows{{{"person", kPerson, "bob@corp.test", "Bob", "active", "corp",
                    "2026-05-01T08:00:00Z", "2026-05-04T09:12:33Z", "elm=viewer", "s", kNothing}}};
    };
    hold("*=admin");
  }

  /// That the viewer may decide about.
  static std::vector<Cell> request() {
    std::vector<Cell> row = request_row();
    row[16] = "t";
    row[20] = "elm";
    return row;
  }

  /// The request is for all properties.
  void ask_for_all() {
    database.answers["show_request"] = [](const Params&) {
      std::vector<Cell> row = request();
      row[3] = "*";
      row[4] = row[20] = "";
      return Rows{{row}};
    };
  }

  void hold(const std::string& grants) { record = record_with("admin", grants); }

  /// Those that a statement is asked among.
  std::vector<std::pair<std::string, std::string>> among(const Cell& keys) const {
    if (!keys) return properties;
    const std::vector<std::string> wanted = items(*keys);
    auto some = properties;
    std::erase_if(some, [&](const auto& one) {
      return std::find(wanted.begin(), wanted.end(), one.first) == wanted.end();
    });
    return some;
  }
  Rows listed(const Params& asked) {
    Rows rows;
    const std::size_t most = std::stoul(*asked[1]);
    for (const auto& [key, name] : among(asked[0])) {
      if (most > 0 && rows.rows.size() == most) break;
      rows.rows.push_back({key, name});
    }
    answered += rows.rows.size();
    return rows;
  }
  // As find_properties() of the database, but for capital letters.
  Rows found(const Params& asked) {
    Rows rows;
    const bool keys_are_first = asked.size() < 4 || asked[3] == "t";
    const std::vector<std::string> texts = items(*asked[1]);
    for (std::size_t nth = 0; nth < texts.size(); ++nth) {
      std::vector<std::pair<std::string, std::string>> by[3];
      for (const auto& [key, name] : among(asked[0])) {
        const std::string& text = texts[nth];
        const bool is_key = text == key || text == name + " (" + key + ")";
        const bool is_part = text.size() > 1 && (key + "\n" + name).find(text) != text.npos;
        const std::size_t as_name = text == name ? (keys_are_first ? 1 : 0) : 2;
        if (is_key || as_name < 2 || is_part) by[is_key ? 0 : as_name].emplace_back(key, name);
      }
      const auto* best = std::find_if(std::begin(by), std::end(by),
                                      [](const auto& matches) { return !matches.empty(); });
      if (best == std::end(by)) continue;
      for (std::size_t i = 0; i < std::min<std::size_t>(best->size(), 40); ++i) {
        rows.rows.push_back({std::to_string(nth + 1), (*best)[i].first, (*best)[i].second,
                             best == &by[2] ? "f" : "t", std::to_string(best->size())});
      }
    }
    answered += rows.rows.size();
    return rows;
  }

  Response get(const std::string& page, const std::string& query = "") {
    return answer({.path = "/auth/manage/" + page, .query = query, .cookie = kSessionCookieHeader});
  }
  Response post(const std::string& page, const std::string& body) {
    return answer({.method = "POST",
                   .path = "/auth/manage/" + page,
                   .body = body,
                   .cookie = kSessionCookieHeader});
  }
  Response ask_for_bob(const std::string& more) {
    return post("new-user", "email=bob%40corp.test&name=Bob&level=viewer&note=kept&" + more);
  }
  Response send_list(const std::string& list, const std::string& looked_for = "elm",
                     const std::string& property = "", const std::string& looked_for_was = "") {
    const auto field = [](const std::string& name, const std::string& value) {
      return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value +
             "\r\n";
    };
    return answer({.method = "POST",
                   .path = "/auth/manage/new-users",
                   .body = field("list", list) + field("looked_for", looked_for) +
                           field("property", property) + field("looked_for_was", looked_for_was) +
                           field("level", "viewer") + "--b--\r\n",
                   .cookie = kSessionCookieHeader,
                   .content_type = "multipart/form-data; boundary=b"});
  }
  std::string sent(const std::string& statement, std::size_t number) {
    return database.last[statement].at(number).value_or("NULL");
  }
  int calls(const std::string& statement) { return database.calls[statement]; }
};

std::string about_bob(const std::string& more) {
  return std::string("user=") + kPerson + "&form=add&level=viewer&" + more;
}

std::string about_request(const std::string& more) {
  return std::string("id=") + kRequest + "&level=manager&" + more;
}

std::string typed(const std::string& text) {
  return "&looked_for=" + http::percent_encode(text);
}
// As the page sends it that answers what was typed.
std::string typed_again(const std::string& text, const std::string& was,
                        const std::string& chosen_was) {
  return typed(text) + "&looked_for_was=" + http::percent_encode(was) +
         "&chosen_was=" + http::percent_encode(chosen_was);
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto i = text.find(part); i != std::string::npos; i = text.find(part, i + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("with 5,000 properties the pages stay small, and little is read for them") {
  Estate estate;
  const auto check = [&](const std::string& what, const Response& page, int status = 200) {
    INFO(what << ": " << page.body.size() << " bytes");
    CHECK(page.status == status);
    CHECK(page.body.size() <= kMostBytes);
    CHECK_THAT(page.body,
               Contains("name=\"looked_for\"") && !Contains("name=\"in_property\"><option"));
    CHECK(estate.answered <= 200);
    estate.answered = 0;
  };
  check("New User", estate.get("new-user"));
  check("New User, several", estate.ask_for_bob("looked_for=House"), 422);
  check("Several people", estate.get("new-users"));
  check("Queue", estate.get("queue"));
  check("Queue, one property", estate.get("queue", "in_property=elm"));
  check("Queue, several", estate.get("queue", "looked_for=House"));
  check("one request", estate.get("queue/request", about_request("")));
  check("one request, several",
        estate.post("queue/request", about_request("answer=find&property=elm&looked_for=House")),
        422);
  check("a person", estate.get("people/show", about_bob("")));
  check("a person, several", estate.post("people/grant", about_bob("looked_for=House")), 422);
}

TEST_CASE(
    "the check of a list as long as may be shows what is wrong first, and no more than that") {
  Estate estate;
  std::string list;
  for (int i = 0; i < 5000; ++i) list += "person" + std::to_string(i) + "@corp.test\n";
  list.replace(list.find("person4000@corp.test"), 20, "person4000-corp.test");
  estate.database.answers["file_requests"] = [](const Params&) {
    return Rows{std::vector<std::vector<Cell>>(4999, {"filed", "", ""})};
  };
  const Response page = estate.send_list(list);
  CHECK(page.status == 422);
  CHECK_THAT(page.body, Contains("1 of 5000 rows") && Contains("And 4950 more rows") &&
                            Contains("person4000-corp.test</p>") &&
                            Contains("person48@corp.test</p>") &&
                            !Contains("person49@corp.test</p>"));
  // Beside the list itself, which nobody types again.
  CHECK(page.body.size() <= list.size() + kMostBytes);
}

TEST_CASE("what is no text in a list's column of properties is not asked the database about") {
  Estate estate;
  const Response page =
      estate.send_list("email,property\nann@corp.test,elm\nbob@corp.test,a\xff\n");
  CHECK(page.status == 422);
  CHECK(estate.sent("property_names", 0) == "{\"elm\"}");
  CHECK(text::is_utf8(journey::PropertyPick::read("a\xff", "", "", false).key));
}

TEST_CASE("few properties are offered as ever, also to those who have access at a few of many") {
  Estate estate;
  estate.hold("elm=manager,mill=manager,p7=viewer");
  for (const char* page : {"new-user", "new-users", "queue", "people/show", "queue/request"}) {
    INFO(page);
    const std::string body = estate.get(page, about_bob("id=x")).body;
    CHECK_THAT(body,
               Contains("Old Mill, North") && !Contains("House 7") && !Contains("looked_for"));
  }
  CHECK(estate.sent("list_properties", 0) == "{\"elm\",\"mill\"}");
}

TEST_CASE("New User finds a property by what is typed") {
  Estate estate;
  SECTION("its key, before every name that has it in it") {
    CHECK(estate.ask_for_bob("looked_for=+elm+").status == 303);
    CHECK(estate.sent("file_requests", 3) == "{\"elm\"}");
  }
  SECTION("a part that one has") {
    CHECK(estate.ask_for_bob("looked_for=Mill").status == 303);
    CHECK(estate.sent("file_requests", 3) == "{\"mill\"}");
  }
  SECTION("several have it: nothing is lost, and one is chosen") {
    const Response page = estate.ask_for_bob("looked_for=Elm+Court");
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("“Elm Court” fits several properties.") &&
                              Contains("value=\"elm-2\">Elm Court (elm-2)</option>") &&
                              Contains("name=\"looked_for_was\" value=\"Elm Court\"") &&
                              Contains("value=\"bob@corp.test\"") && Contains(">\nkept<"));
    CHECK(estate.calls("file_requests") == 0);
    CHECK(
        estate.ask_for_bob("looked_for=Elm+Court&looked_for_was=Elm+Court&property=elm-2").status ==
        303);
    CHECK(estate.sent("file_requests", 3) == "{\"elm-2\"}");
    // What is typed anew counts for more.
    CHECK(estate.ask_for_bob("looked_for=mill&looked_for_was=Elm+Court&property=elm-2").status ==
          303);
    CHECK(estate.sent("file_requests", 3) == "{\"mill\"}");
  }
  SECTION("more than anybody would choose from") {
    const Response page = estate.ask_for_bob("looked_for=House");
    CHECK_THAT(page.body, Contains("And 4957 more: type more of the name."));
  }
  SECTION("none has it") {
    const Response page = estate.ask_for_bob("looked_for=Nowhere");
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("No property that you can choose is called “Nowhere”.") &&
                              Contains("value=\"Nowhere\""));
  }
  SECTION("characters that cannot be seen") {
    CHECK_THAT(estate.ask_for_bob("looked_for=a%E2%80%AEb").body, Contains("can&apos;t be seen"));
    CHECK(estate.calls("find_properties") == 0);
  }
  SECTION("all of them, or one, but not both") {
    CHECK(estate.ask_for_bob("everywhere=1").status == 303);
    CHECK(estate.sent("file_requests", 3) == "{\"*\"}");
    CHECK_THAT(estate.ask_for_bob("everywhere=1&looked_for=elm").body,
               Contains("either all properties or one of them") && Contains("value=\"elm\"") &&
                   Contains("name=\"everywhere\" value=\"1\" checked"));
    CHECK(estate.calls("file_requests") == 1);
  }
  SECTION("what was found stays when something else is wrong") {
    const Response page = estate.post("new-user", "email=bob&level=viewer&looked_for=Mill");
    CHECK_THAT(page.body, Contains("value=\"Old Mill, North (mill)\""));
  }
  SECTION("what was typed stays when the session has ended") {
    const std::string record = std::exchange(estate.record, "");
    const Response away = estate.ask_for_bob("owner=user&looked_for=Elm+Court");
    estate.record = record;
    const std::string cookie = header(away, "Set-Cookie");
    const Response back = estate.answer(
        {.path = "/auth/manage/new-user",
         .cookie = kSessionCookieHeader + std::string("; ") + cookie.substr(0, cookie.find(';'))});
    CHECK(away.status == 302);
    CHECK_THAT(back.body, Contains("value=\"bob@corp.test\"") && Contains("value=\"Elm Court\""));
  }
}

TEST_CASE("nobody finds a property out of their reach") {
  Estate estate;
  std::string grants = "mill=manager";
  for (int i = 0; i < 50; ++i) grants += ",p" + std::to_string(i) + "=manager";
  estate.hold(grants + ",elm=viewer");
  const std::string unknown = "No property that you can choose is called “";
  for (const char* text : {"elm", "Elm Court", "p51"}) {
    INFO(text);
    const std::string looked_for = "looked_for=" + http::percent_encode(text);
    CHECK_THAT(estate.ask_for_bob(looked_for).body, Contains(unknown + text));
    CHECK_THAT(estate.get("queue", looked_for).body, Contains(unknown + text));
    CHECK_THAT(estate.post("people/grant", about_bob(looked_for)).body, Contains(unknown + text));
    CHECK_THAT(
        estate.post("queue/request", about_request("answer=approve&property=mill&" + looked_for))
            .body,
        Contains(unknown + text));
    CHECK_THAT(estate.send_list("bob@corp.test", text).body, Contains(unknown + text));
    // Nor does a page say what it is called.
    CHECK_THAT(estate.get("queue", "in_property=elm").body, !Contains("Elm Court ("));
  }
  for (const char* change : {"file_requests", "change_grant", "decide_requests"}) {
    CHECK(estate.calls(change) == 0);
  }
}

TEST_CASE("the queue is narrowed to the property that is typed") {
  Estate estate;
  CHECK_THAT(estate.get("queue", "looked_for=Mill&in_company=corp").body,
             Contains("name=\"in_property\" value=\"mill\"") &&
                 Contains("value=\"Old Mill, North (mill)\"") && Contains("in_property=mill"));
  CHECK(estate.sent("list_requests", 4) == "mill");
  const std::string several = estate.get("queue", "looked_for=Elm+Court").body;
  CHECK_THAT(several, Contains("Below are requests at all properties") && Contains("elm-2"));
  CHECK(estate.sent("list_requests", 4).empty());
}

TEST_CASE("the queue is narrowed to the company that is typed, where there are many") {
  Estate estate;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "c" + std::to_string(i);
    estate.settings->identity_providers.push_back(World::idp(name, "https://" + name + ".test/"));
  }
  estate.start();
  const std::string all = estate.get("queue").body;
  CHECK(all.size() <= kMostBytes);
  CHECK_THAT(all, Contains("type=\"search\"") && !Contains("c1999"));
  CHECK_THAT(estate.get("queue", "in_company=C1999.test&min_days=3").body,
             Contains("name=\"in_company\" value=\"c1999\"") &&
                 Contains("?in_company=c1999&amp;min_days=3"));
  CHECK(estate.sent("list_requests", 3) == "{\"c1999.test\"}");
  CHECK_THAT(estate.get("queue", "in_company=c199&in_property=elm").body,
             Contains("value=\"c199\"") && !Contains("company-error"));
  CHECK_THAT(estate.get("queue", "in_company=C19&in_property=elm").body,
             Contains("value=\"c19\"") && Contains("in_company=c19&amp;in_property=elm"));
  const std::string several = estate.get("queue", "in_company=99.te&in_property=elm").body;
  CHECK(several.size() <= kMostBytes);
  CHECK_THAT(several,
             Contains("Several companies have that") && Contains("value=\"99.te\"") &&
                 Contains("href=\"/auth/manage/queue?in_company=c1099&amp;in_property=elm\""));
  CHECK(estate.sent("list_requests", 3) == "{}");
  CHECK_THAT(estate.get("queue", "in_company=nobody").body, Contains("No company has that"));
}

TEST_CASE("a person is given access at the property that is typed, once it is clear which") {
  Estate estate;
  CHECK(estate.post("people/grant", about_bob("looked_for=elm")).status == 303);
  CHECK(estate.sent("change_grant", 2) == "elm");
  const Response part =
      estate.post("people/grant", about_bob("looked_for=Mill&expires_at=2099-01-01"));
  CHECK(part.status == 422);
  CHECK_THAT(part.body,
             Contains("<option value=\"mill\" selected>Old Mill, North (mill)</option>") &&
                 Contains("value=\"2099-01-01\"") && Contains("<option selected>viewer"));
  CHECK(estate.calls("change_grant") == 1);
  CHECK(estate.post("people/grant", about_bob("looked_for=Mill&looked_for_was=Mill&property=mill"))
            .status == 303);
  CHECK(estate.sent("change_grant", 2) == "mill");
  CHECK_THAT(estate.post("people/grant", about_bob("")).body, Contains("choose a property"));
  CHECK(estate.post("people/grant", about_bob("everywhere=1")).status == 303);
  CHECK(estate.sent("change_grant", 2) == "*");
}

TEST_CASE("one request is approved at properties that are typed") {
  Estate estate;
  const std::string path = "queue/request";
  SECTION("keys and whole names at once") {
    const Response done = estate.post(
        path,
        about_request("answer=approve&property=elm" + typed("Old Mill, North\np1, elm-2, elm")));
    CHECK(done.status == 303);
    CHECK(estate.sent("decide_requests", 4) == "{\"elm\",\"mill\",\"p1\",\"elm-2\"}");
  }
  SECTION("parts are shown first") {
    const Response page =
        estate.post(path, about_request("answer=approve&property=elm" + typed("Mill")));
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("value=\"mill\" checked") && Contains("value=\"elm\" checked") &&
                              Contains("found by a part of their names"));
    CHECK(estate.calls("decide_requests") == 0);
  }
  SECTION("Find ticks what is clear and offers what is not") {
    const Response page = estate.post(path, about_request("answer=find&property=elm&property=p3" +
                                                          typed("mill, Elm Court\nnone")));
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("value=\"mill\" checked") && Contains("value=\"p3\" checked") &&
                              Contains("is called “none”.") &&
                              Contains("“Elm Court” fits several") &&
                              Contains(">\nElm Court\nnone</textarea>") &&
                              Contains("name=\"property\" value=\"elm-2\" aria-describedby"));
    CHECK(estate.post(path, about_request("answer=find&property=elm" + typed("p4"))).status == 200);
    CHECK(estate.calls("decide_requests") == 0);
  }
  SECTION("too many") {
    std::string many;
    for (int i = 0; i < 81; ++i) many += "p" + std::to_string(i) + "\n";
    CHECK_THAT(estate.post(path, about_request("answer=find&property=elm" + typed(many))).body,
               Contains("At most 40 at once"));
  }
}

TEST_CASE("a list is checked with the property that is typed") {
  Estate estate;
  const Response page = estate.send_list("bob@corp.test", "Mill");
  CHECK(page.status == 200);
  CHECK(estate.sent("file_requests", 3) == "{\"mill\"}");
  CHECK_THAT(page.body, Contains("type=\"hidden\" name=\"property\" value=\"mill\""));
  const Response several = estate.send_list("bob@corp.test", "Elm Court");
  CHECK(several.status == 422);
  CHECK_THAT(several.body, Contains("value=\"elm-2\"") && Contains(">\nbob@corp.test</textarea>"));
  CHECK(estate.calls("file_requests") == 1);
}

TEST_CASE("on a request's page what is not ticked stays so") {
  Estate estate;
  const std::string path = "queue/request";
  SECTION("all properties, that were asked for") {
    estate.ask_for_all();
    const std::string all = "name=\"property\" value=\"*\" checked";
    CHECK_THAT(estate.get(path, about_request("")).body, Contains(all));
    CHECK_THAT(estate.post(path, about_request("answer=find" + typed("mill"))).body,
               !Contains(all) && Contains("value=\"mill\" checked") &&
                   Contains("name=\"property\" value=\"*\""));
    CHECK_THAT(estate.post(path, about_request("answer=find&property=*" + typed("mill"))).body,
               Contains(all));
    CHECK_THAT(estate.post(path, about_request("answer=approve" + typed("none"))).body,
               !Contains(all));
    CHECK(estate.post(path, about_request("answer=approve&property=mill")).status == 303);
    CHECK(estate.sent("decide_requests", 4) == "{\"mill\"}");
  }
  SECTION("the property that was asked for") {
    const std::string asked = "value=\"elm\" checked";
    CHECK_THAT(estate.get(path, about_request("")).body, Contains(asked));
    CHECK_THAT(estate.post(path, about_request("answer=find" + typed("mill"))).body,
               !Contains(asked) && Contains("id=\"at-elm\"") && Contains("value=\"mill\" checked"));
    const Response none = estate.post(path, about_request("answer=approve"));
    CHECK(none.status == 422);
    CHECK_THAT(none.body, !Contains(asked) && Contains("choose a property"));
    // Whoever declines has chosen nothing.
    const Response bad =
        estate.post(path, about_request("answer=decline&reason=" + std::string(600, 'x')));
    CHECK(bad.status == 422);
    CHECK_THAT(bad.body, Contains(asked));
  }
}

TEST_CASE("on a request's page a text is answered by ticking what it may mean") {
  Estate estate;
  const std::string path = "queue/request";
  const std::string both = "Elm Court\nnone";
  const Response offered =
      estate.post(path, about_request("answer=find&property=p3" + typed("Elm Court\r\nnone")));
  CHECK_THAT(offered.body, Contains("name=\"looked_for_was\" value=\"" + both + "\"") &&
                               Contains("name=\"chosen_was\" value=\"p3\""));
  const auto approve = [&](const std::string& more) {
    return estate.post(path, about_request("answer=approve&property=p3&" + more));
  };
  SECTION("the rest stays") {
    const Response rest = approve("property=elm-2" + typed_again(both, both, "p3"));
    CHECK(rest.status == 422);
    CHECK_THAT(rest.body, Contains(">\nnone</textarea>") && !Contains("fits several") &&
                              Contains("value=\"elm-2\" checked") && Contains("is called “none”."));
  }
  SECTION("nothing is left") {
    CHECK(approve("property=elm-2" + typed_again("Elm Court", both, "p3")).status == 303);
    CHECK(estate.sent("decide_requests", 4) == "{\"p3\",\"elm-2\"}");
  }
  SECTION("not by what was ticked before, nor by what it cannot mean") {
    CHECK(approve("property=elm-2" + typed_again("Elm Court", both, "p3,elm-2")).status == 422);
    CHECK(approve("property=p4" + typed_again("Elm Court", both, "p3")).status == 422);
  }
  SECTION("not if it was typed anew") {
    CHECK(approve("property=elm-2" + typed_again("Elm Court", "none", "p3")).status == 422);
    CHECK(approve("property=elm-2" + typed("Elm Court")).status == 422);
  }
  SECTION("nothing is asked where all that it may mean is ticked") {
    CHECK(approve("property=elm&property=elm-2" + typed("Elm Court")).status == 303);
  }
}

TEST_CASE("on a request's page every property has one box, which says which it is") {
  Estate estate;
  const std::string page =
      estate.post("queue/request", about_request("answer=find&property=mill" + typed("Elm Court")))
          .body;
  for (const char* id : {"id=\"at-elm\"", "id=\"at-elm-2\"", "id=\"at-mill\""}) {
    INFO(id);
    CHECK(times(page, id) == 1);
  }
  CHECK_THAT(page, Contains("<label for=\"at-elm\">Elm Court (elm)</label>") &&
                       Contains("<label for=\"at-mill\">Old Mill, North (mill)</label>"));
}

TEST_CASE("where access is given, a key that is somebody else's name is asked about") {
  Estate estate;
  estate.properties.insert(estate.properties.end(), {{"court", "Old Yard"}, {"yard", "court"}});
  const std::string several = "“court” fits several properties.";
  const Response given = estate.post("people/grant", about_bob("looked_for=court"));
  CHECK(given.status == 422);
  CHECK_THAT(given.body, Contains(several) && Contains("Old Yard (court)</option>") &&
                             Contains("court (yard)</option>"));
  CHECK(estate.calls("change_grant") == 0);
  CHECK_THAT(estate.post("queue/request", about_request("answer=approve" + typed("court"))).body,
             Contains(several));
  CHECK(estate.calls("decide_requests") == 0);
  CHECK(estate.post("people/grant", about_bob("looked_for=Old+Yard+(court)")).status == 303);
  CHECK(estate.sent("change_grant", 2) == "court");
  CHECK(estate.ask_for_bob("looked_for=court").status == 303);
  CHECK(estate.sent("file_requests", 3) == "{\"court\"}");
}

TEST_CASE("a change of access that fails does not fill in the form for giving some") {
  Estate estate;
  estate.database.give("change_grant", {"in_the_past"});
  const std::string user = std::string("user=") + kPerson;
  const Response page =
      estate.post("people/grant", user + "&property=elm&level=viewer&expires_at=2020-01-01");
  CHECK(page.status == 422);
  CHECK(estate.sent("change_grant", 2) == "elm");
  CHECK_THAT(page.body, !Contains("value=\"Elm Court (elm)\"") && Contains("has passed already"));
}

TEST_CASE("the check of a list shows who cannot sign in before those who can") {
  Estate estate;
  std::string list;
  for (int i = 0; i < 100; ++i) list += "person" + std::to_string(i) + "@corp.test\n";
  list += "nowhere@nobody.test\nbad-address\n";
  estate.database.answers["file_requests"] = [](const Params&) {
    return Rows{std::vector<std::vector<Cell>>(101, {"filed", "", ""})};
  };
  const std::string page = estate.send_list(list).body;
  const auto bad = page.find("bad-address</p>");
  const auto nowhere = page.find("nowhere@nobody.test</p>");
  REQUIRE(nowhere != std::string::npos);
  CHECK(bad < nowhere);
  CHECK(nowhere < page.find("person0@corp.test</p>"));
  CHECK_THAT(page, Contains("person47@corp.test</p>") && !Contains("person48@corp.test</p>"));
}

TEST_CASE("what was typed when there were more properties is not refused without a word") {
  Estate estate;
  estate.hold("elm=manager,mill=manager");
  const std::string why = "No property that you can choose is called “none”.";
  CHECK_THAT(
      estate.post("queue/request", about_request("answer=approve&property=elm" + typed("none")))
          .body,
      Contains(why));
  CHECK_THAT(estate.send_list("bob@corp.test", "none").body, Contains(why));
  CHECK_THAT(estate.get("queue", typed("none").substr(1)).body, Contains(why));
  CHECK_THAT(estate.post("people/grant", about_bob(typed("none").substr(1))).body, Contains(why));
  CHECK_THAT(estate.ask_for_bob(typed("none").substr(1)).body, Contains(why));
}

TEST_CASE("so many properties are looked for at once, and no text is cut") {
  Estate estate;
  const auto find = [&](const std::string& text) {
    return estate.post("queue/request", about_request("answer=find&property=elm" + typed(text)));
  };
  const auto several = [](int count, const std::string& between) {
    std::string text = "p0";
    for (int i = 1; i < count; ++i) text += between + "p" + std::to_string(i);
    return text;
  };
  const std::string too_many = "At most 40 at once";
  for (const char* between : {"\n", ","}) {
    CHECK(find(several(40, between)).status == 200);
    CHECK_THAT(find(several(41, between)).body, Contains(too_many) && Contains("p40</textarea>"));
  }
  // Named once, however often it is typed.
  std::string again = "p1";
  for (int i = 0; i < 60; ++i) again += "\np1";
  CHECK(find(again).status == 200);
  // A comma in a name does not make two of it.
  std::string names;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "Lane, " + std::to_string(i);
    estate.properties.emplace_back("lane-" + std::to_string(i), name);
    names += name + "\n";
  }
  CHECK(find(names).status == 200);
  const std::string longest(9000, 'x');
  const Response page = find("p1\n" + longest);
  CHECK(page.status == 422);
  CHECK_THAT(page.body, Contains("too long") && Contains(longest + "</textarea>"));
}

TEST_CASE("a kept list keeps which of several was chosen") {
  Estate estate;
  estate.record.clear();
  const std::string chosen =
      estate.send_list("bob@corp.test", "Elm Court", "elm-2", "Elm Court").body;
  CHECK_THAT(chosen, Contains("name=\"property\" value=\"elm-2\"") &&
                         Contains("name=\"looked_for\" value=\"\""));
  CHECK_THAT(estate.send_list("bob@corp.test", "Elm Court").body,
             Contains("name=\"looked_for\" value=\"Elm Court\""));
}

TEST_CASE("the longest name finds its property") {
  Estate estate;
  const std::string name(400, 'L');
  estate.properties.emplace_back("long", name);
  const std::string answer = name + " (long)";
  CHECK(estate.ask_for_bob(typed(answer).substr(1)).status == 303);
  CHECK(estate.sent("file_requests", 3) == "{\"long\"}");
  const std::string record = std::exchange(estate.record, "");
  const Response away = estate.ask_for_bob("owner=user" + typed(answer));
  estate.record = record;
  const std::string cookie = header(away, "Set-Cookie");
  const Response back = estate.answer(
      {.path = "/auth/manage/new-user",
       .cookie = kSessionCookieHeader + std::string("; ") + cookie.substr(0, cookie.find(';'))});
  CHECK_THAT(back.body, Contains("value=\"" + answer + "\""));
}

TEST_CASE("what is typed twice is looked for once") {
  Estate estate;
  CHECK_THAT(estate
                 .post("queue/request", about_request("answer=find&property=elm" +
                                                      typed("none\nElm Court\nnone, Elm Court")))
                 .body,
             Contains(">\nnone\nElm Court</textarea>") && Contains("is called “none”.") &&
                 Contains("“Elm Court” fits"));
}
