// What is alike does not depend on the locale that a database was made with.
#include "anteroom/audit.h"
#include "anteroom/people.h"
#include "anteroom/scim.h"
#include "database/people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

// Under Turkish, the lower case of I has no dot.
const char* const kLocales[] = {
    "",
    "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C.UTF-8'",
    "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'lt-LT' LOCALE 'C.UTF-8'",
    "TEMPLATE template0 LOCALE 'C'",
};

std::string found(TestDatabase& db, const std::string& search) {
  std::string all;
  for (const auto& row : get(store::search_people(db, root(), access(), search, false, "", 10))) {
    all += row.email + " ";
  }
  return all;
}

}  // namespace

TEST_CASE("people are found however their name and address are written, under every locale") {
  const char* const locale = GENERATE(from_range(std::begin(kLocales), std::end(kLocales)));
  INFO(locale);
  TestDatabase db(true, locale);
  db.script(
      "INSERT INTO users (email, name, status) VALUES ('ivan@corp.test', 'Ivan Isaak', 'active'),"
      " ('isik@corp.test', 'Işık IŞIK', 'active'), ('lukasz@corp.test', 'Łukasz Ölund', 'active'),"
      " ('nikos@corp.test', 'ΝΙΚΟΣ', 'active'), ('taro@corp.test', '山田太郎', 'active'),"
      " ('o@corp.test', 'Pat O’Brien', 'active')");
  CHECK(found(db, "太郎") == "taro@corp.test ");
  CHECK(found(db, "ΝΙ") == "nikos@corp.test ");
  CHECK(found(db, "br") == "o@corp.test ");
  CHECK(found(db, "’b") == "o@corp.test ");
  for (const char* search : {"IVAN", "ivan", "İVAN", "IVAN@CORP", "IV", "isaak", "ISAAK"}) {
    INFO(search);
    CHECK(found(db, search) == "ivan@corp.test ");
  }
  for (const char* search : {"IŞIK", "ışık", "işik"}) {
    INFO(search);
    CHECK(found(db, search) == "isik@corp.test ");
  }
  CHECK(found(db, "łUKASZ ö") == "lukasz@corp.test ");
  CHECK(found(db, "νίκος").empty());
  CHECK(found(db, "νικος") == "nikos@corp.test ");
  store::PeopleFilter filter;
  filter.search = "IVAN";
  CHECK(get(store::list_people(db, filter)).size() == 1);
  CHECK(get(store::find_person(db, "IVAN@corp.test")));
}

TEST_CASE("an address is one person's, however it is written, under every locale") {
  const char* const locale = GENERATE(from_range(std::begin(kLocales), std::end(kLocales)));
  INFO(locale);
  TestDatabase db(true, locale);
  db.script("INSERT INTO users (email, name, status) VALUES ('IVAN@CORP.TEST', '', 'active')");
  CHECK(db.value("SELECT email FROM anteroom.users") == "ivan@corp.test");
  const Status twice = db.database().execute_script(
      "INSERT INTO anteroom.users (email, name, status) VALUES ('Ivan@Corp.Test', '', 'active')");
  CHECK_FALSE(twice);
  store::SignOn s = sign_on_number(1);
  s.email = "ivan@corp.test";
  CHECK(sign_on_outcome(db, s) == store::SignOnOutcome::waiting);
  CHECK(db.value("SELECT count(*) FROM anteroom.users") == "1");
  db.script("INSERT INTO audit_events (kind, email) VALUES ('sign_on_refused', 'IVAN@Corp.Test')");
  store::AuditFilter filter;
  filter.email = "Ivan@corp.TEST";
  CHECK(get(store::newest_audit(db, filter, 10)).size() >= 2);
  const auto shown =
      get(store::show_person(db, root(), access(), db.value("SELECT id FROM anteroom.users")));
  REQUIRE(shown);
  CHECK(shown->history[0].kind == "sign_on_refused");
}

TEST_CASE("a directory's groups and accounts are known by name, under every locale") {
  const char* const locale = GENERATE(from_range(std::begin(kLocales), std::end(kLocales)));
  INFO(locale);
  TestDatabase db(true, locale);
  db.script("INSERT INTO properties (key, name) VALUES ('elm', 'Elm')");
  const store::ScimCompany corp{"corp", {"corp.test"}};
  const store::ScimTable table{{{"IT ADMINS ŁÓDŹ", "elm", "manager"}}, levels()};
  scim::UserChange user;
  user.user_name = user.user_name_address = "ivan@corp.test";
  user.external_id = user.work_email = user.work_address = user.display_name = "";
  user.formatted_name = user.given_name = user.family_name = "";
  user.is_active = true;
  const auto made = get(store::scim_create_user(db, corp, user));
  REQUIRE(made.outcome == store::ScimOutcome::done);
  user.user_name = "IVAN@CORP.TEST";
  CHECK(get(store::scim_create_user(db, corp, user)).outcome == store::ScimOutcome::exists);
  scim::UserQuery query;
  query.user_name = "IVAN@corp.test";
  CHECK(get(store::scim_find_users(db, corp, query, {})).total == 1);

  scim::GroupChange group;
  group.display_name = "it admins łódź";
  group.adds = {made.resource.id};
  CHECK(get(store::scim_create_group(db, corp, table, group)).outcome == store::ScimOutcome::done);
  CHECK(get(store::find_person(db, "ivan@corp.test"))->grants == "elm=manager");
  group.display_name = "It Admins Łódź";
  CHECK(get(store::scim_create_group(db, corp, table, group)).outcome ==
        store::ScimOutcome::exists);
  scim::GroupQuery by_name;
  by_name.display_name = "IT ADMINS ŁÓDŹ";
  CHECK(get(store::scim_find_groups(db, corp, by_name, {}, false)).total == 1);
}

TEST_CASE("nothing in the database compares by its locale") {
  TestDatabase db;
  db.script(
      "CREATE VIEW ours AS SELECT p.proname::text AS what, p.prosrc AS text FROM pg_proc p"
      " JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'anteroom'::regnamespace"
      "  AND l.lanname IN ('sql', 'plpgsql') AND NOT EXISTS (SELECT FROM pg_depend d"
      "  WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')"
      " UNION ALL SELECT viewname::text, definition FROM pg_views WHERE schemaname = 'anteroom'"
      " UNION ALL SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'anteroom'"
      " UNION ALL SELECT table_name || '.' || column_name, generation_expression"
      "  FROM information_schema.columns"
      "  WHERE table_schema = 'anteroom' AND generation_expression IS NOT NULL");
  // But for what is done to addresses, which are in lower case already.
  CHECK(db.value(
            R"(SELECT coalesce(string_agg(what, ', '), '') FROM anteroom.ours
               WHERE text ~* '\m(lower|upper|initcap)\((?!.{0,60}COLLATE)|\milike\M|!?~~?\*'
               AND what NOT IN ('sign_on', 'scim_people', 'access_requests.domain', 'ours'))") ==
        "");
  CHECK(db.value(
            R"(SELECT coalesce(string_agg(what || ': ' || m[1], ', '), '') FROM anteroom.ours,
               LATERAL regexp_matches(text, '([\w.]+)::citext', 'g') m
               WHERE m[1] NOT IN ('p_email', 'v_email', 'x.email', 'p_after', 'NEW.granted_by'))") ==
        "");
}
