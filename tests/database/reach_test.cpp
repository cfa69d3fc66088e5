// Every function that takes a person, by everybody, about everybody: out of reach is as if there
// were nobody.
#include <algorithm>

#include "database/reach.h"

using namespace anteroom;
using namespace anteroom::test;
using store::PersonChange;

namespace {

struct Call {
  const char* name;
  std::string (*make)(Cast&, const store::Actor&, const std::string& user,
                      const std::string& session);
};

std::string number_of(PersonChange change) {
  return std::to_string(static_cast<int>(change));
}

const std::string kNotFound = number_of(PersonChange::not_found);
const std::string kNotAllowed = number_of(PersonChange::not_allowed);

std::string grant(Cast& c, const store::Actor& who, const std::string& user, const char* property,
                  const char* level) {
  return number_of(get(store::change_grant(c.db, who, access(), {user, property, level, ""})));
}

// The first two try to bring somebody into reach.
const Call kCalls[] = {
    {"give at elm", [](Cast& c, const auto& who, const auto& user,
                       const auto&) { return grant(c, who, user, "elm", "viewer"); }},
    {"give at oak", [](Cast& c, const auto& who, const auto& user,
                       const auto&) { return grant(c, who, user, "oak", "viewer"); }},
    {"show",
     [](Cast& c, const auto& who, const auto& user, const auto&) -> std::string {
       const auto shown = get(store::show_person(c.db, who, access(), user));
       return shown ? shown->person.email : "";
     }},
    {"requests of",
     [](Cast& c, const auto& who, const auto& user, const auto&) {
       store::RequestFilter filter;
       filter.requested_by = user;
       return std::to_string(get(store::list_requests(c.db, who, access(), filter)).size());
     }},
    {"take", [](Cast& c, const auto& who, const auto& user,
                const auto&) { return grant(c, who, user, "elm", ""); }},
    {"end one",
     [](Cast& c, const auto& who, const auto& user, const auto& session) {
       return number_of(get(store::end_sessions(c.db, who, access(), user, session)));
     }},
    {"end all",
     [](Cast& c, const auto& who, const auto& user, const auto&) {
       return number_of(get(store::end_sessions(c.db, who, access(), user, "")));
     }},
    {"switch off",
     [](Cast& c, const auto& who, const auto& user, const auto&) {
       return number_of(get(store::set_disabled(c.db, who, access(), user, true)));
     }},
    {"switch on",
     [](Cast& c, const auto& who, const auto& user, const auto&) {
       return number_of(get(store::set_disabled(c.db, who, access(), user, false)));
     }},
};

std::vector<std::string> answers(Cast& c, const store::Actor& who, const std::string& user,
                                 const std::string& session) {
  std::vector<std::string> all;
  for (const Call& call : kCalls)
    all.push_back(std::string(call.name) + ": " + call.make(c, who, user, session));
  return all;
}

}  // namespace

TEST_CASE("whoever is out of reach is nobody, to every function and for everybody") {
  Cast c;
  for (const std::string& name : Cast::kActors) {
    const store::Actor who = c.somebody(name);
    std::vector<std::string> of_nobody;
    c.as_if([&] { of_nobody = answers(c, who, Cast::kNobody, "reference99"); });
    c.as_if([&] { CHECK(answers(c, who, "x' OR true --", "reference99") == of_nobody); });
    for (const std::string& target : Cast::kTargets) {
      if (Cast::reach(name, target) != Reach::none || name == target) continue;
      INFO(name << " about " << target);
      const std::string id = c.id_of(target);
      const std::string before = c.state_of(target);
      c.as_if([&] {
        CHECK(answers(c, who, id, c.reference_of(target)) == of_nobody);
        CHECK(c.state_of(target) == before);
        CHECK(
            get(store::search_people(c.db, who, access(), c.email(target), false, "", 5)).empty());
        CHECK_FALSE(get(store::see_person(c.db, who, access(), c.email(target))));
        for (const auto& row : get(store::waiting_without_request(c.db, who, access(), 50))) {
          CHECK(row.email != c.email(target));
        }
      });
    }
  }
}

TEST_CASE("whoever is in reach is seen, and looked after unless they were only asked for") {
  Cast c;
  for (const std::string& name : Cast::kActors) {
    const store::Actor who = c.somebody(name);
    for (const std::string& target : Cast::kTargets) {
      const Reach reach = Cast::reach(name, target);
      if (reach == Reach::none) continue;
      INFO(name << " about " << target);
      const std::string id = c.id_of(target);
      const auto shown = get(store::show_person(c.db, who, access(), id));
      REQUIRE(shown);
      CHECK(shown->person.email == c.email(target));
      CHECK(get(store::search_people(c.db, who, access(), c.email(target), false, "", 5)).size() ==
            1);
      CHECK(get(store::see_person(c.db, who, access(), c.email(target))));
      c.as_if([&] {
        const auto ended =
            get(store::end_sessions(c.db, who, access(), id, c.reference_of(target)));
        if (reach == Reach::sees) CHECK(ended == PersonChange::not_allowed);
        // Of the disabled, ruth and asta: their sessions are there all the same.
        if (name == "operator" || (name == "max" && target == "kim") || name == target) {
          CHECK(ended == PersonChange::done);
        }
      });
      c.as_if([&] {
        const auto off = get(store::set_disabled(c.db, who, access(), id, true));
        if (name == target) CHECK(off == PersonChange::own_account);
        if (reach == Reach::sees) CHECK(off == PersonChange::not_allowed);
        CHECK(off != PersonChange::not_found);
      });
    }
  }
}

TEST_CASE(
    "what one gives oneself brings nobody into reach, whichever way and whoever gives it too") {
  Cast c;
  const auto sees = [&](const char* name) {
    return get(store::show_person(c.db, c.actor("max"), access(), c.id_of(name))).has_value();
  };
  const auto ends = [&](const char* name) {
    return get(store::end_sessions(c.db, c.actor("max"), access(), c.id_of(name), ""));
  };
  SECTION("an approval of somebody else's request") {
    const std::string request =
        c.value("SELECT id FROM anteroom.access_requests WHERE email = 'asta@other.test'");
    CHECK(c.approve("max", request) == store::Deciding::done);
    CHECK(sees("asta"));
    CHECK(ends("asta") == PersonChange::not_allowed);
    // What he gave he takes.
    CHECK(get(store::change_grant(c.db, c.actor("max"), access(),
                                  {c.id_of("asta"), "elm", "", ""})) == PersonChange::done);
  }
  SECTION("his name for others'") {
    c.db.script("UPDATE users SET email = 'max.new@corp.test' WHERE email = 'max@corp.test'");
    store::Actor max{c.value("SELECT id FROM anteroom.users WHERE email = 'max.new@corp.test'"),
                     "max.new@corp.test", ""};
    CHECK_FALSE(get(store::show_person(c.db, max, access(), c.id_of("liv"))));
  }
  SECTION("somebody else gives it, too") {
    CHECK_FALSE(sees("liv"));
    CHECK(get(store::change_grant(c.db, c.actor("sue"), access(),
                                  {c.id_of("liv"), "elm", "viewer", ""})) == PersonChange::done);
    CHECK(sees("liv"));
    CHECK(ends("liv") == PersonChange::done);
  }
  SECTION("he changes what somebody else gave") {
    CHECK(get(store::change_grant(c.db, c.actor("max"), access(),
                                  {c.id_of("kim"), "elm", "technician", ""})) ==
          PersonChange::done);
    CHECK(ends("kim") == PersonChange::done);
    CHECK(get(store::change_grant(c.db, c.actor("max"), access(),
                                  {c.id_of("kim"), "elm", "", ""})) == PersonChange::done);
    CHECK_FALSE(sees("kim"));
  }
}

TEST_CASE("asking for somebody of another company tells nothing of them") {
  Cast c;
  for (const char* target : {"faye", "liv"}) {
    const auto known = c.file(c.actor("max"), {c.email(target), "", "elm", "viewer", "", ""}, true);
    const auto unknown =
        c.file(c.actor("max"), {"no.one@other.test", "", "elm", "viewer", "", ""}, true);
    CHECK(known.outcome == unknown.outcome);
    CHECK(known.waiting_since == unknown.waiting_since);
  }
  CHECK(c.file(c.actor("max"), {c.email("kim"), "", "elm", "viewer", "", ""}, true).outcome ==
        store::Filing::has_access);
}

TEST_CASE("who tried is in the audit trail, once for each try") {
  Cast c;
  CHECK_FALSE(get(store::show_person(c.db, c.actor("max"), access(), c.id_of("faye"))));
  CHECK(get(store::change_grant(c.db, c.actor("max"), access(),
                                {c.id_of("faye"), "elm", "viewer", ""})) ==
        PersonChange::not_found);
  CHECK(c.value("SELECT string_agg(actor || ' ' || code || ' ' || email || ': ' || detail, ', ' "
                "ORDER BY id)"
                " FROM anteroom.audit_events WHERE kind = 'manage_refused'") ==
        "max@corp.test not_allowed faye@other.test: show person, max@corp.test not_allowed "
        "faye@other.test:"
        " change grant to viewer at elm");
}
