// Every page of Manage that takes a person, by everybody, about everybody of another company: out
// of reach is as if there were nobody.
#include <algorithm>
#include <regex>
#include <set>

#include "database/reach.h"
#include "journey/routes.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;

namespace {

// The site on the real database.
struct Pages : World {
  Cast c;
  std::string who;  ///< signed in as

  Pages() {
    settings->access = access();
    clock = FakeClock(SystemClock().now());
    static const auto kPages = std::make_shared<const pages::Renderer>(*settings);
    site = std::make_unique<Site>(
        settings, FirstCompanies{std::make_shared<const CompanyDirectory>(settings)}, kPages,
        Ports{c.db.database(), worker, clock, random, log, memory, back_channel, meter},
        [this](const TokenHash&, std::string_view, SessionUse,
               std::function<void(Result<std::string>)> done) {
          done(load(c.db, c.session_of(who)));
        });
  }

  struct Person {
    std::string name, id, email, session;
  };
  Person nobody() { return {"no.one", Cast::kNobody, "no.one@other.test", "reference99"}; }
  Person somebody(const std::string& name) {
    return {name, c.id_of(name), c.email(name), c.reference_of(name)};
  }

  /// Status, place and text of the answer, with the person's own values made alike.
  std::string told(const Ask& ask, const Person& person) {
    random = FakeRandom();
    const Response response = answer(ask);
    std::string text = std::to_string(response.status) + "\n" + header(response, "Location") +
                       "\n" + response.body;
    // The last one seals the address that was asked for.
    for (const std::string& own : {person.id, person.session, person.name + "(?=(<wbr>)?@|%40)",
                                   std::string("[?]r=[A-Za-z0-9_-]+")}) {
      text = std::regex_replace(text, std::regex(own), "###");
    }
    return text;
  }
};

struct Visit {
  const char* method;
  const char* page;
  const char* fields;  ///< ID, EMAIL and SESSION are the person's; nullptr: takes no person
};

const Visit kVisits[] = {
    {"POST", "/manage/people/grant", "user=ID&form=add&property=elm&level=viewer"},
    {"POST", "/manage/people/grant", "user=ID&form=add&property=oak&level=viewer"},
    {"GET", "/manage/people/show", "user=ID"},
    {"POST", "/manage/people/grant", "user=ID&property=elm&remove=1"},
    {"POST", "/manage/people/sessions", "user=ID&session=SESSION"},
    {"POST", "/manage/people/sessions", "user=ID&all=1"},
    {"POST", "/manage/people/account", "user=ID&then=disabled"},
    {"POST", "/manage/people/account", "user=ID&then=enabled"},
    {"POST", "/manage/people/grant", "user=ID&form=add&looked_for=court&level=viewer"},
    {"GET", "/manage/people", "q=EMAIL"},
    {"GET", "/manage/why", "q=EMAIL"},
    {"GET", "/manage/new-user", "email=EMAIL"},
    {"POST", "/manage/new-user", "email=EMAIL&property=elm&level=viewer&note=x"},
    {"POST", "/manage/new-user", "email=EMAIL&property=oak&level=viewer&note=x"},
    {"GET", "/manage", nullptr},
    {"GET", "/manage/activity", nullptr},
    {"GET", "/manage/properties", nullptr},
    {"POST", "/manage/properties/add", nullptr},
    {"GET", "/manage/properties/many", nullptr},
    {"POST", "/manage/properties/many", nullptr},
    {"GET", "/manage/properties/show", nullptr},
    {"POST", "/manage/properties/rename", nullptr},
    {"POST", "/manage/properties/state", nullptr},
    {"GET", "/manage/companies", nullptr},
    {"POST", "/manage/companies/add", nullptr},
    {"GET", "/manage/companies/show", nullptr},
    {"GET", "/manage/companies/change", nullptr},
    {"POST", "/manage/companies/metadata", nullptr},
    {"POST", "/manage/companies/domain", nullptr},
    {"POST", "/manage/companies/contacts", nullptr},
    {"POST", "/manage/companies/address", nullptr},
    {"POST", "/manage/companies/link", nullptr},
    {"POST", "/manage/companies/handed-in", nullptr},
    {"POST", "/manage/companies/settings", nullptr},
    {"POST", "/manage/companies/second", nullptr},
    {"POST", "/manage/companies/rename", nullptr},
    {"POST", "/manage/companies/state", nullptr},
    {"GET", "/manage/new-users", nullptr},
    {"POST", "/manage/new-users", nullptr},  // as new-user, row by row
    {"GET", "/manage/requests", nullptr},
    {"POST", "/manage/requests/withdraw", nullptr},  // a request's id
    {"GET", "/manage/queue", nullptr},
    {"POST", "/manage/queue", nullptr},          // requests' ids
    {"GET", "/manage/queue/request", nullptr},   // a request's id
    {"POST", "/manage/queue/request", nullptr},  // a request's id
};

// Of an address they are told whether anybody could sign in with it, what they asked for
// themselves, and who has access where they may ask for others.
bool is_told(const std::string& who, const Visit& visit, const std::string& target,
             const std::string& email) {
  const bool is_their_own =
      (who == "max" && target == "ruth") || (who == "ann" && target == "asta");
  if (visit.fields == nullptr) return is_their_own;  // what they asked for is on their lists
  const std::string fields = visit.fields;
  if (fields.find("EMAIL") == std::string::npos) return false;
  const bool is_at_elm = fields.find("property=elm") != std::string::npos;
  const bool is_at_oak = fields.find("property=oak") != std::string::npos;
  return !email.ends_with("@other.test") || target == "ruth" || target == "asta" || who == "pia" ||
         (is_at_elm && (target == "kim" || (target == "liv" && who != "max"))) ||
         (is_at_oak && (target == "faye" || target == "pia"));
}

World::Ask ask_for(const Visit& visit, const Pages::Person& person) {
  std::string fields = visit.fields == nullptr ? "" : visit.fields;
  for (const auto& [what, value] : {std::pair<std::string, std::string>{"ID", person.id},
                                    {"EMAIL", person.email},
                                    {"SESSION", person.session}}) {
    if (const auto at = fields.find("=" + what); at != std::string::npos) {
      fields.replace(at + 1, what.size(), value);
    }
  }
  World::Ask ask;
  ask.method = visit.method;
  ask.path = std::string("/auth") + visit.page;
  ask.cookie = kSessionCookieHeader;
  (ask.method == "GET" ? ask.query : ask.body) = fields;
  return ask;
}

}  // namespace

TEST_CASE("every page of Manage is in the table of those that take a person or none") {
  std::set<std::string> served, known;
  for (const journey::Route& visit : journey::routes()) {
    if (!std::holds_alternative<journey::Manage>(visit.door)) continue;
    const char* method = visit.method == journey::Method::post ? "POST " : "GET ";
    served.insert(method + std::string(visit.place.path));
  }
  for (const Visit& r : kVisits) known.insert(std::string(r.method) + " " + r.page);
  CHECK(served.size() > 10);
  CHECK(served == known);
}

TEST_CASE("whoever is out of reach is nobody, on every page and for everybody") {
  Pages pages;
  Cast& c = pages.c;
  for (const char* who : {"max", "pia", "ann", "vic", "newbie", "oli"}) {
    pages.who = who;
    for (const Visit& visit : kVisits) {
      for (const std::string& target : Cast::kTargets) {
        if (target == who || Cast::reach(who, target) != Reach::none) continue;
        if (is_told(who, visit, target, c.email(target))) continue;
        INFO(who << " " << visit.method << " " << visit.page << " "
                 << (visit.fields ? visit.fields : "") << " about " << target);
        const std::string before = c.state_of(target);
        std::string of_them, of_nobody;
        c.as_if([&] {
          of_them = pages.told(ask_for(visit, pages.somebody(target)), pages.somebody(target));
          CHECK(c.state_of(target) == before);
        });
        c.as_if([&] { of_nobody = pages.told(ask_for(visit, pages.nobody()), pages.nobody()); });
        CHECK(of_them == of_nobody);
        CHECK_THAT(of_them, !Contains("Called " + target));
      }
    }
  }
}

TEST_CASE("who tries to give access first is told no more afterwards") {
  Pages pages;
  Cast& c = pages.c;
  pages.who = "max";
  c.as_if([&] {
    std::string statuses;
    for (const Visit& visit : kVisits) {
      if (visit.fields == nullptr || std::string(visit.fields).find("ID") == std::string::npos)
        continue;
      statuses +=
          pages.told(ask_for(visit, pages.somebody("faye")), pages.somebody("faye")).substr(0, 3) +
          " ";
    }
    CHECK(statuses == "404 404 404 404 404 404 404 404 404 ");
    CHECK(c.count("sessions WHERE reference = '" + c.reference_of("faye") + "'") == "1");
  });
}

TEST_CASE("whoever is in reach is shown and can be helped") {
  Pages pages;
  Cast& c = pages.c;
  const auto status = [&](const char* who, const char* target, int visit) {
    pages.who = who;
    std::string told;
    c.as_if([&] {
      told = pages.told(ask_for(kVisits[visit], pages.somebody(target)), pages.somebody(target));
    });
    return told.substr(0, 3);
  };
  for (const char* target : {"ann", "kim", "liv", "faye", "ruth", "asta", "newbie", "off"}) {
    CHECK(status("sue", target, 2) == "200");
    CHECK(status("sue", target, 5) == "303");
  }
  CHECK(status("max", "kim", 2) == "200");
  CHECK(status("max", "kim", 5) == "303");
  CHECK(status("max", "asta", 2) == "200");
  CHECK(status("max", "asta", 5) == "403");
  CHECK(status("pia", "faye", 6) == "303");
}

TEST_CASE("whoever types a property finds it where they reach it, and nowhere else") {
  Pages pages;
  Cast& c = pages.c;
  c.db.script(
      "INSERT INTO properties (key, name) SELECT 'p' || i, 'House ' || i FROM generate_series(1, "
      "60)"
      " i");
  std::vector<std::string> keys;
  for (int i = 1; i <= 50; ++i) keys.push_back("p" + std::to_string(i));
  REQUIRE(provision(c.db, c.email("max"), "manager", keys) == kProvisioned);
  const auto asked = [&](const char* who, const std::string& looked_for) {
    pages.who = who;
    return pages.answer(
        {.method = "POST",
         .path = "/auth/manage/new-user",
         .body =
             "email=new.one@other.test&confirmed=other.test&level=viewer&looked_for=" + looked_for,
         .cookie = kSessionCookieHeader});
  };
  const std::string houses = asked("max", "HOUSE").body;
  CHECK_THAT(houses, Contains("And 10 more") && Contains("House 1 (p1)"));
  CHECK_THAT(houses, !Contains("House 51"));
  for (const char* out_of_reach : {"oak", "Oak+Yard", "House+51", "p51"}) {
    INFO(out_of_reach);
    const Response page = asked("max", out_of_reach);
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("No property that you can choose"));
  }
  CHECK(asked("max", "elm+court").status == 303);
  CHECK(asked("sue", "oak+yard").status == 303);
  CHECK(c.count("access_requests WHERE email = 'new.one@other.test' AND property = 'oak'") == "1");
}
