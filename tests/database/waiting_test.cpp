#include "database/people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Kind = store::WaitingState::Kind;

namespace {

store::WaitingState state_of(Company& c, const char* name) {
  return get(store::waiting_state(c.db, c.id(name), "corp", access()));
}

int ask(Company& c, const char* name) {
  return get(store::ask_approvers(c.db, c.actor(name), "corp", access()));
}

// A company of another identity provider with an approver of its own.
void add_rivals(Company& c) {
  c.db.script(
      "INSERT INTO users (email, name, status, idp, subject) VALUES"
      " ('roy@rival.test', 'Roy', 'active', 'rival', '1');"
      "INSERT INTO grants (user_id, property, level)"
      " SELECT id, 'elm', 'manager' FROM users WHERE email = 'roy@rival.test'");
}

}  // namespace

TEST_CASE("the Waiting Room knows who can file a request, in the same company only") {
  Company c;
  add_rivals(c);
  c.db.script(
      "UPDATE users SET name = 'Max Maple' WHERE email = 'max@corp.test';"
      "UPDATE users SET status = 'disabled' WHERE email = 'ida@corp.test';"
      "UPDATE grants SET expires_at = now() WHERE user_id ="
      " (SELECT id FROM users WHERE email = 'sue@corp.test')");
  REQUIRE(c.sign_on("ann", 1) == store::SignOnOutcome::signed_in);
  REQUIRE(c.sign_on("new", 2) == store::SignOnOutcome::waiting);
  const auto state = state_of(c, "new");
  CHECK(state.kind == Kind::no_request);
  CHECK(state.approvers == std::vector<std::string>{"ann@corp.test", "Max Maple"});
  CHECK(state.asked_at.empty());
}

TEST_CASE("the Waiting Room says what became of the request") {
  Company c;
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  const std::string request = c.open_request("new");
  auto state = state_of(c, "new");
  CHECK(state.kind == Kind::open);
  CHECK_FALSE(state.since.empty());
  CHECK(state.requested_by == "ann@corp.test");
  CHECK(state.property_name == "Elm Court");
  SECTION("declined") {
    c.decide(c.actor("sue"), {{request}, false, "", {}, "who is that?"});
    state = state_of(c, "new");
    CHECK(state.kind == Kind::declined);
    CHECK(state.reason == "who is that?");
    // Asked for again: open counts.
    c.open_request("new");
    CHECK(state_of(c, "new").kind == Kind::open);
  }
  SECTION("withdrawn") {
    REQUIRE(get(store::withdraw_request(c.db, c.actor("ann"), request)));
    CHECK(state_of(c, "new").kind == Kind::no_request);
  }
  SECTION("by an operator, for all properties") {
    c.db.script(
        "UPDATE access_requests SET requested_by = NULL, requested_by_name = 'cli:root',"
        " property = NULL");
    state = state_of(c, "new");
    CHECK(state.requested_by.empty());
    CHECK(state.property_name.empty());
  }
}

TEST_CASE("approvers are asked once a day, by who waits") {
  Company c;
  add_rivals(c);
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  CHECK(ask(c, "new") == 4);
  CHECK(c.value(
            "SELECT string_agg(recipient || ' ' || (parameters->>'email'), ', ' ORDER BY recipient)"
            " FROM anteroom.mail_outbox WHERE template = 'please_request'") ==
        "ann@corp.test new@corp.test, ida@corp.test new@corp.test, max@corp.test new@corp.test,"
        " sue@corp.test new@corp.test");
  CHECK(ask(c, "new") == 0);
  CHECK_FALSE(state_of(c, "new").asked_at.empty());
  CHECK(c.count("audit_events WHERE kind = 'approvers_asked'") == "1");
  c.db.script("UPDATE users SET asked_at = now() - interval '25 hours'");
  CHECK(ask(c, "new") == 4);
  CHECK(ask(c, "ann") == 0);
  CHECK(get(store::ask_approvers(c.db, root(), "corp", access())) == 0);
  c.db.script(
      "UPDATE users SET asked_at = NULL, status = 'disabled' WHERE email = 'new@corp.test'");
  CHECK(ask(c, "new") == 0);
}

TEST_CASE("asking nobody is not asking: it can be done later") {
  Company c;
  c.db.script("DELETE FROM grants");
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  CHECK(ask(c, "new") == 0);
  CHECK(state_of(c, "new").asked_at.empty());
}

TEST_CASE("activity counts departures, sign-ons and refusals per day and identity provider") {
  Company c;
  get(store::count_started(c.db, {{"corp", 3}, {"rival", 1}, {"corp", 1}}));
  get(store::count_started(c.db, {{"corp", 1}}));
  get(store::count_started(c.db, {}));
  REQUIRE(c.sign_on("ann", 1) == store::SignOnOutcome::signed_in);
  REQUIRE(c.sign_on("new", 2) == store::SignOnOutcome::waiting);
  REQUIRE(c.sign_on("new", 2) == store::SignOnOutcome::replayed);
  c.db.script(
      "INSERT INTO audit_events (kind, code, idp, at) VALUES"
      " ('sign_on_refused', 'bad_signature', 'corp', now()),"
      " ('signed_on', 'waiting', 'corp', now() - interval '2 days'),"
      " ('sign_on_refused', 'replayed', 'corp', now() - interval '2 days'),"
      " ('sign_on_refused', 'unknown_issuer', '', now() - interval '2 days'),"
      " ('signed_on', 'waiting', 'corp', now() - interval '9 days')");
  const std::string today = c.value("SELECT (now() AT TIME ZONE 'UTC')::date");
  const std::string then = c.value("SELECT (now() AT TIME ZONE 'UTC')::date - 2");
  const auto check = [&] {
    auto seen = get(store::activity(c.db, 7, "", 20));
    CHECK(seen.days.size() == 2);
    CHECK(seen.days[then].signed_on == 1);
    CHECK(seen.days[then].refused == 1);
    CHECK(seen.days[then].started == 0);
    CHECK(seen.days[today].started == 6);
    CHECK(seen.days[today].signed_on == 2);
    CHECK(seen.days[today].returned() == 3);
    REQUIRE(seen.companies.size() == 3);
    CHECK(seen.companies[0].first == "corp");
    CHECK(seen.companies[0].second.signed_on == 3);
    CHECK(seen.companies[1].first == "rival");
    CHECK(seen.companies[2].first.empty());
    CHECK(seen.others == 0);
    seen = get(store::activity(c.db, 7, "", 1));
    CHECK(seen.companies.size() == 1);
    CHECK(seen.others == 2);
    CHECK(seen.of_others.started == 1);
    CHECK(seen.of_others.refused == 1);
    seen = get(store::activity(c.db, 7, "rival", 20));
    CHECK(seen.days.size() == 1);
    CHECK(seen.days[today].started == 1);
    CHECK(seen.companies.size() == 1);
    CHECK(get(store::activity(c.db, 1, "", 20)).days.size() == 1);
  };
  check();
  // The same from tallies, whose days are read from events no more.
  while (get(store::count_day(c.db)) == true) continue;
  CHECK(c.count("sign_on_tallies WHERE signed_on IS NOT NULL AND idp = 'corp'") == "2");
  check();
  c.db.script("DELETE FROM audit_events WHERE at < now() - interval '26 hours'");
  check();
}

TEST_CASE("a day is counted once all that happened on it is there") {
  Company c;
  c.db.script(
      "INSERT INTO audit_events (kind, idp, at) VALUES ('signed_on', 'corp', now()),"
      " ('signed_on', 'corp', begins((now() AT TIME ZONE 'UTC')::date - 2) + interval '12 hours')");
  const auto counted = [&] {
    return c.value(
        "SELECT string_agg(((now() AT TIME ZONE 'UTC')::date - t.day)::text, ' ' ORDER BY t.day)"
        " FROM anteroom.sign_on_tallies t WHERE t.idp = ''");
  };
  CHECK(get(store::count_day(c.db)) == true);
  CHECK(counted() == "2");  // the oldest first
  while (get(store::count_day(c.db)) == true) continue;
  const bool is_past_one = c.value("SELECT (now() AT TIME ZONE 'UTC')::time >= '01:00'") == "t";
  CHECK(counted() == (is_past_one ? "2 1" : "2"));  // never today
  // One that was left out is counted later.
  c.db.script("DELETE FROM sign_on_tallies WHERE day = (now() AT TIME ZONE 'UTC')::date - 2");
  CHECK(get(store::count_day(c.db)) == true);
  CHECK(c.value("SELECT sum(signed_on) FROM anteroom.sign_on_tallies") == "1");
}

TEST_CASE("how long people waited before they were let in, and how many still do") {
  Company c;
  const auto times = [&] { return get(store::waiting_times(c.db, 30)); };
  CHECK(times() == std::vector<long>{0, 0, 0, 0, 0, 0, 0});
  int number = 0;
  for (const char* name : {"p1", "p2", "p3", "p4", "p5", "p6"}) {
    REQUIRE(c.sign_on(name, ++number) == store::SignOnOutcome::waiting);
  }
  CHECK(times().back() == 6);
  c.db.script(
      "UPDATE users SET waiting_since = waiting_since - interval '5 hours'"
      " WHERE email IN ('p2@corp.test', 'p3@corp.test');"
      "UPDATE users SET waiting_since = waiting_since - interval '8 days'"
      " WHERE email = 'p4@corp.test'");
  for (const char* name : {"p1", "p2", "p3", "p4"}) c.join(name, "viewer", "elm");
  c.db.script("UPDATE users SET status = 'disabled' WHERE email = 'p6@corp.test'");
  CHECK(times() == std::vector<long>{1, 0, 2, 0, 0, 1, 1});
  // Later grants and sign-ons change nothing about it.
  c.join("p1", "viewer", "oak");
  REQUIRE(c.sign_on("p1", 20) == store::SignOnOutcome::signed_in);
  CHECK(times() == std::vector<long>{1, 0, 2, 0, 0, 1, 1});
}
