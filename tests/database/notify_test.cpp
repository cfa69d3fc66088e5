#include <poll.h>

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
    CHECK(listener.next() == user);
    CHECK(listener.next().starts_with("session:01"));
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
    const auto record = wait(store::load_session(db, hash_of(1), std::chrono::hours(1), levels()));
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
