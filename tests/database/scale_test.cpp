// With 100,000 people and as many open requests: what a page costs is counted in rows that the
// server reads for it.

#include "database/people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

class BigCompany : public Company {
 public:
  BigCompany() {
    db.script(R"(
      SET session_replication_role = replica;
      DO $$  -- rebuilt at the end, which is faster
      BEGIN
        PERFORM set_config('test.search_index', pg_get_indexdef('users_search'::regclass), false);
        DROP INDEX users_search;
      END $$;
      INSERT INTO users (email, name, status, idp, subject, last_sign_on_at)
      SELECT 'person' || i || '@' || CASE WHEN i % 1000 = 0 THEN 'rare.test' ELSE 'corp.test' END,
             'Name ' || substr(md5(i::text), 1, 6), 'active', 'corp', i::text, now() FROM generate_series(1, 100000) i;
      INSERT INTO grants (user_id, property, level) SELECT id, 'oak', 'viewer' FROM users
      WHERE email LIKE 'person%';
      INSERT INTO access_requests (email, property, level, requested_by, requested_at)
      SELECT u.email, CASE WHEN u.subject::int % 500 = 0 THEN 'elm' ELSE 'oak' END, 'viewer', a.id,
             date_trunc('second', now()) - u.subject::int * interval '1 minute'
      FROM users u, users a WHERE u.email LIKE 'person%' AND a.email = 'ann@corp.test';
      SET session_replication_role = origin;
      DO $$ BEGIN EXECUTE current_setting('test.search_index'); END $$;
      ANALYZE)");
  }

  /// Rows of the big tables that the server reads for what `work` does.
  template <class Work>
  long rows_read(Work work) {
    db.script("BEGIN");
    const long before = rows_read_so_far();
    work();
    const long after = rows_read_so_far();
    db.script("ROLLBACK");
    return after - before;
  }

 private:
  long rows_read_so_far() {
    return std::stol(
        value("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
              " WHERE relname IN ('users', 'grants', 'access_requests')"));
  }
};

void costs_at_all_properties(BigCompany& c) {
  constexpr long kBound = 650;
  const auto list = [&](const char* who, const store::RequestFilter& filter, std::size_t expected) {
    return c.rows_read([&] {
      CHECK(get(store::list_requests(c.db, c.actor(who), access(), filter)).size() == expected);
    });
  };
  const auto search = [&](const std::string& text, bool only_waiting, const std::string& after,
                          std::size_t expected) {
    return c.rows_read([&] {
      CHECK(get(store::search_people(c.db, c.actor("sue"), access(), text, only_waiting, after, 50))
                .size() == expected);
    });
  };
  store::RequestFilter filter;
  // Statements are prepared, and planned anew after the fifth run: go beyond.
  for (int round = 0; round < 7; ++round) {
    filter = {};
    CHECK(list("sue", filter, 50) < kBound);
    const auto page = get(store::list_requests(c.db, c.actor("sue"), access(), filter));
    filter.after = page.back().requested_at + " " + page.back().id;
    CHECK(list("sue", filter, 50) < kBound);
    filter = {};
    filter.domains = {"rare.test"};
    CHECK(list("sue", filter, 50) < kBound);
    filter = {};
    filter.property = "elm";
    CHECK(list("sue", filter, 50) < kBound);
    CHECK(list("max", {}, 50) < kBound);
    filter = {};
    filter.older_than_days = 60;
    CHECK(list("sue", filter, 50) < kBound);
    filter = {};
    filter.requested_by = c.id("ann");
    CHECK(list("ann", filter, 50) < kBound);
    CHECK(list("ann", {}, 50) < kBound);

    CHECK(search("", false, "", 50) < kBound);
    CHECK(search("", false, "person5@corp.test", 50) < kBound);
    CHECK(search("ERSON99999", false, "", 1) < kBound);
    CHECK(search("rare.test", false, "", 50) < kBound);
    CHECK(search("corp.test", false, "", 50) < kBound);
    CHECK(search("nobody", false, "", 0) < kBound);
    CHECK(search("", true, "", 0) < kBound);
    CHECK(search("zq", false, "", 0) < kBound);
    CHECK(search("p", false, "", 50) < kBound);
  }

  const std::string person = c.id("person77");
  CHECK(c.rows_read(
            [&] { CHECK(get(store::show_person(c.db, c.actor("sue"), access(), person))); }) < 100);
  CHECK(c.rows_read([&] {
    CHECK(get(store::waiting_state(c.db, person, "corp", access())).approvers.size() == 4);
  }) < 100);
  const std::string request =
      c.value("SELECT id FROM anteroom.access_requests WHERE email = 'person77@corp.test'");
  CHECK(c.rows_read([&] { CHECK(c.approve("sue", request) == store::Deciding::done); }) < 200);
  CHECK(c.rows_read([&] {
    c.file(c.actor("sue"), {"newcomer@corp.test", "", "elm", "viewer", "", ""});
  }) < 100);
}

// People of one company see its people and no more of the others than have to do with their
// properties.
void costs_at_some_properties(BigCompany& c) {
  c.db.script(R"(
      SET session_replication_role = replica;
      UPDATE users SET waiting_since = last_sign_on_at, status = 'waiting' WHERE subject::int % 10 = 0 AND email LIKE 'person%';
      DELETE FROM grants WHERE user_id IN (SELECT id FROM users WHERE status = 'waiting');
      DELETE FROM access_requests WHERE email IN (SELECT email FROM users WHERE status = 'waiting');
      SET session_replication_role = origin;
      ANALYZE)");
  constexpr long kBound = 650;
  const auto search = [&](const std::string& text, bool only_waiting, std::size_t expected) {
    return c.rows_read([&] {
      CHECK(get(store::search_people(c.db, c.actor("max"), access(), text, only_waiting, "", 50))
                .size() == expected);
    });
  };
  for (int round = 0; round < 7; ++round) {
    CHECK(search("", false, 50) < kBound);
    CHECK(search("", true, 50) < 3 * kBound);
    CHECK(search("rare.test", false, 0) < kBound);
    CHECK(search("erson99999", false, 1) < kBound);
    CHECK(search("zq", false, 0) < kBound);
  }
  CHECK(c.rows_read([&] {
    CHECK(get(store::waiting_without_request(c.db, c.actor("sue"), access(), 50)).size() == 50);
  }) < kBound);
  CHECK(get(store::waiting_now(c.db)).count == 10000);
  CHECK(c.rows_read([&] { CHECK(get(store::find_person(c.db, "person77@corp.test"))); }) < 20);
}

}  // namespace

TEST_CASE("what a page costs does not grow with the number of people and requests") {
  BigCompany c;  // takes most of the time: once for all
  costs_at_all_properties(c);
  costs_at_some_properties(c);
}
