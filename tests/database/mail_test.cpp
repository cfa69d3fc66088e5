#include <deque>
#include <set>

#include "anteroom/outbox.h"
#include "database/people_fixture.h"
#include "services/mail_delivery.h"
#include "support/fakes.h"

using namespace anteroom;
using namespace anteroom::test;
using mail::Sending;

namespace {

/// Answers what it is told to, then "accepted".
class FakeTransport : public mail::Transport {
 public:
  std::deque<mail::SendResult> answers;
  std::vector<mail::Message> messages;
  int hung_up = 0;
  std::function<void()> while_sending = [] {};

  mail::SendResult send(const mail::Message& message) override {
    messages.push_back(message);
    while_sending();
    if (answers.empty()) return {Sending::accepted, ""};
    mail::SendResult answer = answers.front();
    answers.pop_front();
    return answer;
  }
  void hang_up() override { ++hung_up; }
};

/// A database that can be told to lose what it is asked.
class FlakyDatabase : public Database {
 public:
  explicit FlakyDatabase(Database& real) : real_(real) {}
  std::set<std::string> lost;  ///< names of statements
  void execute(const Statement& statement, Params params,
               std::function<void(Result<Rows>)> done) override {
    if (lost.contains(statement.name)) return done(Failure{code::kDatabaseUnavailable, "away"});
    real_.execute(statement, std::move(params), std::move(done));
  }

 private:
  Database& real_;
};

Settings mail_settings() {
  Settings settings;
  settings.service_provider.landing_url = "https://app.test/";
  settings.mail.emplace();
  settings.mail->from_address = "no-reply@maintenance.test";
  settings.mail->notify = {"support@maintenance.test"};
  return settings;
}

/// A process that delivers, and what it needs.
struct Post {
  explicit Post(Database& real) : database(real) {}

  FlakyDatabase database;
  Settings settings = mail_settings();
  FakeTransport transport;
  FakeClock clock;
  FakeLog log;
  services::MailDelivery delivery{database, settings, transport, clock, log};

  services::MailDelivery::Round deliver() {
    return delivery.deliver([] { return false; });
  }
};

void write_letter(TestDatabase& db, const std::string& recipient = "ann@corp.test") {
  db.script("INSERT INTO mail_outbox (recipient, template, parameters) VALUES ('" + recipient +
            "', 'access_approved', '{\"name\":\"Ann\"}')");
}

store::ClaimedLetter claim_one(TestDatabase& db) {
  auto claimed = wait(store::claim_mail(db, 1, 10min));
  REQUIRE(claimed);
  REQUIRE(claimed->size() == 1);
  return claimed->front();
}

std::size_t claimable(TestDatabase& db) {
  const auto claimed = wait(store::claim_mail(db, 100, 0s));
  REQUIRE(claimed);
  return claimed->size();
}

bool fail(TestDatabase& db, const store::ClaimedLetter& letter, bool is_final, bool is_answered,
          std::chrono::seconds max_age = 72h) {
  const auto result =
      wait(store::mail_failed(db, letter, {"450 busy", is_final, is_answered, max_age}));
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("a letter that is claimed is nobody else's until the lease ends") {
  TestDatabase db;
  write_letter(db);
  (void)claim_one(db);
  CHECK(claimable(db) == 0);
  db.script("UPDATE mail_outbox SET lease_until = now() - interval '1 second'");
  CHECK(claimable(db) == 1);
}

TEST_CASE("two processes that claim at once never hold the same letter") {
  TestDatabase db;
  for (int i = 0; i < 20; ++i) write_letter(db);
  BlockingDatabase first(db.settings());
  BlockingDatabase second(db.settings());
  // The first holds rows locked in an open transaction, as a claim does for a moment.
  REQUIRE(first.execute_script("BEGIN"));
  const auto mine = wait(store::claim_mail(first, 15, 10min));
  const auto theirs = wait(store::claim_mail(second, 15, 10min));
  REQUIRE(first.execute_script("COMMIT"));
  REQUIRE(mine->size() == 15);
  REQUIRE(theirs->size() == 5);
  std::set<std::string> all;
  for (const auto& letter : *mine) all.insert(letter.letter.id);
  for (const auto& letter : *theirs) all.insert(letter.letter.id);
  CHECK(all.size() == 20);
}

TEST_CASE("a letter that failed waits for a minute, two, four, up to an hour") {
  TestDatabase db;
  write_letter(db);
  double expected = 60;
  for (int attempt = 1; attempt <= 9; ++attempt) {
    db.script("UPDATE mail_outbox SET due_at = now()");
    CHECK_FALSE(fail(db, claim_one(db), false, true));
    const double waits =
        std::stod(db.value("SELECT extract(epoch FROM due_at - now()) FROM anteroom.mail_outbox"));
    CAPTURE(attempt, waits);
    CHECK(waits > expected * 0.74);
    CHECK(waits < expected * 1.26);
    expected = std::min(expected * 2, 3600.0);
    CHECK(claimable(db) == 0);
  }
  CHECK(db.value("SELECT attempts || last_error FROM anteroom.mail_outbox") == "9450 busy");
}

TEST_CASE("a letter that the server was not asked about is due again at once") {
  TestDatabase db;
  write_letter(db);
  CHECK_FALSE(fail(db, claim_one(db), false, false));
  CHECK(db.value("SELECT attempts FROM anteroom.mail_outbox") == "0");
  CHECK(claimable(db) == 1);
}

TEST_CASE("a hopeless letter and one that is too old are given up, and that is audited") {
  TestDatabase db;
  write_letter(db);
  const bool is_refused = GENERATE(true, false);
  if (!is_refused) db.script("UPDATE mail_outbox SET queued_at = now() - interval '73 hours'");
  CHECK(fail(db, claim_one(db), is_refused, is_refused));
  CHECK(claimable(db) == 0);
  CHECK(db.value("SELECT code || ' ' || email FROM anteroom.audit_events"
                 " WHERE kind = 'mail_given_up'") == "access_approved ann@corp.test");
  const std::string id = db.value("SELECT id FROM anteroom.mail_outbox");
  SECTION("tried again, it counts as new") {
    CHECK(*wait(store::retry_mail(db, id, "test")) == 1);
    CHECK_FALSE(fail(db, claim_one(db), false, true));
  }
  SECTION("with all that failed") {
    CHECK(*wait(store::retry_mail(db, std::nullopt, "test")) == 1);
    CHECK(claimable(db) == 1);
  }
}

TEST_CASE("who lost the lease changes nothing any more, but what was sent was sent") {
  TestDatabase db;
  write_letter(db);
  const auto late = claim_one(db);
  db.script("UPDATE mail_outbox SET lease_until = now()");
  const auto now = claim_one(db);
  CHECK_FALSE(fail(db, late, true, true));
  REQUIRE(wait(store::release_mail(db, late)));
  CHECK(claimable(db) == 0);
  REQUIRE(wait(store::mail_sent(db, late.letter.id)));
  CHECK_FALSE(fail(db, now, true, true));
  CHECK(db.value("SELECT sent_at IS NOT NULL AND dead_at IS NULL FROM anteroom.mail_outbox") ==
        "t");
  CHECK(*wait(store::retry_mail(db, late.letter.id, "test")) == 0);
}

TEST_CASE("what is being sent is not made due again") {
  TestDatabase db;
  write_letter(db);
  const auto held = claim_one(db);
  CHECK(*wait(store::retry_mail(db, held.letter.id, "test")) == 0);
  CHECK(*wait(store::retry_mail(db, std::nullopt, "test")) == 0);
}

TEST_CASE("a letter is sent, noted, and not sent again") {
  TestDatabase db;
  write_letter(db);
  Post post(db);
  const auto round = post.deliver();
  CHECK(round.state);
  CHECK(round.sent == 1);
  REQUIRE(post.transport.messages.size() == 1);
  CHECK(post.transport.messages[0].recipient == "ann@corp.test");
  CHECK(post.transport.hung_up == 1);
  CHECK(post.deliver().sent == 0);
  CHECK(db.value("SELECT attempts || ' ' || (sent_at IS NOT NULL) FROM anteroom.mail_outbox") ==
        "1 true");
}

TEST_CASE("a letter that cannot be composed is given up without asking the server") {
  TestDatabase db;
  write_letter(db, "ann@corp.test, eve@evil.test");
  Post post(db);
  CHECK(post.deliver().given_up == 1);
  CHECK(post.transport.messages.empty());
  CHECK(db.value("SELECT last_error FROM anteroom.mail_outbox") ==
        "the recipient is not an address");
}

TEST_CASE("no and not now are about one letter; the next one is sent") {
  TestDatabase db;
  for (int i = 0; i < 3; ++i) write_letter(db);
  Post post(db);
  post.transport.answers = {{Sending::refused, "550 no"}, {Sending::postponed, "450 later"}};
  const auto round = post.deliver();
  CHECK(round.state);
  CHECK(round.given_up == 1);
  CHECK(round.postponed == 1);
  CHECK(round.sent == 1);
}

TEST_CASE("a server that cannot be reached is asked once, and every letter stays due") {
  TestDatabase db;
  for (int i = 0; i < 5; ++i) write_letter(db);
  Post post(db);
  post.transport.answers = {{Sending::unreachable, "connection refused"}};
  const auto round = post.deliver();
  REQUIRE_FALSE(round.state);
  CHECK(round.state.failure().code == code::kMailServer);
  CHECK(post.transport.messages.size() == 1);
  CHECK(post.deliver().sent == 5);
}

TEST_CASE("what the server took is not sent again while the database cannot note it") {
  TestDatabase db;
  for (int i = 0; i < 2; ++i) write_letter(db);
  Post post(db);
  post.database.lost = {"mail_sent"};
  CHECK_FALSE(post.deliver().state);
  CHECK_FALSE(post.deliver().state);
  CHECK(post.transport.messages.size() == 1);
  post.database.lost.clear();
  CHECK(post.deliver().sent == 1);
  CHECK(post.transport.messages.size() == 2);
  CHECK(post.transport.messages[0].bytes != post.transport.messages[1].bytes);
  CHECK(db.value("SELECT count(*) FROM anteroom.mail_outbox WHERE sent_at IS NOT NULL") == "2");
}

TEST_CASE("a process that dies before it noted anything: the same message, once its lease ends") {
  TestDatabase db;
  write_letter(db);
  Post dies(db);
  dies.database.lost = {"mail_sent", "release_mail", "mail_failed"};
  CHECK_FALSE(dies.deliver().state);
  Post next(db);
  CHECK(next.deliver().sent == 0);
  db.script("UPDATE mail_outbox SET lease_until = now()");
  CHECK(next.deliver().sent == 1);
  CHECK(next.transport.messages[0].bytes == dies.transport.messages[0].bytes);
}

TEST_CASE("sending stops well before the lease ends, and on demand; the rest is given back") {
  TestDatabase db;
  for (int i = 0; i < 4; ++i) write_letter(db);
  Post post(db);
  SECTION("a slow server") {
    post.transport.while_sending = [&] { post.clock.advance(200s); };
    const auto round = post.deliver();
    CHECK(round.sent == 2);  // 0 s and 200 s: at 400 s another one might take longer than the lease
  }
  SECTION("asked to stop") {
    int asked = 0;
    const auto round = post.delivery.deliver([&] { return ++asked > 2; });
    CHECK(round.sent == 2);
  }
  CHECK(claimable(db) == 2);
}

TEST_CASE("the digest tells of each person and request once, and not too often") {
  TestDatabase db;
  Post post(db);
  const auto digests = [&] {
    REQUIRE(post.delivery.write_what_is_due());
    return db.value("SELECT count(*) FROM anteroom.mail_outbox WHERE template = 'digest'");
  };
  const auto last = [&](const std::string& key) {
    static std::list<std::string> sql;
    sql.push_back("SELECT parameters->>'" + key +
                  "' FROM anteroom.mail_outbox ORDER BY created_at DESC LIMIT 1");
    return db.value(sql.back().c_str());
  };
  CHECK(digests() == "0");  // no news, no mail

  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);
  CHECK(digests() == "1");
  CHECK(last("people_count") == "1");
  REQUIRE(sign_on_outcome(db, sign_on_number(2)) == store::SignOnOutcome::waiting);  // again
  CHECK(digests() == "1");

  store::SignOn ben = sign_on_number(3);
  ben.subject = "tenant/ben";
  ben.email = "ben@corp.test";
  REQUIRE(sign_on_outcome(db, ben) == store::SignOnOutcome::waiting);
  CHECK(digests() == "1");  // within the hour
  db.script("UPDATE mail_digest SET made_at = now() - interval '61 minutes'");
  CHECK(digests() == "2");
  CHECK(last("people_count") == "1");
  CHECK(last("waiting_total") == "2");
  CHECK(db.value("SELECT parameters->'people'->0->>'email' FROM anteroom.mail_outbox"
                 " ORDER BY created_at DESC LIMIT 1") == "ben@corp.test");

  db.script("UPDATE mail_digest SET made_at = now() - interval '61 minutes'");
  CHECK(digests() == "2");  // nothing new

  REQUIRE(provision(db, "carla@corp.test", "manager", {"*"}) == kProvisioned);
  db.script(
      "INSERT INTO access_requests (email, level, requested_by) SELECT 'dev@corp.test',"
      " 'viewer', id FROM users WHERE email = 'carla@corp.test'");
  CHECK(digests() == "3");
  CHECK(last("requests_count") == "1");
  CHECK(last("people_count") == "0");
  CHECK(last("has_people") == "false");

  // Let in and out again: news.
  REQUIRE(provision(db, "ben@corp.test", "viewer", {"*"}) == kProvisioned);
  db.script("UPDATE mail_digest SET made_at = now() - interval '61 minutes'");
  CHECK(digests() == "3");
  db.script(
      "DELETE FROM grants WHERE user_id = (SELECT id FROM users WHERE email = 'ben@corp.test')");
  CHECK(digests() == "4");
}

TEST_CASE("a digest of many lists twenty and counts the rest") {
  TestDatabase db;
  db.script(
      "INSERT INTO users (email, status, idp, subject, last_sign_on_at) SELECT 'p' || n ||"
      " '@corp.test', 'waiting', 'corp', 's' || n, now() FROM generate_series(1, 25) n");
  Post post(db);
  REQUIRE(post.delivery.write_what_is_due());
  CHECK(db.value("SELECT jsonb_array_length(parameters->'people') || ' ' ||"
                 " (parameters->>'people_more') FROM anteroom.mail_outbox") == "20 5");
  CHECK(post.deliver().sent == 1);
}

TEST_CASE("two processes make one digest, and nobody to tell means no digest") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);
  CHECK(*wait(store::queue_digest(db, {}, 1h)) == 0);
  BlockingDatabase first(db.settings());
  REQUIRE(first.execute_script("BEGIN"));
  CHECK(*wait(store::queue_digest(first, {"a@corp.test", "b@corp.test"}, 1h)) == 2);
  CHECK(*wait(store::queue_digest(db, {"a@corp.test", "b@corp.test"}, 1h)) == 0);
  REQUIRE(first.execute_script("ROLLBACK"));
  CHECK(*wait(store::queue_digest(db, {"a@corp.test", "b@corp.test"}, 1h)) == 2);
}

TEST_CASE("old letters are forgotten, those that may still be sent are not") {
  TestDatabase db;
  for (int i = 0; i < 4; ++i) write_letter(db);
  db.script(
      "WITH n AS (SELECT id, row_number() OVER () AS n FROM mail_outbox)"
      " UPDATE mail_outbox m SET"
      " sent_at = CASE n WHEN 1 THEN now() - interval '31 days' WHEN 2 THEN now() END,"
      " dead_at = CASE n WHEN 3 THEN now() - interval '91 days' END,"
      " created_at = now() - interval '1 year' FROM n WHERE n.id = m.id");
  CHECK(*wait(store::forget_old_mail(db)) == 2);
  CHECK(db.value("SELECT count(*) FROM anteroom.mail_outbox") == "2");
}

TEST_CASE("counts tell due, failing, given up and sent apart") {
  TestDatabase db;
  for (int i = 0; i < 5; ++i) write_letter(db);
  Post post(db);
  post.transport.answers = {{Sending::refused, "550 no"}, {Sending::postponed, "450 later"}};
  (void)post.deliver();
  write_letter(db);
  const auto counts = wait(store::count_mail(db));
  REQUIRE(counts);
  CHECK(counts->due == 1);
  CHECK(counts->failing == 1);
  CHECK(counts->dead == 1);
  CHECK(counts->sent == 3);
  CHECK_FALSE(counts->oldest_at.empty());
  const auto failed = wait(store::list_failed_mail(db, 10));
  REQUIRE(failed->size() == 2);
  CHECK((failed->at(0).error == "550 no" || failed->at(0).error == "450 later"));
  CHECK(failed->at(0).is_dead != failed->at(1).is_dead);
}

TEST_CASE(
    "whatever the rules of provisioning tell people can be sent, with all it says filled in") {
  Company c;
  Post post(c.db);
  const auto sent_to = [&](const std::string& address) {
    std::string all;
    for (const mail::Message& message : post.transport.messages) {
      if (message.recipient == address) all += message.bytes;
    }
    return all;
  };
  const auto all_sent = [&] {
    const auto round = post.deliver();
    CHECK(round.state);
    CHECK(round.given_up == 0);
    return round.sent;
  };
  using Catch::Matchers::Contains;

  REQUIRE(c.approve("max", c.open_request("eve")) == store::Deciding::done);
  CHECK(all_sent() == 2);
  CHECK_THAT(sent_to("eve@corp.test"), Contains("Subject: You may sign in now") &&
                                           Contains("at Elm Court") && Contains("level: viewer"));
  CHECK_THAT(sent_to("ann@corp.test"),
             Contains("Subject: Approved: access for eve@corp.test") && Contains("max@corp.test"));

  REQUIRE(c.sign_on("bob", 1) == store::SignOnOutcome::waiting);
  const std::string request = c.open_request("bob");
  REQUIRE(c.decide(c.actor("max"), {{request}, false, "", {}, "No such tenant"}).outcome ==
          store::Deciding::done);
  CHECK(all_sent() == 2);
  CHECK_THAT(sent_to("bob@corp.test"), Contains("Subject: Your access was not approved") &&
                                           Contains("Reason: No such tenant"));
  CHECK_THAT(sent_to("ann@corp.test"), Contains("Subject: Declined: access for bob@corp.test"));

  (void)c.open_request("cat");
  (void)c.open_request("dan");
  c.db.script(
      "UPDATE access_requests SET requested_at = now() - interval '4 days' -"
      " CASE WHEN email = 'cat@corp.test' THEN interval '1 hour' ELSE interval '0' END");
  REQUIRE(post.delivery.write_what_is_due());
  REQUIRE(post.delivery.write_what_is_due());
  CHECK(all_sent() == 2);  // a reminder to ann, a digest to support
  CHECK_THAT(sent_to("ann@corp.test"), Contains("Subject: Still open: access for cat@corp.test") &&
                                           Contains("that are still open: 1"));
  CHECK_THAT(sent_to("support@maintenance.test"), Contains("dan@corp.test"));

  REQUIRE(c.sign_on("fay", 2) == store::SignOnOutcome::waiting);
  REQUIRE(c.sign_on("ann", 3) == store::SignOnOutcome::signed_in);
  const int asked = get(store::ask_approvers(c.db, c.actor("fay"), "corp", access()));
  CHECK(asked > 0);
  CHECK(all_sent() == asked);
  CHECK_THAT(sent_to("ann@corp.test"), Contains("Subject: fay@corp.test is waiting for access"));
}
