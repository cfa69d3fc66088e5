#include <poll.h>

#include <iterator>
#include <set>
#include <sstream>

#include "anteroom/people.h"
#include "anteroom/requests.h"
#include "database/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

// A connection of a node that listens.
class Listener {
 public:
  explicit Listener(const DatabaseSettings& settings)
      : connection_(PQconnectdb(settings.connection.c_str()), PQfinish) {
    PQclear(PQexec(connection_.get(), store::listen_sql()));
  }

  /// The next payload; empty after five seconds without one.
  std::string next() {
    for (int i = 0; i < 50; ++i) {
      PQconsumeInput(connection_.get());
      if (PGnotify* notify = PQnotifies(connection_.get())) {
        std::string payload = notify->extra;
        PQfreemem(notify);
        return payload;
      }
      pollfd fd{PQsocket(connection_.get()), POLLIN, 0};
      poll(&fd, 1, 100);
    }
    return "";
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

// How often nodes are told, and of whom.
struct Told {
  int payloads = 0;
  std::multiset<std::string> names;
};

Told told_of(TestDatabase& db, const std::string& script) {
  Listener listener(db.settings());
  db.script(script);
  db.script("NOTIFY anteroom, 'end'");
  Told told;
  for (std::string payload = listener.next(); payload != "end"; payload = listener.next()) {
    REQUIRE_FALSE(payload.empty());
    ++told.payloads;
    std::istringstream words(payload);
    const bool are_many = payload.starts_with("these ");
    for (std::string word; words >> word;) {
      if (word != "these" || !are_many) told.names.insert(word);
    }
  }
  return told;
}

std::multiset<std::string> people_named(TestDatabase& db, const std::string& pattern) {
  std::istringstream ids(db.value(("SELECT string_agg('user:' || id, ' ') FROM anteroom.users"
                                   " WHERE email LIKE '" +
                                   pattern + "'")
                                      .c_str()));
  return {std::istream_iterator<std::string>(ids), {}};
}

std::string several(int count, const std::string& name) {
  return "INSERT INTO users (email, status) SELECT '" + name +
         "' || n || '@corp.test', 'waiting' FROM generate_series(1, " + std::to_string(count) +
         ") n;";
}

}  // namespace

TEST_CASE("nodes are told of every change that concerns what they remember") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);
  const std::string user = "user:" + db.value("SELECT id FROM anteroom.users");
  Listener listener(db.settings());

  SECTION("a grant") {
    REQUIRE(provision(db, "ann@corp.test", "viewer", {"*"}) == kProvisioned);
    CHECK(listener.next() == user);
  }
  SECTION("disabling") {
    REQUIRE(*wait(store::disable_user(db, "ann@corp.test", "test")));
    CHECK(listener.next() == "these " + user + " session:01" + std::string(62, '0'));
  }
  SECTION("signing out") {
    REQUIRE(wait(store::sign_out(db, hash_of(1), ""))->has_value());
    CHECK(listener.next() == "session:01" + std::string(62, '0'));
  }
  SECTION("whoever changes it by hand") {
    db.script("UPDATE users SET name = 'Someone'");
    CHECK(listener.next() == user);
  }
}

TEST_CASE("nodes are told of requests for somebody who waits, and of nobody else's") {
  TestDatabase db;
  db.script(
      "INSERT INTO properties (key, name) VALUES ('elm', 'Elm Court');"
      "INSERT INTO users (email, status) VALUES ('absent@corp.test', 'waiting')");
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);
  const std::string user =
      "user:" + db.value("SELECT id FROM anteroom.users WHERE last_sign_on_at IS NOT NULL");
  const std::string email =
      db.value("SELECT email FROM anteroom.users WHERE last_sign_on_at IS NOT NULL");
  const auto file = [&](const std::string& who) {
    const auto filed = wait(store::file_requests(db, {"", "cli:root", "", true},
                                                 {levels(), "technician", "manager", "manager"},
                                                 {{who, "", "elm", "viewer", "", ""}}, false));
    REQUIRE(filed);
    return filed->at(0).request;
  };
  const auto news = [&] {
    const auto record = wait(
        store::load_session(db, hash_of(1), std::chrono::hours(1), levels(), SessionUse::counts));
    return std::string(SessionView::parse(*record)->fields().news);
  };
  Listener listener(db.settings());
  const std::string before = news();
  const std::string request = file(email);
  CHECK(listener.next() == user);
  const std::string filed = news();
  CHECK(filed != before);
  REQUIRE(*wait(store::withdraw_request(db, {"", "cli:root", "", true}, request)));
  CHECK(listener.next() == user);
  CHECK(news() != filed);

  file("absent@corp.test");
  file("nobody@corp.test");
  db.script("NOTIFY anteroom, 'end'");
  CHECK(listener.next() == "end");
}

TEST_CASE("a sign-on that changes nothing tells nobody") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);
  Listener listener(db.settings());
  REQUIRE(sign_on_outcome(db, sign_on_number(2)) == store::SignOnOutcome::waiting);
  db.script("NOTIFY anteroom, 'end'");
  CHECK(listener.next() == "end");
}

TEST_CASE("nodes are told of a bulk change in a few words, whoever it concerns and nobody else") {
  const int count = GENERATE(2, 300, 5000);
  TestDatabase db;
  db.script(several(count, "one") + several(20, "other"));
  const int most = count / 180 + 1;
  const std::string give =
      "INSERT INTO grants (user_id, property, level) SELECT id, NULL, 'viewer' FROM users"
      " WHERE email LIKE 'one%'";
  SECTION("by one statement") {
    const Told told = told_of(db, give);
    CHECK(told.payloads <= most);
    CHECK(told.names == people_named(db, "one%"));
  }
  SECTION("by a statement for each") {
    const Told told = told_of(
        db,
        "DO $$ DECLARE v_id uuid; BEGIN FOR v_id IN SELECT id FROM users WHERE email LIKE 'one%'"
        " LOOP UPDATE users SET name = 'New' WHERE id = v_id; INSERT INTO grants (user_id,"
        " property, level) VALUES (v_id, NULL, 'viewer'); END LOOP; END $$");
    CHECK(told.payloads <= most);
    CHECK(told.names == people_named(db, "one%"));
  }
}

TEST_CASE("the sessions that end together are told of together") {
  TestDatabase db;
  for (int i = 1; i <= 5; ++i) sign_on_outcome(db, sign_on_number(i));
  const Told told = told_of(db, "DELETE FROM sessions");
  CHECK(told.payloads == 1);
  CHECK(told.names.size() == 5);
}

TEST_CASE("what was taken back, or is not yet so, is told to nobody") {
  TestDatabase db;
  db.script(several(3, "one"));
  CHECK(told_of(db,
                "BEGIN; UPDATE users SET name = 'A' WHERE email LIKE 'one1%'; SAVEPOINT s;"
                " UPDATE users SET name = 'B' WHERE email LIKE 'one2%'; ROLLBACK TO s; COMMIT")
            .names == people_named(db, "one1%"));
  CHECK(told_of(db, "BEGIN; UPDATE users SET name = 'C'; ROLLBACK").payloads == 0);
}

TEST_CASE("changes are told one by one where the transaction asks for it, and each once") {
  TestDatabase db;
  db.script(several(2, "one"));
  const Told told = told_of(db,
                            "BEGIN; UPDATE users SET name = 'A' WHERE email LIKE 'one1%';"
                            " SET CONSTRAINTS ALL IMMEDIATE; UPDATE users SET name = 'B' WHERE"
                            " email LIKE 'one2%'; ALTER TABLE users ALTER name SET STATISTICS 100;"
                            " COMMIT");
  CHECK(told.payloads == 2);
  CHECK(told.names == people_named(db, "one%"));
}

TEST_CASE("a change is told of whatever the search path is when it commits") {
  TestDatabase db;
  db.script(several(1, "one"));
  CHECK(
      told_of(db, "BEGIN; UPDATE users SET name = 'A'; SET LOCAL search_path = pg_catalog; COMMIT")
          .names == people_named(db, "one%"));
}
