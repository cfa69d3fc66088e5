#include <algorithm>
#include <thread>

#include "anteroom/site.h"
#include "database/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

// Ann, signed on as session 1, with properties elm and oak there.
void prepare(TestDatabase& db) {
  db.script("INSERT INTO properties (key, name) VALUES ('elm', 'Elm'), ('oak', 'Oak')");
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);
}

}  // namespace

TEST_CASE("an unknown token has no session") {
  TestDatabase db;
  CHECK(load(db, 9).empty());
}

TEST_CASE("grants show in the session at once: every level, the highest, all properties first") {
  TestDatabase db;
  prepare(db);
  REQUIRE(provision(db, "ann@corp.test", "manager", {"oak"}) == kProvisioned);
  REQUIRE(provision(db, "ann@corp.test", "technician", {"elm", "*"}) == kProvisioned);
  const std::string bytes = load(db, 1);
  const auto view = SessionView::parse(bytes);
  REQUIRE(view);
  CHECK(view->is_provisioned());
  CHECK(view->fields().access_level == "manager");
  CHECK(view->fields().properties == "*=technician,elm=technician,oak=manager");
}

TEST_CASE("a level that the configuration no longer knows counts for nothing") {
  TestDatabase db;
  prepare(db);
  REQUIRE(provision(db, "ann@corp.test", "retired", {"oak"}) == kProvisioned);
  const std::string bytes = load(db, 1);
  CHECK_FALSE(SessionView::parse(bytes)->is_provisioned());
}

TEST_CASE("an expired grant counts for nothing, and the record ends with the first that will") {
  TestDatabase db;
  prepare(db);
  REQUIRE(provision(db, "ann@corp.test", "manager", {"oak"}) == kProvisioned);
  db.script("UPDATE grants SET expires_at = '2020-01-01' WHERE property = 'oak'");
  std::string bytes = load(db, 1);
  CHECK_FALSE(SessionView::parse(bytes)->is_provisioned());
  db.script("UPDATE grants SET expires_at = now() + interval '5 minutes'");
  bytes = load(db, 1);
  const auto view = SessionView::parse(bytes);
  CHECK(view->is_provisioned());
  CHECK(view->expires_at() < SystemClock().now() + 6min);
}

TEST_CASE("a session ends at its end, and when it is not used") {
  TestDatabase db;
  prepare(db);
  SECTION("at its end") {
    db.script("UPDATE sessions SET expires_at = now()");
  }
  SECTION("idle") {
    db.script("UPDATE sessions SET last_seen_at = now() - interval '2 hours'");
  }
  CHECK(load(db, 1).empty());
}

TEST_CASE("use is noted every five minutes, sooner where sessions end sooner") {
  TestDatabase db;
  prepare(db);
  const auto is_noted = [&db](const std::string& ago, std::chrono::seconds idle) {
    db.script("UPDATE sessions SET last_seen_at = now() - interval '" + ago + "'");
    REQUIRE_FALSE(load(db, 1, idle).empty());
    return db.value("SELECT last_seen_at > now() - interval '10 seconds' FROM anteroom.sessions") ==
           "t";
  };
  CHECK(is_noted("301 seconds", 2h));
  CHECK_FALSE(is_noted("280 seconds", 2h));
  CHECK(is_noted("61 seconds", 10min));
  CHECK_FALSE(is_noted("50 seconds", 10min));
}

TEST_CASE("who only looks at a session does not use it, and is told when it ends") {
  TestDatabase db;
  prepare(db);
  db.script(
      "UPDATE sessions SET last_seen_at = now() - interval '1 hour',"
      " expires_at = now() + interval '3 hours'");
  const auto left = [](Time then) {
    return std::chrono::round<std::chrono::minutes>(then - SystemClock().now());
  };
  const std::string looked_at = load(db, 1, 2h, SessionUse::none);
  const auto before = SessionView::parse(looked_at);
  REQUIRE(before);
  CHECK(left(before->times().ends_at) == 180min);
  CHECK(left(before->times().idle_until) == 60min);
  CHECK(db.value("SELECT last_seen_at < now() - interval '59 minutes' FROM anteroom.sessions") ==
        "t");
  const std::string used = load(db, 1, 2h, SessionUse::renews);
  CHECK(left(SessionView::parse(used)->times().idle_until) == 120min);
  db.script("UPDATE sessions SET last_seen_at = now() - interval '3 hours'");
  CHECK(load(db, 1, 2h, SessionUse::none).empty());
}

TEST_CASE("signing out ends every session of the same sign-on and no other") {
  TestDatabase db;
  prepare(db);
  REQUIRE(sign_on_outcome(db, sign_on_number(2)) == store::SignOnOutcome::waiting);
  REQUIRE(*wait(
      store::issue_ticket(db, {hash_of(50), hash_of(1), "https://app.test", hash_of(60), "/x"})));
  REQUIRE(wait(store::redeem_ticket(
                   db, {hash_of(50), "https://app.test", hash_of(60), hash_of(3), "ref", "", ""}))
              ->has_value());
  CHECK(wait(store::sign_out(db, hash_of(3), "127.0.0.1"))->has_value());
  CHECK(load(db, 1).empty());
  CHECK(load(db, 3).empty());
  CHECK_FALSE(load(db, 2).empty());
  CHECK_FALSE(wait(store::sign_out(db, hash_of(3), "127.0.0.1"))->has_value());
}

TEST_CASE("a ticket carries a session to one origin, one browser, once, for thirty seconds") {
  TestDatabase db;
  prepare(db);
  REQUIRE(*wait(store::issue_ticket(
      db, {hash_of(50), hash_of(1), "https://app.test", hash_of(60), "/a?b=c"})));
  store::Redemption redemption{hash_of(50), "https://app.test", hash_of(60), hash_of(3), "ref", "",
                               ""};
  const auto redeem = [&] { return *wait(store::redeem_ticket(db, redemption)); };

  SECTION("as meant") {
    CHECK(redeem() == "/a?b=c");
    const std::string bytes = load(db, 3);
    CHECK(SessionView::parse(bytes)->fields().origin == "https://app.test");
    redemption.new_token_hash = hash_of(4);
    CHECK_FALSE(redeem());
    CHECK(load(db, 4).empty());
  }
  SECTION("at another origin") {
    redemption.origin = "https://evil.test";
    CHECK_FALSE(redeem());
  }
  SECTION("in another browser, which uses it up") {
    redemption.browser_hash = hash_of(61);
    CHECK_FALSE(redeem());
    redemption.browser_hash = hash_of(60);
    CHECK_FALSE(redeem());
  }
  SECTION("too late") {
    db.script("UPDATE handoff_tickets SET expires_at = now()");
    CHECK_FALSE(redeem());
  }
  SECTION("after signing out") {
    REQUIRE(wait(store::sign_out(db, hash_of(1), ""))->has_value());
    CHECK_FALSE(redeem());
  }
}

TEST_CASE("no ticket is made from a session that is not live") {
  TestDatabase db;
  CHECK_FALSE(*wait(
      store::issue_ticket(db, {hash_of(50), hash_of(1), "https://app.test", hash_of(60), "/"})));
}

TEST_CASE("strangers cannot fill the audit trail, and keep nobody out of it") {
  TestDatabase db;
  const auto refuse = [&](const std::string& idp, const std::string& email,
                          const std::string& client = "192.0.2.1") {
    REQUIRE(
        wait(store::audit(db, {"sign_on_refused", "bad_signature", "r", idp, email, client, ""})));
  };
  for (int i = 0; i < 80; ++i) refuse("corp", "");
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events") == "60");
  refuse("other", "");
  refuse("corp", "ann@corp.test");
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events") == "62");
  db.script("UPDATE audit_events SET at = at - interval '61 seconds'");
  refuse("corp", "");
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events") == "63");
}

TEST_CASE("one address that fills its part of the audit trail takes nothing of another's") {
  TestDatabase db;
  const auto refuse = [&](const std::string& client) {
    REQUIRE(
        wait(store::audit(db, {"sign_on_refused", "bad_signature", "r", "corp", "", client, ""})));
  };
  for (int i = 0; i < 80; ++i) refuse("192.0.2.1");
  refuse("192.0.2.2");
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events") == "61");
  for (int i = 0; i < 700; ++i) refuse("198.51.100." + std::to_string(i % 250));
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events") == "600");
}

TEST_CASE("housekeeping removes what has expired and nothing else") {
  TestDatabase db;
  prepare(db);
  REQUIRE(sign_on_outcome(db, sign_on_number(2)) == store::SignOnOutcome::waiting);
  db.script("UPDATE sessions SET expires_at = now() WHERE token_hash = '" +
            store::bytea_literal(hash_of(1)) + "'::bytea");
  db.script("UPDATE consumed_messages SET keep_until = now() WHERE message_id = '_a1'");
  CHECK(wait(store::housekeep(db, Retention{})).value().removed == 2);
  CHECK(wait(store::housekeep(db, Retention{})).value().removed == 0);
  CHECK(db.value("SELECT count(*) - (SELECT count(*) FROM anteroom.audit_events)"
                 " FROM anteroom.audit_chain") == "0");
  CHECK(db.value("SELECT count(*) FROM anteroom.sessions") == "1");
  CHECK(db.value("SELECT count(*) FROM anteroom.consumed_messages") == "3");
  db.script("UPDATE audit_events SET at = at - interval '2 days'");
  // Days are counted before an event of theirs is removed; the rest waits for nothing.
  CHECK(wait(store::housekeep(db, Retention{.audit = 24h})).value().is_more);
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events") == "3");
  while (wait(store::housekeep(db, Retention{.audit = 72h})).value().is_more) continue;
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events") == "3");
  CHECK(wait(store::housekeep(db, Retention{.audit = 24h})).value().removed > 0);
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events") == "0");
}

TEST_CASE("housekeeping says how long what has expired has waited for it") {
  TestDatabase db;
  prepare(db);
  db.script("UPDATE consumed_messages SET keep_until = now() - interval '2 hours'");
  REQUIRE(db.value("SELECT anteroom.upkeep_behind() BETWEEN 7200 AND 7300") == "t");
  CHECK(wait(store::upkeep_behind(db)).value() >= 7200s);
  CHECK(wait(store::housekeep(db, Retention{})).value().removed > 0);
  CHECK(wait(store::upkeep_behind(db)).value() == 0s);
  // More of it than one batch takes.
  db.script(
      "INSERT INTO consumed_messages SELECT 'x', i::text, now() - interval '1 hour'"
      " FROM generate_series(1, 600) i");
  CHECK(wait(store::housekeep(db, Retention{})).value().is_more);
  CHECK(wait(store::upkeep_behind(db)).value() >= 3600s);
  CHECK_FALSE(wait(store::housekeep(db, Retention{})).value().is_more);
  CHECK(wait(store::upkeep_behind(db)).value() == 0s);
}

TEST_CASE("what was counted and decided long ago is kept no longer") {
  TestDatabase db;
  prepare(db);
  db.script(
      "INSERT INTO sign_on_tallies SELECT (now() AT TIME ZONE 'UTC')::date - d, 'corp', 1"
      " FROM unnest(ARRAY[0, 365, 367, 900]) d");
  db.script(
      "INSERT INTO access_requests (email, level, state, requested_at, decided_at) VALUES"
      " ('open@corp.example', 'viewer', 'open', now() - interval '9 years', NULL),"
      " ('lately@corp.example', 'viewer', 'approved', now() - interval '9 years', now() - interval "
      "'99 days'),"
      " ('old@corp.example', 'viewer', 'declined', now() - interval '9 years', now() - interval "
      "'101 days')");
  CHECK(wait(store::housekeep(db, Retention{})).value().removed == 2);
  CHECK(db.value("SELECT count(*) FROM anteroom.sign_on_tallies") == "2");
  CHECK(db.value("SELECT count(*) FROM anteroom.access_requests") == "3");
  CHECK(wait(store::housekeep(db, Retention{.requests = 2400h})).value().removed == 1);
  CHECK(db.value("SELECT string_agg(email, ' ' ORDER BY email) FROM anteroom.access_requests") ==
        "lately@corp.example open@corp.example");
  // What explains access that somebody has stays until that has gone.
  db.script(
      "INSERT INTO users (email, status) VALUES ('lately@corp.example', 'active');"
      "SET session_replication_role = replica;"
      "INSERT INTO grants (user_id, level, given_alone_by)"
      " SELECT id, 'viewer', id FROM users WHERE email = 'lately@corp.example';"
      "SET session_replication_role = origin");
  CHECK(wait(store::housekeep(db, Retention{.requests = 24h})).value().removed == 0);
  db.script("DELETE FROM grants");
  CHECK(wait(store::housekeep(db, Retention{.requests = 24h})).value().removed == 1);
}

TEST_CASE("migrating again, or twice at once, changes nothing") {
  TestDatabase db(false);
  const auto first = migrate(db.database());
  REQUIRE(first);
  CHECK(first->size() == store::migrations().size() + 1);
  CHECK(first->back() == "functions");
  BlockingDatabase other(db.settings());
  CHECK(migrate(other)->empty());
  CHECK(wait(store::find_schema(db))->version == store::migrations().back().version);
  CHECK(kSchemaVersion == store::migrations().back().version);
}

TEST_CASE("an empty database has schema version 0") {
  TestDatabase db(false);
  CHECK(wait(store::find_schema(db))->version == 0);
}

TEST_CASE("functions are replaced together where they are another build's, and only then") {
  TestDatabase db;
  const auto trouble = [&db] { return store::trouble_with(*wait(store::find_schema(db))); };
  CHECK(trouble().empty());
  // Another build with the same tables was here later: what this one calls is still there.
  db.script(
      "INSERT INTO schema_functions (digest, applied_at) VALUES ('theirs', now() + interval '1 s');"
      "CREATE OR REPLACE FUNCTION iso(p timestamptz) RETURNS text LANGUAGE sql STABLE AS $$ SELECT "
      "'theirs' $$");
  CHECK(trouble().empty());
  CHECK(*migrate(db.database()) == std::vector<std::string>{"functions"});
  CHECK(db.value("SELECT anteroom.iso('2027-01-31 08:00Z')") == "2027-01-31T08:00:00Z");
  // Where this build never was, it works only after `migrate`.
  db.script(
      "DELETE FROM schema_functions; INSERT INTO schema_functions (digest) VALUES ('theirs')");
  CHECK(trouble().find("run `anteroom migrate`") != std::string::npos);
  // A newer one's functions are left alone.
  db.script("INSERT INTO schema_version (version, name) VALUES (9999, 'later')");
  CHECK(trouble().empty());
  CHECK(migrate(db.database())->empty());
}

TEST_CASE("a database of before the first release is refused, and nothing is changed in it") {
  TestDatabase db;
  db.script(
      "UPDATE schema_version SET version = 32 WHERE version = 33;"
      "DELETE FROM schema_version WHERE version > 33; DROP FUNCTION iso");
  const auto refused = migrate(db.database());
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().detail.find("version 32") != std::string::npos);
  CHECK(db.value("SELECT count(*) FROM pg_proc WHERE proname = 'iso'") == "0");
}

TEST_CASE("a database that is in use is migrated beside whoever uses it") {
  TestDatabase db(false);
  BlockingDatabase& database = db.database();
  const auto& first = store::migrations().front();
  REQUIRE(database.execute_script(
      "CREATE SCHEMA anteroom; SET search_path = anteroom; CREATE TABLE schema_version (version int"
      " PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"
      "INSERT INTO schema_version VALUES (33, 'first');" +
      std::string(first.sql)));
  // Half of an index that somebody interrupted.
  db.script(
      "CREATE INDEX users_of_company ON users (idp);"
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_of_company'::regclass");
  // Somebody reads, and goes on reading until the migration has met them.
  BlockingDatabase reader(db.settings());
  REQUIRE(reader.execute_script("BEGIN; LOCK TABLE anteroom.users IN ACCESS SHARE MODE"));
  std::thread reading([&] {
    BlockingDatabase watcher(db.settings());
    const std::string once =
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE '%DROP INDEX%') THEN RAISE 'not yet'; END IF;"
        " END $$";
    while (!watcher.execute_script(once)) std::this_thread::sleep_for(20ms);
    while (watcher.execute_script(once)) std::this_thread::sleep_for(20ms);  // it gave way
    (void)reader.execute_script("COMMIT");
  });
  const auto applied = migrate(database);
  reading.join();
  INFO((applied ? "" : applied.failure().detail));
  REQUIRE(applied);
  CHECK(wait(store::find_schema(db))->version == kSchemaVersion);
  CHECK(db.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0");
  CHECK(db.value("SELECT pg_get_indexdef('anteroom.users_of_company'::regclass)")
            .find("(idp, email)") != std::string::npos);
  CHECK(db.value("SELECT to_regclass('anteroom.users_who_wait') IS NULL") == "t");
}

TEST_CASE("a migration that fails takes everything back, and names the file") {
  TestDatabase db(false);
  BlockingDatabase& database = db.database();
  REQUIRE(database.execute_script(
      "CREATE SCHEMA anteroom; CREATE VIEW anteroom.people AS SELECT 1 AS id"));
  const auto failed = migrate(database);
  REQUIRE_FALSE(failed);
  CHECK(failed.failure().detail.starts_with("access: "));
  CHECK(wait(store::find_schema(db))->version == 0);
  CHECK(db.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'anteroom'") == "0");
}

TEST_CASE("the functions are as they should be, every body") {
  TestDatabase db;
  // `migrate` does not look into them, for they call one another.
  CHECK(db.value("SELECT count(fmgr_sql_validator(p.oid)) > 0 FROM pg_proc p JOIN pg_language l ON"
                 " l.oid = p.prolang WHERE l.lanname = 'sql' AND p.pronamespace ="
                 " 'anteroom'::regnamespace") == "t");
  CHECK(db.value("SELECT count(plpgsql_validator(p.oid)) > 0 FROM pg_proc p JOIN pg_language l ON"
                 " l.oid = p.prolang WHERE l.lanname = 'plpgsql' AND p.pronamespace ="
                 " 'anteroom'::regnamespace") == "t");
}

TEST_CASE("a connection string that libpq cannot read is refused without repeating it") {
  const auto bad = store::connection_parameters("host=x password=s3cret bogus", "");
  REQUIRE_FALSE(bad);
  CHECK(bad.failure().detail.find("s3cret") == std::string::npos);
}

namespace {

store::IdpLogout logout_of(int message, const std::string& name_id,
                           std::vector<std::string> indexes = {}) {
  return {"corp",
          "https://idp.test/",
          "_logout" + std::to_string(message),
          SystemClock().now() + 1h,
          name_id,
          std::move(indexes),
          "192.0.2.7"};
}

// Sign-on number `n`, known to its IdP by these.
void sign_on_as(TestDatabase& db, int n, const std::string& name_id, const std::string& index) {
  store::SignOn sign_on = sign_on_number(n);
  sign_on.idp = "corp";
  sign_on.name_id = name_id;
  sign_on.session_index = index;
  REQUIRE(sign_on_outcome(db, std::move(sign_on)) == store::SignOnOutcome::waiting);
}

}  // namespace

TEST_CASE("signing out tells what the IdP needs to be told") {
  TestDatabase db;
  sign_on_as(db, 1, "ann", "_s1");
  const auto ended = wait(store::sign_out(db, hash_of(1), ""));
  REQUIRE(ended->has_value());
  CHECK((*ended)->idp == "corp");
  CHECK((*ended)->name_id == "ann");
  CHECK((*ended)->session_index == "_s1");
}

TEST_CASE("an IdP ends the sessions of a NameID, or only those of a SessionIndex") {
  TestDatabase db;
  sign_on_as(db, 1, "ann", "_s1");
  sign_on_as(db, 2, "ann", "_s2");
  CHECK(*wait(store::log_out_by_idp(db, logout_of(1, "bob"))) == 0);
  CHECK(*wait(store::log_out_by_idp(db, logout_of(2, "ann", {"_s2"}))) == 1);
  CHECK_FALSE(load(db, 1).empty());
  CHECK(load(db, 2).empty());
  CHECK(*wait(store::log_out_by_idp(db, logout_of(3, "ann"))) == 1);
  CHECK(load(db, 1).empty());
}

TEST_CASE("an IdP's logout works once, and never on another IdP's people") {
  TestDatabase db;
  sign_on_as(db, 1, "ann", "_s1");
  store::IdpLogout foreign = logout_of(1, "ann");
  foreign.idp = "other";
  CHECK(*wait(store::log_out_by_idp(db, foreign)) == 0);
  CHECK(*wait(store::log_out_by_idp(db, logout_of(2, "ann"))) == 1);
  sign_on_as(db, 2, "ann", "_s1");
  CHECK_FALSE(wait(store::log_out_by_idp(db, logout_of(2, "ann")))->has_value());
  CHECK_FALSE(load(db, 2).empty());
}

TEST_CASE("a long SessionIndex finds the session under another NameID, a short one does not") {
  TestDatabase db;
  sign_on_as(db, 1, "ann", "1");
  sign_on_as(db, 2, "ann", "_0123456789abcdef0123456789abcdef");
  CHECK(*wait(store::log_out_by_idp(db, logout_of(1, "pairwise", {"1"}))) == 0);
  CHECK(*wait(store::log_out_by_idp(
            db, logout_of(2, "pairwise", {"_0123456789abcdef0123456789abcdef"}))) == 1);
  // Sessions without a NameID belong to no such message.
  sign_on_as(db, 3, "", "");
  CHECK(*wait(store::log_out_by_idp(db, logout_of(3, ""))) == 0);
}

TEST_CASE("a session tells when and how its person signed on, on every host") {
  TestDatabase db;
  store::SignOn s = sign_on_number(1);
  s.authenticated_at = Time(1'700'000'000'123'456us);
  s.authn_context = "urn:mfa";
  REQUIRE(sign_on_outcome(db, s) == store::SignOnOutcome::waiting);
  const std::string bytes = load(db, 1);
  const auto view = SessionView::parse(bytes);
  REQUIRE(view);
  CHECK(view->authenticated_at() == s.authenticated_at);
  CHECK(view->fields().authn_context == "urn:mfa");

  REQUIRE(*wait(
      store::issue_ticket(db, {hash_of(50), hash_of(1), "https://app.test", hash_of(51), "/"})));
  REQUIRE(*wait(store::redeem_ticket(
      db, {hash_of(50), "https://app.test", hash_of(51), hash_of(2), "r2", "", ""})));
  const std::string other = load(db, 2);
  const auto there = SessionView::parse(other);
  REQUIRE(there);
  CHECK(there->authenticated_at() == s.authenticated_at);
  CHECK(there->fields().authn_context == "urn:mfa");
}

TEST_CASE("a new sign-on ends the one that the browser had, on all its hosts, and no other") {
  TestDatabase db;
  for (const int number : {1, 2}) {
    REQUIRE(sign_on_outcome(db, sign_on_number(number)) == store::SignOnOutcome::waiting);
  }
  REQUIRE(*wait(
      store::issue_ticket(db, {hash_of(50), hash_of(1), "https://app.test", hash_of(51), "/"})));
  REQUIRE(*wait(store::redeem_ticket(
      db, {hash_of(50), "https://app.test", hash_of(51), hash_of(11), "r2", "", ""})));
  store::SignOn again = sign_on_number(3);
  again.replaces = hash_of(1);
  REQUIRE(sign_on_outcome(db, again) == store::SignOnOutcome::waiting);
  CHECK(load(db, 1).empty());
  CHECK(load(db, 11).empty());
  CHECK_FALSE(load(db, 2).empty());
  CHECK_FALSE(load(db, 3).empty());
}
