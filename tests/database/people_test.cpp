#include <algorithm>
#include <thread>

#include "database/people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using store::PersonChange;

namespace {

std::string found(Company& c, const char* who, const std::string& search, bool only_waiting = false,
                  const std::string& after = "", int limit = 50) {
  std::string names;
  for (const auto& row : get(store::search_people(c.db, c.actor(who), access(), search,
                                                  only_waiting, after, limit))) {
    names += row.email.substr(0, row.email.find('@')) + " ";
  }
  return names;
}

PersonChange change_grant(Company& c, const store::Actor& who, store::GrantChange change) {
  return get(store::change_grant(c.db, who, access(), std::move(change)));
}

PersonChange set_disabled(Company& c, const char* who, const char* whom, bool is_disabled = true) {
  return get(store::set_disabled(c.db, c.actor(who), access(), c.id(whom), is_disabled));
}

PersonChange end_sessions(Company& c, const char* who, const char* whom,
                          const char* reference = "") {
  return get(store::end_sessions(c.db, c.actor(who), access(), c.id(whom), reference));
}

std::string last_event(Company& c) {
  return c.value(
      "SELECT kind || ' ' || actor || ': ' || detail FROM anteroom.audit_events"
      " ORDER BY id DESC LIMIT 1");
}

}  // namespace

TEST_CASE("people are found by part of address or name, in pages") {
  Company c;
  c.db.script("UPDATE users SET name = 'Åsa Ölund' WHERE email = 'ann@corp.test'");
  CHECK(found(c, "sue", "") == "ann ida max sue vic ");
  CHECK(found(c, "sue", "ölu") == "ann ");
  CHECK(found(c, "sue", "ÅSA Ö") == "ann ");
  CHECK(found(c, "sue", "Ann@CORP") == "ann ");
  CHECK(found(c, "sue", "ax@") == "max ");
  // Less than three letters: where a word begins with them.
  CHECK(found(c, "sue", "ÖL") == "ann ");
  CHECK(found(c, "sue", "ö") == "ann ");
  CHECK(found(c, "sue", "i") == "ida ");
  CHECK(found(c, "sue", "I.") == "ida ");
  CHECK(found(c, "sue", "ax").empty());
  CHECK(found(c, "sue", "%") == found(c, "sue", ""));
  CHECK(found(c, "sue", " ") == found(c, "sue", ""));
  CHECK(found(c, "sue", "_a_").empty());
  CHECK(found(c, "sue", "test ås").empty());
  CHECK(found(c, "sue", "", false, "", 2) == "ann ida ");
  CHECK(found(c, "sue", "", false, "ida@corp.test", 2) == "max sue ");
  CHECK(found(c, "max", "vic") == "vic ");
}

TEST_CASE("one person is found by the whole address, by whoever may see them") {
  Company c;
  for (int i = 0; i < 60; ++i) {
    c.db.script("INSERT INTO anteroom.users (email, name, status) VALUES ('a" + std::to_string(i) +
                "-vic@corp.test', '', 'waiting')");
  }
  const auto seen = [&](const char* who, const std::string& email) {
    const auto person = get(store::see_person(c.db, c.actor(who), access(), email));
    return person ? person->email : "";
  };
  CHECK(seen("sue", "vic@corp.test") == "vic@corp.test");
  CHECK(seen("sue", "vic@corp.tes").empty());
  CHECK(seen("max", "vic@corp.test") == "vic@corp.test");
  CHECK(seen("vic", "vic@corp.test").empty());  // may decide nothing
  c.db.script(
      "INSERT INTO anteroom.users (email, name, status) VALUES ('far@away.test', '', 'waiting')");
  CHECK(seen("sue", "far@away.test") == "far@away.test");
  CHECK(seen("max", "far@away.test").empty());
}

TEST_CASE("who waits is found until they are let in") {
  Company c;
  c.db.script("INSERT INTO users (email, status) VALUES ('added@corp.test', 'active')");
  CHECK(found(c, "sue", "", true).empty());
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  REQUIRE(c.sign_on("off", 2) == store::SignOnOutcome::waiting);
  CHECK(found(c, "sue", "", true) == "new off ");
  c.db.script("UPDATE users SET status = 'disabled' WHERE email = 'off@corp.test'");
  CHECK(found(c, "sue", "", true) == "new ");
  c.join("new", "viewer", "elm");
  CHECK(found(c, "sue", "", true).empty());
  // Access ended, and they are back.
  c.db.script("UPDATE grants SET expires_at = now() WHERE user_id = '" + c.id("new") + "'");
  REQUIRE(c.sign_on("new", 3) == store::SignOnOutcome::waiting);
  CHECK(found(c, "sue", "", true) == "new ");
}

TEST_CASE("people are shown to nobody below the level that decides") {
  Company c;
  for (const char* who : {"ann", "vic"}) {
    CHECK(found(c, who, "").empty());
    CHECK_FALSE(get(store::show_person(c.db, c.actor(who), access(), c.id("sue"))));
  }
  CHECK(c.count("audit_events WHERE kind = 'manage_refused' AND code = 'not_allowed'") == "4");
  CHECK_FALSE(get(store::show_person(c.db, c.actor("sue"), access(), "x")));
  CHECK_FALSE(get(
      store::show_person(c.db, c.actor("sue"), access(), "11111111-1111-1111-1111-111111111111")));
}

TEST_CASE("a person is shown with grants, live sessions and history") {
  Company c;
  REQUIRE(c.sign_on("ann", 1) == store::SignOnOutcome::signed_in);
  REQUIRE(c.sign_on("ann", 2) == store::SignOnOutcome::signed_in);
  c.db.script("UPDATE sessions SET expires_at = now() WHERE reference = 'reference2'");
  c.join("ann", "viewer", "oak");
  // Before there was a record, and a stranger's attempt.
  c.db.script(
      "INSERT INTO audit_events (kind, email) VALUES ('sign_on_refused', 'Ann@Corp.Test'),"
      " ('sign_on_refused', 'other@corp.test')");
  const auto shown = get(store::show_person(c.db, c.actor("max"), access(), c.id("ann")));
  REQUIRE(shown);
  CHECK(shown->person.email == "ann@corp.test");
  CHECK(shown->person.grants == "elm=technician,oak=viewer");
  CHECK(shown->person.subject == "tenant/ann");
  REQUIRE(shown->grants.size() == 2);
  CHECK(shown->grants[0].property_name == "Elm Court");
  CHECK(shown->grants[0].may_change);
  CHECK(shown->grants[1].property == "oak");
  CHECK_FALSE(shown->grants[1].may_change);
  REQUIRE(shown->sessions.size() == 1);
  CHECK(shown->sessions[0].reference == "reference1");
  CHECK(shown->sessions[0].origin == "https://login.test");
  REQUIRE(shown->history.size() >= 5);
  CHECK(shown->history[0].kind == "sign_on_refused");
  CHECK(shown->history[1].kind == "provisioned");
  CHECK(shown->history[1].actor == "test");
  CHECK(shown->history.back().kind == "provisioned");
  CHECK(std::none_of(shown->history.begin(), shown->history.end(), [](const auto& event) {
    return event.detail.find("other") != std::string::npos;
  }));
}

TEST_CASE("a grant is given, changed and taken away, with before and after") {
  Company c;
  const std::string vic = c.id("vic");
  CHECK(change_grant(c, c.actor("max"), {vic, "elm", "technician", ""}) == PersonChange::done);
  CHECK(c.grants("vic") == "*=viewer,elm=technician");
  CHECK(last_event(c) ==
        "grant_changed max@corp.test: before: nothing at elm; after: technician at elm");
  CHECK(change_grant(c, c.actor("sue"), {vic, "elm", "viewer", "2099-01-31"}) ==
        PersonChange::done);
  CHECK(last_event(c) ==
        "grant_changed sue@corp.test: before: technician at elm; after: viewer at elm"
        " until 2099-01-31T00:00:00Z");
  CHECK(change_grant(c, c.actor("sue"), {vic, "*", "", ""}) == PersonChange::done);
  CHECK(c.grants("vic") == "elm=viewer");
  CHECK(last_event(c) == "grant_changed sue@corp.test: before: viewer at *; after: nothing at *");
  CHECK(change_grant(c, c.actor("sue"), {vic, "*", "", ""}) == PersonChange::done);
  CHECK(c.count("audit_events WHERE kind = 'grant_changed'") == "3");
}

TEST_CASE("a grant lets in who waits, and turns nobody on who is disabled") {
  Company c;
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  CHECK(change_grant(c, c.actor("sue"), {c.id("new"), "elm", "viewer", ""}) == PersonChange::done);
  const std::string session = load(c.db, 1);
  CHECK(SessionView::parse(session)->is_provisioned());
  REQUIRE(set_disabled(c, "sue", "new") == PersonChange::done);
  CHECK(change_grant(c, c.actor("sue"), {c.id("new"), "oak", "viewer", ""}) == PersonChange::done);
  CHECK(c.value("SELECT state FROM anteroom.people WHERE email = 'new@corp.test'") == "disabled");
}

TEST_CASE("what keeps a grant from being changed") {
  Company c;
  const auto outcome = [&](const char* who, const char* whom, const char* property,
                           const char* level, const char* expires = "") {
    return change_grant(c, c.actor(who), {c.id(whom), property, level, expires});
  };
  CHECK(outcome("ann", "vic", "elm", "viewer") == PersonChange::not_allowed);
  CHECK(outcome("max", "vic", "oak", "viewer") == PersonChange::not_allowed);
  CHECK(outcome("max", "vic", "*", "viewer") == PersonChange::not_allowed);
  CHECK(outcome("max", "vic", "*", "") == PersonChange::not_allowed);
  CHECK(outcome("sue", "vic", "elm", "admin") == PersonChange::above_own_level);
  CHECK(outcome("sue", "ida", "*", "viewer") == PersonChange::above_own_level);
  CHECK(outcome("sue", "ida", "*", "") == PersonChange::above_own_level);
  CHECK(outcome("sue", "sue", "elm", "viewer") == PersonChange::own_account);
  CHECK(outcome("ida", "ida", "*", "") == PersonChange::own_account);
  CHECK(c.count("audit_events WHERE kind = 'manage_refused'") == "9");
  CHECK(outcome("sue", "vic", "ash", "viewer") == PersonChange::no_property);
  CHECK(outcome("sue", "vic", "elm", "boss") == PersonChange::no_level);
  CHECK(outcome("sue", "vic", "elm", "viewer", "2020-01-01") == PersonChange::in_the_past);
  CHECK(outcome("sue", "vic", "elm", "viewer", "soon") == PersonChange::bad_expiry);
  CHECK(change_grant(c, c.actor("sue"), {"x", "elm", "viewer", ""}) == PersonChange::not_found);
  CHECK(change_grant(c, root(), {"11111111-1111-1111-1111-111111111111", "elm", "viewer", ""}) ==
        PersonChange::not_found);
  CHECK(c.grants("vic") == "*=viewer");
  CHECK(c.grants("ida") == "*=admin");
  // Operators are held to no rule.
  CHECK(change_grant(c, root(), {c.id("ida"), "*", "viewer", ""}) == PersonChange::done);
}

TEST_CASE("disabling ends every session, and is undone without giving them back") {
  Company c;
  REQUIRE(c.sign_on("ann", 1) == store::SignOnOutcome::signed_in);
  CHECK(set_disabled(c, "max", "ann") == PersonChange::done);
  CHECK(last_event(c) == "user_disabled max@corp.test: before: active; after: disabled by people");
  CHECK(load(c.db, 1).empty());
  CHECK(set_disabled(c, "max", "ann") == PersonChange::done);
  CHECK(c.count("audit_events WHERE kind = 'user_disabled'") == "1");
  CHECK(set_disabled(c, "max", "ann", false) == PersonChange::done);
  CHECK(c.count("sessions") == "0");
  CHECK(c.value("SELECT state FROM anteroom.people WHERE email = 'ann@corp.test'") == "active");
}

TEST_CASE("support keeps off whom a directory has turned off, and does not turn them on") {
  Company c;
  c.db.script("UPDATE users SET off_by_directory = 'scim:corp' WHERE email = 'ann@corp.test'");
  const auto state = [&] {
    const auto shown = get(store::show_person(c.db, c.actor("max"), access(), c.id("ann")));
    REQUIRE(shown);
    return shown->person.state + (shown->is_off_by_people ? " people" : "") +
           (shown->is_off_by_directory ? " directory" : "");
  };
  CHECK(state() == "disabled directory");
  CHECK(set_disabled(c, "max", "ann", false) == PersonChange::off_by_directory);
  CHECK(state() == "disabled directory");
  CHECK(set_disabled(c, "max", "ann") == PersonChange::done);
  CHECK(last_event(c) ==
        "user_disabled max@corp.test: before: disabled by scim:corp; after: disabled by people and "
        "scim:corp");
  CHECK(state() == "disabled people directory");
  CHECK(set_disabled(c, "max", "ann") == PersonChange::done);
  CHECK(c.count("audit_events WHERE kind = 'user_disabled'") == "1");
  CHECK(set_disabled(c, "max", "ann", false) == PersonChange::off_by_directory);
  CHECK(state() == "disabled directory");
  // An operator overrules it.
  CHECK(get(store::enable_user(c.db, "ann@corp.test", "cli:root", true)).outcome ==
        store::Enabled::Outcome::done);
  CHECK(state() == "active");
}

TEST_CASE("nobody gives by hand what they asked for; who else does approves the request by it") {
  Company c;
  const auto filed = c.file(c.actor("max"), {"new@corp.test", "", "elm", "technician", "", ""});
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  const std::string id = c.id("new");
  CHECK(change_grant(c, c.actor("max"), {id, "elm", "technician", ""}) ==
        PersonChange::own_request);
  CHECK(c.grants("new").empty());
  CHECK(c.count("audit_events WHERE kind = 'manage_refused' AND code = 'own_request'") == "1");
  const auto is_open = [&] {
    return c.value("SELECT state FROM anteroom.access_requests WHERE id = '" + filed.request +
                   "'") == "open";
  };
  CHECK(change_grant(c, c.actor("sue"), {id, "elm", "viewer", ""}) == PersonChange::done);
  CHECK(is_open());
  CHECK(change_grant(c, c.actor("sue"), {id, "elm", "manager", "2099-01-31"}) ==
        PersonChange::done);
  CHECK(is_open());
  CHECK(change_grant(c, c.actor("sue"), {id, "elm", "manager", ""}) == PersonChange::done);
  CHECK_FALSE(is_open());
  CHECK(c.value("SELECT string_agg(recipient || ' ' || template, ', ' ORDER BY recipient)"
                " FROM anteroom.mail_outbox") ==
        "max@corp.test request_approved, new@corp.test access_approved");
  // Taking away is not a gift.
  const auto other = c.file(c.actor("max"), {"new@corp.test", "", "elm", "manager", "", ""});
  CHECK(other.outcome == store::Filing::has_access);
}

TEST_CASE("what an operator gives, one by one or from a file, approves the requests for it") {
  Company c;
  for (const char* name : {"one", "two"}) {
    c.file(c.actor("max"), {std::string(name) + "@corp.test", "", "elm", "technician", "", ""});
  }
  const auto open = [&] { return c.count("access_requests WHERE state = 'open'"); };
  CHECK(provision(c.db, "one@corp.test", "viewer", {"elm"}) == kProvisioned);
  CHECK(open() == "2");
  CHECK(provision(c.db, "one@corp.test", "manager", {"oak", "elm"}) == kProvisioned);
  CHECK(open() == "1");
  CHECK(c.value("SELECT decided_by_name FROM anteroom.access_requests WHERE state = 'approved'") ==
        "test");
  const std::string rows =
      R"([{"line":2,"email":"two@corp.test","name":"","property":"elm","level":"technician","expires":""}])";
  const auto imported = wait(store::import_users(c.db, rows, "cli:root", levels()));
  REQUIRE(imported);
  CHECK(*imported == 1);
  CHECK(open() == "0");
  CHECK(c.count("mail_outbox WHERE template = 'request_approved'") == "2");
}

TEST_CASE("what is tried without the right fills the audit trail with no more than a line") {
  Company c;
  const std::string request = c.open_request("new");
  std::vector<std::string> properties(2000, std::string(100, 'x'));
  for (std::size_t i = 0; i < properties.size(); ++i) properties[i] += std::to_string(i);
  CHECK(
      c.decide(c.actor("ann"), {{request}, true, std::string(5000, 'l'), properties, ""}).outcome ==
      store::Deciding::not_allowed);
  CHECK(c.value("SELECT max(length(detail)) <= 1000 FROM anteroom.audit_events") == "t");
}

TEST_CASE("who may not be disabled, and by whom") {
  Company c;
  CHECK(set_disabled(c, "ann", "vic") == PersonChange::not_allowed);
  CHECK(set_disabled(c, "max", "vic") == PersonChange::not_allowed);
  CHECK(set_disabled(c, "sue", "ida") == PersonChange::above_own_level);
  CHECK(set_disabled(c, "sue", "sue") == PersonChange::own_account);
  CHECK(c.count("users WHERE status = 'disabled'") == "0");
  CHECK(c.count("audit_events WHERE kind = 'manage_refused'") == "4");
  CHECK(get(store::set_disabled(c.db, c.actor("sue"), access(),
                                "11111111-1111-1111-1111-111111111111", true)) ==
        PersonChange::not_found);
  // Nobody in particular yet: anybody of their company who decides may.
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  CHECK(set_disabled(c, "max", "new") == PersonChange::done);
}

TEST_CASE("who decides at some properties only has to do with their own company, and with these") {
  Company c;
  c.db.script(
      "INSERT INTO users (email, status, last_sign_on_at, waiting_since, idp, subject) "
      "VALUES"
      " ('far@other.test', 'waiting', now(), now(), 'other', 'far')");
  const auto far_id = c.value("SELECT id FROM anteroom.users WHERE email = 'far@other.test'");
  const auto shown = [&](const char* who) {
    return get(store::show_person(c.db, c.actor(who), access(), far_id)).has_value();
  };
  const auto disable = [&](const char* who) {
    return get(store::set_disabled(c.db, c.actor(who), access(), far_id, true));
  };
  CHECK(found(c, "sue", "far@") == "far ");
  CHECK(shown("sue"));
  CHECK(found(c, "max", "far@").empty());
  CHECK(found(c, "max", "", true).empty());
  CHECK_FALSE(shown("max"));
  CHECK(disable("max") == PersonChange::not_found);
  CHECK(get(store::end_sessions(c.db, c.actor("max"), access(), far_id, "")) ==
        PersonChange::not_found);
  CHECK(c.count("audit_events WHERE kind = 'manage_refused' AND code = 'not_allowed'") == "3");
  SECTION("a request at their property makes it theirs") {
    REQUIRE(c.file(c.actor("ann"), {"far@other.test", "", "elm", "viewer", "", ""}).outcome ==
            store::Filing::filed);
    CHECK(found(c, "max", "far@") == "far ");
    CHECK(shown("max"));
  }
  SECTION("so does access there") {
    REQUIRE(provision(c.db, "far@other.test", "viewer", {"elm"}) == kProvisioned);
    CHECK(found(c, "max", "far@") == "far ");
    CHECK(disable("max") == PersonChange::done);
  }
  SECTION("not elsewhere") {
    REQUIRE(provision(c.db, "far@other.test", "viewer", {"oak"}) == kProvisioned);
    CHECK(found(c, "max", "far@").empty());
    CHECK_FALSE(shown("max"));
  }
}

TEST_CASE("nobody comes into somebody's reach by being asked for") {
  Company c;
  c.db.script(
      "INSERT INTO users (email, name, status, last_sign_on_at, waiting_since, idp, subject) VALUES"
      " ('far@other.test', 'Faye', 'waiting', now(), now(), 'other', 'far')");
  const std::string far = c.value("SELECT id FROM anteroom.users WHERE email = 'far@other.test'");
  const auto sees = [&](const char* who) {
    return !get(store::search_people(c.db, c.actor(who), access(), "far@", false, "", 5)).empty();
  };
  const auto acts = [&](const char* who) {
    const auto ended = get(store::end_sessions(c.db, c.actor(who), access(), far, ""));
    const auto off = get(store::set_disabled(c.db, c.actor(who), access(), far, true));
    return ended == PersonChange::done || off == PersonChange::done;
  };
  CHECK_FALSE(sees("max"));
  const auto filed = c.file(c.actor("max"), {"far@other.test", "", "elm", "viewer", "", ""});
  REQUIRE(filed.outcome == store::Filing::filed);
  CHECK_FALSE(sees("max"));
  CHECK_FALSE(get(store::show_person(c.db, c.actor("max"), access(), far)));
  CHECK_FALSE(acts("max"));
  const auto listed = get(store::list_requests(c.db, c.actor("max"), access(), {}));
  REQUIRE(listed.size() == 1);
  CHECK((listed[0].name + listed[0].waiting_since + listed[0].idp).empty());
  CHECK(get(store::withdraw_request(c.db, c.actor("max"), filed.request)));
  CHECK_FALSE(sees("max"));

  // Asked for by somebody else they are seen, to decide; and no more.
  REQUIRE(c.file(c.actor("ann"), {"far@other.test", "", "elm", "viewer", "", ""}).outcome ==
          store::Filing::filed);
  CHECK(sees("max"));
  CHECK_FALSE(acts("max"));
  CHECK(acts("sue"));
}

TEST_CASE("what whoever decides everywhere has switched off, nobody below switches on") {
  Company c;
  c.join("new", "viewer", "elm");
  REQUIRE(set_disabled(c, "max", "new") == PersonChange::done);
  const auto enable = [&](const char* who) {
    return get(store::set_disabled(c.db, c.actor(who), access(), c.id("new"), false));
  };
  CHECK(enable("max") == PersonChange::done);
  REQUIRE(set_disabled(c, "sue", "new") == PersonChange::done);
  CHECK(enable("max") == PersonChange::not_allowed);
  CHECK(set_disabled(c, "max", "new") == PersonChange::done);  // is off already, and stays theirs
  CHECK(enable("max") == PersonChange::not_allowed);
  CHECK(enable("sue") == PersonChange::done);
  REQUIRE(set_disabled(c, "max", "new") == PersonChange::done);
  CHECK(enable("max") == PersonChange::done);
}

TEST_CASE("what somebody asked for they do not give along with another's request") {
  Company c;
  c.join("mia", "manager", "elm");
  c.join("mia", "manager", "oak");
  REQUIRE(c.file(c.actor("mia"), {"new@corp.test", "", "elm", "technician", "", ""}).outcome ==
          store::Filing::filed);
  const auto other = c.file(c.actor("sue"), {"new@corp.test", "", "oak", "viewer", "", ""});
  CHECK(
      c.decide(c.actor("mia"), {{other.request}, true, "technician", {"oak", "elm"}, ""}).outcome ==
      store::Deciding::own_request);
  CHECK(c.decide(c.actor("mia"), {{other.request}, true, "technician", {"oak"}, ""}).outcome ==
        store::Deciding::done);
  CHECK(c.grants("new") == "oak=technician");
}

TEST_CASE("sessions are ended one sign-on at a time, or all") {
  Company c;
  for (int i = 1; i <= 3; ++i) REQUIRE(c.sign_on("ann", i) == store::SignOnOutcome::signed_in);
  REQUIRE(c.sign_on("sue", 4) == store::SignOnOutcome::signed_in);
  REQUIRE(*wait(
      store::issue_ticket(c.db, {hash_of(50), hash_of(1), "https://app.test", hash_of(60), "/"})));
  REQUIRE(wait(store::redeem_ticket(c.db, {hash_of(50), "https://app.test", hash_of(60), hash_of(9),
                                           "other", "", ""}))
              ->has_value());
  CHECK(end_sessions(c, "sue", "ann", "reference1") == PersonChange::done);
  CHECK(load(c.db, 1).empty());
  CHECK(load(c.db, 9).empty());
  CHECK_FALSE(load(c.db, 2).empty());
  CHECK(end_sessions(c, "sue", "ann", "reference1") == PersonChange::not_found);
  CHECK(end_sessions(c, "sue", "ann", "reference4") == PersonChange::not_found);
  CHECK(end_sessions(c, "ann", "sue") == PersonChange::not_allowed);
  CHECK(end_sessions(c, "max", "sue") == PersonChange::not_allowed);
  CHECK_FALSE(load(c.db, 4).empty());
  CHECK(end_sessions(c, "max", "ann") == PersonChange::done);
  CHECK(load(c.db, 2).empty());
  CHECK(load(c.db, 3).empty());
  CHECK(last_event(c) == "sessions_ended max@corp.test: 2 sessions, all");
  CHECK(end_sessions(c, "sue", "sue") == PersonChange::done);
  CHECK(load(c.db, 4).empty());
}

TEST_CASE("no session comes from a ticket while they are all being ended") {
  Company c;
  for (int round = 0; round < 40; ++round) {
    c.db.script("DELETE FROM sessions");
    REQUIRE(c.sign_on("ann", 1000 + round) == store::SignOnOutcome::signed_in);
    const TokenHash first = hash_of(1000 + round);
    constexpr int kTickets = 8;
    for (int i = 0; i < kTickets; ++i) {
      REQUIRE(*wait(
          store::issue_ticket(c.db, {hash_of(i), first, "https://app.test", hash_of(60), "/"})));
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < kTickets; ++i) {
      threads.emplace_back([&, i] {
        BlockingDatabase own(c.db.settings());
        (void)wait(store::redeem_ticket(own, {hash_of(i), "https://app.test", hash_of(60),
                                              hash_of(2000 + i), "other", "", ""}));
      });
    }
    BlockingDatabase own(c.db.settings());
    const auto ended = wait(store::end_sessions(own, c.actor("sue"), access(), c.id("ann"), ""));
    for (auto& thread : threads) thread.join();
    REQUIRE(ended);
    REQUIRE(*ended == PersonChange::done);
    REQUIRE(c.count("sessions") == "0");
  }
}
