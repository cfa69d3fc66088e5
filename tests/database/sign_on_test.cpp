#include <thread>

#include "database/interleaving.h"

using namespace anteroom;
using namespace anteroom::test;
using store::SignOnOutcome;

TEST_CASE("a first sign-on makes a record and a session that waits") {
  TestDatabase db;
  CHECK(sign_on_outcome(db, sign_on_number(1)) == SignOnOutcome::waiting);
  const std::string bytes = load(db, 1);
  const auto view = SessionView::parse(bytes);
  REQUIRE(view);
  CHECK(view->status() == UserStatus::waiting);
  CHECK(view->fields().email == "ann@corp.test");
  CHECK(view->fields().name == "Ann Arbor");
  CHECK(view->fields().origin == "https://login.test");
  CHECK_FALSE(view->is_provisioned());
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events WHERE kind = 'user_created'") == "1");
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events WHERE kind = 'signed_on'") == "1");
}

TEST_CASE("a pre-provisioned person is found by email, in any case, and pinned") {
  TestDatabase db;
  db.script("INSERT INTO properties (key, name) VALUES ('elm', 'Elm')");
  REQUIRE(provision(db, "Ann@Corp.test", "manager", {"elm"}) == kProvisioned);
  CHECK(sign_on_outcome(db, sign_on_number(1)) == SignOnOutcome::signed_in);
  CHECK(db.value("SELECT subject FROM anteroom.users") == "tenant/ann");
  CHECK(db.value("SELECT count(*) FROM anteroom.users") == "1");
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events WHERE kind = 'user_pinned'") == "1");
}

TEST_CASE("a repeated message opens no second session") {
  TestDatabase db;
  store::SignOn again = sign_on_number(1);
  REQUIRE(sign_on_outcome(db, again) == SignOnOutcome::waiting);
  again.token_hash = hash_of(2);
  SECTION("as it was") {}
  SECTION("with another Response ID") {
    again.response_id = "_other";
  }
  SECTION("with another assertion ID") {
    again.assertion_id = "_other";
  }
  CHECK(sign_on_outcome(db, again) == SignOnOutcome::replayed);
  CHECK(load(db, 2).empty());
  CHECK(db.value("SELECT count(*) FROM anteroom.sessions") == "1");
}

TEST_CASE("a request is answered once, whatever comes of the first answer") {
  TestDatabase db;
  store::SignOn first = sign_on_number(1);
  first.request_id = "id1";
  first.request_until = SystemClock().now() + 25h;
  store::SignOn second = sign_on_number(2);
  second.request_id = "id1";
  second.request_until = first.request_until;
  SECTION("a session") {
    REQUIRE(sign_on_outcome(db, first) == SignOnOutcome::waiting);
  }
  SECTION("a session that was signed out") {
    REQUIRE(sign_on_outcome(db, first) == SignOnOutcome::waiting);
    REQUIRE(wait(store::sign_out(db, hash_of(1), ""))->has_value());
  }
  SECTION("a refusal") {
    REQUIRE(provision(db, "ann@corp.test", "viewer", {"*"}) == kProvisioned);
    REQUIRE(*wait(store::disable_user(db, "ann@corp.test", "test")));
    REQUIRE(sign_on_outcome(db, first) == SignOnOutcome::user_disabled);
  }
  // Its messages may be forgotten sooner.
  db.script("DELETE FROM consumed_messages WHERE keep_until < now() + interval '24 hours'");
  CHECK(sign_on_outcome(db, second) == SignOnOutcome::request_answered);
  CHECK(load(db, 2).empty());
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events WHERE code = 'request_answered'") ==
        "1");
  // The message is used up with it.
  second.request_id = "id2";
  CHECK(sign_on_outcome(db, second) == SignOnOutcome::replayed);
}

TEST_CASE("of two answers to one request under way at once, the second opens nothing") {
  TestDatabase db;
  store::SignOn first = sign_on_number(1);
  store::SignOn second = sign_on_number(2);
  first.request_id = second.request_id = "id1";
  first.request_until = second.request_until = SystemClock().now() + 25h;
  OpenTransaction one(db);
  REQUIRE(sign_on_outcome(one, first) == SignOnOutcome::waiting);
  Meanwhile<Result<store::SignOnResult>> other(
      db, [&](Database& own) { return wait(store::sign_on(own, second)); });
  CHECK(other.is_waiting());
  one.commit();
  CHECK(get(other.result()).outcome == SignOnOutcome::request_answered);
}

TEST_CASE("answers that nobody asked for are not taken for answers to one request") {
  TestDatabase db;
  CHECK(sign_on_outcome(db, sign_on_number(1)) == SignOnOutcome::waiting);
  CHECK(sign_on_outcome(db, sign_on_number(2)) == SignOnOutcome::waiting);
}

TEST_CASE("the same IDs of another issuer are other messages") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == SignOnOutcome::waiting);
  store::SignOn other = sign_on_number(1);
  other.issuer = "https://other.test/";
  other.idp = "other";
  other.email = "bob@other.test";
  other.token_hash = hash_of(2);
  CHECK(sign_on_outcome(db, other) == SignOnOutcome::waiting);
}

TEST_CASE("of eight simultaneous posts of one message, one opens a session") {
  TestDatabase db;
  std::vector<std::thread> threads;
  std::atomic<int> opened = 0;
  std::atomic<int> replayed = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      BlockingDatabase own(db.settings());
      store::SignOn s = sign_on_number(1);
      s.token_hash = hash_of(10 + i);
      const auto result = wait(store::sign_on(own, s));
      if (result && result->outcome == SignOnOutcome::waiting) ++opened;
      if (result && result->outcome == SignOnOutcome::replayed) ++replayed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(opened == 1);
  CHECK(replayed == 7);
  CHECK(db.value("SELECT count(*) FROM anteroom.sessions") == "1");
}

TEST_CASE("eight simultaneous first sign-ons of one person make one record") {
  TestDatabase db;
  std::vector<std::thread> threads;
  std::atomic<int> fine = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      BlockingDatabase own(db.settings());
      const auto result = wait(store::sign_on(own, sign_on_number(i)));
      if (result && result->outcome == SignOnOutcome::waiting) ++fine;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(fine == 8);
  CHECK(db.value("SELECT count(*) FROM anteroom.users") == "1");
}

TEST_CASE("a renamed person stays the same record, under the new address") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == SignOnOutcome::waiting);
  store::SignOn renamed = sign_on_number(2);
  renamed.email = "ann.married@corp.test";
  CHECK(sign_on_outcome(db, renamed) == SignOnOutcome::waiting);
  CHECK(db.value("SELECT email FROM anteroom.users") == "ann.married@corp.test");
  CHECK(db.value("SELECT detail FROM anteroom.audit_events WHERE kind = 'email_changed'") ==
        "was ann@corp.test");
}

TEST_CASE("a new address that another record has is not taken over") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == SignOnOutcome::waiting);
  REQUIRE(provision(db, "boss@corp.test", "admin", {"*"}) == kProvisioned);
  store::SignOn grabbing = sign_on_number(2);
  grabbing.email = "boss@corp.test";
  CHECK(sign_on_outcome(db, grabbing) == SignOnOutcome::waiting);
  const std::string bytes = load(db, 2);
  CHECK(SessionView::parse(bytes)->fields().email == "ann@corp.test");
  CHECK(db.value("SELECT count(*) FROM anteroom.audit_events WHERE kind = 'email_conflict'") ==
        "1");
}

TEST_CASE("a recycled address does not take the old owner's account over") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == SignOnOutcome::waiting);
  store::SignOn newcomer = sign_on_number(2);
  newcomer.subject = "tenant/other-ann";
  CHECK(sign_on_outcome(db, newcomer) == SignOnOutcome::identity_pinned);
  CHECK(load(db, 2).empty());

  SECTION("until support unpins the record") {
    REQUIRE(*wait(store::unpin_user(db, "ann@corp.test", "test")));
    CHECK(load(db, 1).empty());
    newcomer.response_id = "_r3";
    newcomer.assertion_id = "_a3";
    CHECK(sign_on_outcome(db, newcomer) == SignOnOutcome::waiting);
  }
}

TEST_CASE("the same address from another identity provider is refused") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == SignOnOutcome::waiting);
  store::SignOn other = sign_on_number(2);
  other.idp = "other";
  CHECK(sign_on_outcome(db, other) == SignOnOutcome::identity_pinned);
}

TEST_CASE("an IdP without a stable identifier pins by email") {
  TestDatabase db;
  store::SignOn s = sign_on_number(1);
  s.subject = "";
  CHECK(sign_on_outcome(db, s) == SignOnOutcome::waiting);
  s = sign_on_number(2);
  s.subject = "";
  s.email = "ann@corp.test";
  CHECK(sign_on_outcome(db, s) == SignOnOutcome::waiting);
  CHECK(db.value("SELECT count(*) FROM anteroom.users") == "1");
}

TEST_CASE("a disabled person gets no session, and the message is used up all the same") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == SignOnOutcome::waiting);
  REQUIRE(*wait(store::disable_user(db, "ann@corp.test", "test")));
  CHECK(load(db, 1).empty());
  CHECK(sign_on_outcome(db, sign_on_number(2)) == SignOnOutcome::user_disabled);
  CHECK(sign_on_outcome(db, sign_on_number(2)) == SignOnOutcome::replayed);
  CHECK(load(db, 2).empty());
}

TEST_CASE("the session ends with the IdP's, if that is sooner") {
  TestDatabase db;
  store::SignOn s = sign_on_number(1);
  s.not_after = SystemClock().now() + 1h;
  REQUIRE(sign_on_outcome(db, s) == SignOnOutcome::waiting);
  const std::string bytes = load(db, 1);
  CHECK(SessionView::parse(bytes)->expires_at() <= *s.not_after);
}
