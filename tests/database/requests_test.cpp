#include <algorithm>
#include <thread>

#include "database/people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using store::Filing;

TEST_CASE("a request is filed, audited, and changes nothing yet") {
  Company c;
  const auto filed = c.file(
      c.actor("ann"), {"new@corp.test", "Nina", "elm", "viewer", "2099-01-31", "starts on Monday"});
  CHECK(filed.outcome == Filing::filed);
  CHECK(filed.waiting_since.empty());
  CHECK(c.count("users WHERE email = 'new@corp.test'") == "0");
  CHECK(c.count("mail_outbox") == "0");
  CHECK(c.value("SELECT actor || ' ' || email || ' ' || client_address || ' ' || detail"
                " FROM anteroom.audit_events WHERE kind = 'request_filed'") ==
        "ann@corp.test new@corp.test 192.0.2.7 viewer at elm until 2099-01-31T00:00:00Z; request " +
            filed.request);

  const auto rows = get(store::list_requests(c.db, c.actor("sue"), access(), {}));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].id == filed.request);
  CHECK(rows[0].name == "Nina");
  CHECK(rows[0].property_name == "Elm Court");
  CHECK(rows[0].expires_at == "2099-01-31T00:00:00Z");
  CHECK(rows[0].note == "starts on Monday");
  CHECK(rows[0].state == "open");
  CHECK(rows[0].requested_by == "ann@corp.test");
  CHECK(rows[0].may_decide);
}

TEST_CASE("what keeps a request from being filed") {
  Company c;
  const auto outcome = [&](const char* who, store::AccessRequest row) {
    return c.file(c.actor(who), std::move(row)).outcome;
  };
  CHECK(outcome("ann", {"new@corp.test", "", "elm", "boss", "", ""}) == Filing::no_level);
  CHECK(outcome("ann", {"new@corp.test", "", "ash", "viewer", "", ""}) == Filing::no_property);
  CHECK(outcome("ann", {"new@corp.test", "", "oak", "viewer", "", ""}) == Filing::not_allowed);
  CHECK(outcome("ann", {"new@corp.test", "", "*", "viewer", "", ""}) == Filing::not_allowed);
  CHECK(outcome("vic", {"new@corp.test", "", "elm", "viewer", "", ""}) == Filing::not_allowed);
  CHECK(outcome("ann", {"new@corp.test", "", "elm", "manager", "", ""}) == Filing::above_own_level);
  CHECK(outcome("ann", {"new@corp.test", "", "elm", "viewer", "2020-01-01", ""}) ==
        Filing::in_the_past);
  for (const char* bad : {"tomorrow", "2099-02-30", "infinity", "2099-01-01T25:00:00Z", "x"}) {
    CHECK(outcome("ann", {"new@corp.test", "", "elm", "viewer", bad, ""}) == Filing::bad_expiry);
  }
  CHECK(outcome("ann", {"VIC@corp.test", "", "elm", "viewer", "", ""}) == Filing::has_access);
  CHECK(outcome("ann", {"vic@corp.test", "", "elm", "technician", "", ""}) == Filing::filed);
  c.db.script("UPDATE users SET status = 'disabled' WHERE email = 'max@corp.test'");
  CHECK(outcome("ann", {"max@corp.test", "", "elm", "viewer", "", ""}) == Filing::user_disabled);
  CHECK(c.count("access_requests") == "1");
}

TEST_CASE("what somebody tries without the right is audited") {
  Company c;
  c.file(c.actor("ann"), {"new@corp.test", "", "oak", "viewer", "", ""});
  c.file(c.actor("ann"), {"new@corp.test", "", "elm", "admin", "", ""});
  CHECK(c.value("SELECT string_agg(code || ' ' || actor || ' ' || detail, '|' ORDER BY id)"
                " FROM anteroom.audit_events WHERE kind = 'manage_refused'") ==
        "not_allowed ann@corp.test file viewer at oak|above_own_level ann@corp.test file admin at "
        "elm");
}

TEST_CASE("a request for all properties takes a grant for all properties") {
  Company c;
  CHECK(c.file(c.actor("sue"), {"new@corp.test", "", "*", "manager", "", ""}).outcome ==
        Filing::filed);
  CHECK(c.file(c.actor("max"), {"new@corp.test", "", "*", "viewer", "", ""}).outcome ==
        Filing::not_allowed);
  // Filed for one property too: that is another request.
  CHECK(c.file(c.actor("max"), {"new@corp.test", "", "elm", "viewer", "", ""}).outcome ==
        Filing::filed);
}

TEST_CASE("rights end with the grant, the account, and the access that is not there yet") {
  Company c;
  const store::Actor ann = c.actor("ann");
  SECTION("expired") {
    c.db.script("UPDATE grants SET expires_at = now() WHERE user_id = '" + ann.user + "'");
  }
  SECTION("disabled") {
    c.db.script("UPDATE users SET status = 'disabled' WHERE id = '" + ann.user + "'");
  }
  SECTION("waiting") {
    c.db.script("UPDATE users SET status = 'waiting' WHERE id = '" + ann.user + "'");
  }
  SECTION("a level that is no longer configured") {
    c.db.script("UPDATE grants SET level = 'retired' WHERE user_id = '" + ann.user + "'");
  }
  CHECK(c.file(ann, {"new@corp.test", "", "elm", "viewer", "", ""}).outcome == Filing::not_allowed);
}

TEST_CASE("an actor without a user is not an operator unless it says so") {
  Company c;
  const store::AccessRequest row{"new@corp.test", "", "oak", "admin", "", ""};
  CHECK(c.file({"", "", "192.0.2.7"}, row).outcome == Filing::not_allowed);
  CHECK(c.file({"", "", ""}, row).outcome == Filing::not_allowed);
  CHECK(c.file({"nobody", "", ""}, row).outcome == Filing::not_allowed);
  CHECK(c.file(root(), row).outcome == Filing::filed);
  CHECK(get(store::list_requests(c.db, root(), access(), {}))[0].requested_by == "cli:root");
}

TEST_CASE("a level that nobody configured is reached by nobody") {
  Company c;
  AccessSettings broken = access();
  broken.request_new_users = "boss";
  const auto results = get(store::file_requests(
      c.db, c.actor("ida"), broken, {{"new@corp.test", "", "elm", "viewer", "", ""}}, false));
  CHECK(results[0].outcome == Filing::not_allowed);
}

TEST_CASE("one person has one open request at a property") {
  Company c;
  const std::string first = c.open_request("new");
  const auto again = c.file(c.actor("sue"), {"New@Corp.test", "", "elm", "manager", "", ""});
  CHECK(again.outcome == Filing::already_open);
  CHECK(again.request == first);
  CHECK(c.file(c.actor("sue"), {"new@corp.test", "", "oak", "viewer", "", ""}).outcome ==
        Filing::filed);
  REQUIRE(get(store::withdraw_request(c.db, c.actor("ann"), first)));
  CHECK(c.file(c.actor("sue"), {"new@corp.test", "", "elm", "viewer", "", ""}).outcome ==
        Filing::filed);
}

TEST_CASE("many at once: all or none, each with its outcome") {
  Company c;
  std::vector<store::AccessRequest> rows{{"a@corp.test", "", "elm", "viewer", "", ""},
                                         {"b@corp.test", "", "elm", "viewer", "", ""},
                                         {"A@corp.test", "", "elm", "technician", "", ""}};
  const auto file = [&](bool is_preview) {
    return get(store::file_requests(c.db, c.actor("ann"), access(), rows, is_preview));
  };
  SECTION("a row that cannot be") {
    const auto results = file(false);
    CHECK(results[0].outcome == Filing::filed);
    CHECK(results[0].request.empty());
    CHECK(results[2].outcome == Filing::already_open);
    CHECK(results[2].request.empty());
    CHECK(c.count("access_requests") == "0");
    CHECK(c.count("audit_events WHERE kind = 'request_filed'") == "0");
  }
  SECTION("a preview, then the same for good") {
    rows.pop_back();
    CHECK(file(true)[1].outcome == Filing::filed);
    CHECK(c.count("access_requests") == "0");
    const auto results = file(false);
    CHECK(c.value("SELECT email FROM anteroom.access_requests WHERE id = '" + results[1].request +
                  "'") == "b@corp.test");
    CHECK(c.count("access_requests") == "2");
  }
}

TEST_CASE("five thousand rows are filed at a cost that grows with their number, more are not") {
  Company c;
  std::vector<store::AccessRequest> rows;
  for (std::size_t i = 0; i < store::kMaxFiled; ++i) {
    rows.push_back({"p" + std::to_string(i) + "@corp.test", "O'Neil \"x\", {\\}", "elm", "viewer",
                    "2099-01-31", "line\nbreak"});
  }
  // What the statement does, not how long it takes: a machine may be busy.
  const auto touched = [&c] {
    return std::stod(
        c.value("SELECT sum(idx_scan) + sum(seq_tup_read) FROM"
                " pg_stat_xact_user_tables WHERE schemaname = 'anteroom'"));
  };
  const auto filed = [&](std::size_t count) {
    c.db.script("BEGIN");
    const double before = touched();
    const auto results =
        get(store::file_requests(c.db, c.actor("ann"), access(),
                                 {rows.begin(), rows.begin() + static_cast<long>(count)}, false));
    CHECK(results.back().outcome == Filing::filed);
    const double cost = touched() - before;
    c.db.script(count == rows.size() ? "COMMIT" : "ROLLBACK");
    return cost;
  };
  const double of_few = filed(store::kMaxFiled / 10);
  CHECK(of_few > 0);
  CHECK(filed(store::kMaxFiled) < 15 * of_few);
  CHECK(c.count("access_requests WHERE name = 'O''Neil \"x\", {\\}' AND note = E'line\\nbreak'") ==
        "5000");
  rows.push_back(rows[0]);
  CHECK(wait(store::file_requests(c.db, c.actor("ann"), access(), rows, false)).failure().code ==
        code::kTooManyRows);
}

TEST_CASE("of two who file the same people at once, one wins and the other is told") {
  Company c;
  const std::array<store::Actor, 2> filers{c.actor("ann"), c.actor("sue")};
  for (int round = 0; round < 10; ++round) {
    std::vector<store::AccessRequest> rows;
    for (int i = 0; i < 300; ++i) {
      const std::string name = "p" + std::to_string(round) + "x" + std::to_string(i);
      rows.push_back({name + "@corp.test", "", "elm", "viewer", "", ""});
    }
    std::array<std::vector<store::FilingResult>, 2> results;
    std::vector<std::thread> threads;
    for (std::size_t n = 0; n < 2; ++n) {
      threads.emplace_back([&, n] {
        BlockingDatabase own(c.db.settings());
        std::vector<store::AccessRequest> mine = rows;
        if (n == 1) std::reverse(mine.begin(), mine.end());
        auto filed = wait(store::file_requests(own, filers.at(n), access(), mine, false));
        if (filed) results.at(n) = std::move(*filed);
      });
    }
    for (auto& thread : threads) thread.join();
    // Neither met a deadlock.
    REQUIRE(results[0].size() == rows.size());
    REQUIRE(results[1].size() == rows.size());
    const bool is_first = results[0][0].outcome == Filing::filed;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& first = results[0][i];
      const auto& second = results[1][rows.size() - 1 - i];
      REQUIRE(first.outcome == (is_first ? Filing::filed : Filing::already_open));
      REQUIRE(second.outcome == (is_first ? Filing::already_open : Filing::filed));
      REQUIRE(first.request == second.request);
    }
  }
  CHECK(c.count("access_requests") == "3000");
}

TEST_CASE("a filer who comes second waits for the first and names their request") {
  Company c;
  BlockingDatabase other(c.db.settings());
  REQUIRE(
      other.execute_script("BEGIN; INSERT INTO access_requests (id, email, property, level)"
                           " VALUES ('11111111-1111-1111-1111-111111111111', 'new@corp.test',"
                           " 'elm', 'viewer')"));
  store::FilingResult result;
  const store::Actor ann = c.actor("ann");
  BlockingDatabase third(c.db.settings());
  std::thread filer([&] {
    auto task = store::file_requests(third, ann, access(),
                                     {{"new@corp.test", "", "elm", "viewer", "", ""}}, false);
    const auto results = wait(std::move(task));
    if (results) result = (*results)[0];
  });
  // Until the filer is seen to wait.
  while (c.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0")
    std::this_thread::yield();
  REQUIRE(other.execute_script("COMMIT"));
  filer.join();
  CHECK(result.outcome == Filing::already_open);
  CHECK(result.request == "11111111-1111-1111-1111-111111111111");
}

TEST_CASE("each sees their own requests and those they may decide") {
  Company c;
  c.open_request("new");
  c.file(c.actor("sue"), {"new@corp.test", "", "oak", "viewer", "", ""});
  c.file(c.actor("sue"), {"new@corp.test", "", "*", "viewer", "", ""});
  const auto seen = [&](const char* who) {
    std::string keys;
    for (const auto& row : get(store::list_requests(c.db, c.actor(who), access(), {}))) {
      keys += row.property + (row.may_decide ? "+ " : " ");
    }
    return keys;
  };
  c.db.script(
      "UPDATE access_requests SET requested_at = now() - interval '1 day'"
      " WHERE property = 'elm'");
  c.db.script(
      "UPDATE access_requests SET requested_at = now() - interval '1 hour'"
      " WHERE property = 'oak'");
  CHECK(seen("ida") == "elm+ oak+ *+ ");
  CHECK(seen("sue") == "elm+ oak * ");
  CHECK(seen("max") == "elm+ ");
  CHECK(seen("ann") == "elm ");
  CHECK(seen("vic").empty());
  for (const char* who : {"ida", "sue", "max", "ann", "vic"}) {
    std::string keys;
    for (const auto& row : get(store::list_requests(c.db, c.actor("ida"), access(), {}))) {
      const auto one = get(store::show_request(c.db, c.actor(who), access(), row.id));
      if (!one) continue;
      CHECK(one->id == row.id);
      keys += one->property + (one->may_decide ? "+ " : " ");
    }
    CHECK(keys == seen(who));
  }
  CHECK(!get(store::show_request(c.db, c.actor("ida"), access(), "x")));
  store::RequestFilter of_ann;
  of_ann.requested_by = c.id("ann");
  CHECK(get(store::list_requests(c.db, c.actor("vic"), access(), of_ann)).empty());
  CHECK(get(store::list_requests(c.db, c.actor("ann"), access(), of_ann)).size() == 1);
}

TEST_CASE("the queue is filtered and paged, oldest first; one's own newest first") {
  Company c;
  for (int i = 0; i < 7; ++i) {
    c.file(c.actor("ann"), {"p" + std::to_string(i) + (i % 2 == 0 ? "@corp.test" : "@other.test"),
                            "", "elm", "viewer", "", ""});
  }
  c.db.script(
      "UPDATE access_requests SET requested_at = date_trunc('second', now()) -"
      " interval '1 day' * (10 - substr(email::text, 2, 1)::int / 2)");
  const auto emails = [&](store::RequestFilter filter) {
    std::string all;
    for (;;) {
      const auto page = get(store::list_requests(c.db, c.actor("ann"), access(), filter));
      if (page.empty()) return all;
      for (const auto& row : page) all += row.email.substr(1, 1);
      filter.after = page.back().requested_at + " " + page.back().id;
    }
  };
  store::RequestFilter filter;
  filter.limit = 2;
  std::string order = emails(filter);
  CHECK(order.size() == 7);
  // Two of a pair were filed in the same second.
  CHECK(order.substr(0, 2).find_first_not_of("01") == std::string::npos);
  CHECK(order.back() == '6');
  filter.domains = {"other.test"};
  CHECK(emails(filter) == "135");
  filter.older_than_days = 9;
  CHECK(emails(filter) == "13");
  filter.property = "oak";
  CHECK(emails(filter).empty());
  store::RequestFilter own;
  own.requested_by = c.id("ann");
  own.limit = 3;
  order = emails(own);
  CHECK(order.size() == 7);
  CHECK(order.front() == '6');
  for (const char* bad :
       {"x", "2099-13-45T00:00:00Z 11111111-1111-1111-1111-111111111111", "' OR"}) {
    filter = {};
    filter.after = bad;
    CHECK(get(store::list_requests(c.db, c.actor("ann"), access(), filter)).size() == 7);
  }
}

TEST_CASE("who waits already is said when filing and in the queue") {
  Company c;
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  const auto filed = c.file(c.actor("ann"), {"new@corp.test", "", "elm", "viewer", "", ""});
  CHECK_FALSE(filed.waiting_since.empty());
  const auto rows = get(store::list_requests(c.db, c.actor("max"), access(), {}));
  CHECK(rows[0].waiting_since == filed.waiting_since);
  CHECK(rows[0].idp == "corp");
  // Nothing is told to who has no business there.
  CHECK(
      c.file(c.actor("vic"), {"new@corp.test", "", "elm", "viewer", "", ""}).waiting_since.empty());
}

TEST_CASE("a property that is removed takes its open requests along") {
  Company c;
  const std::string request = c.open_request("new");
  c.db.script("DELETE FROM properties WHERE key = 'elm'");
  CHECK(c.decide(c.actor("sue"), {{request}, true, "", {}, ""}).outcome ==
        store::Deciding::not_found);
  CHECK(c.file(c.actor("sue"), {"new@corp.test", "", "elm", "viewer", "", ""}).outcome ==
        Filing::no_property);
}

TEST_CASE("who asks is told nothing of people of other companies") {
  Company c;
  c.db.script(
      "INSERT INTO users (email, name, status, last_sign_on_at, waiting_since, idp, subject) VALUES"
      " ('far@other.test', 'Faye', 'waiting', now(), now(), 'other', 'far'),"
      " ('off@other.test', 'Otto', 'disabled', NULL, NULL, 'other', 'off'),"
      " ('near@corp.test', 'Nora', 'waiting', now(), now(), 'corp', 'near')");
  const auto previews = [&] { return c.count("audit_events WHERE kind = 'requests_previewed'"); };
  const auto preview = [&](const char* email) {
    return c.file(c.actor("ann"), {email, "", "elm", "viewer", "", ""}, true);
  };
  CHECK_FALSE(preview("near@corp.test").waiting_since.empty());
  CHECK(previews() == "0");
  CHECK(preview("far@other.test").waiting_since.empty());
  CHECK(preview("off@other.test").outcome == Filing::filed);
  CHECK(previews() == "2");
  CHECK(c.value("SELECT actor || ' ' || email || ' ' || detail FROM anteroom.audit_events"
                " ORDER BY id DESC LIMIT 1") ==
        "ann@corp.test  1 not of their company: off@other.test");
  // Nor is it hidden behind a row that keeps all of them from being filed.
  const std::vector<store::AccessRequest> rows{
      {"far@other.test", "", "elm", "viewer", "", ""},
      {"x@corp.test", "", "elm", "viewer", "2020-01-01", ""},
      {"y@corp.test", "", "oak", "viewer", "", ""}};
  for (const bool is_preview : {true, false}) {
    (void)get(store::file_requests(c.db, c.actor("ann"), access(), rows, is_preview));
  }
  CHECK(previews() == "4");

  for (const char* email : {"far@other.test", "near@corp.test"}) {
    REQUIRE(c.file(c.actor("ann"), {email, "", "elm", "viewer", "", ""}).outcome == Filing::filed);
  }
  const auto listed = [&](const char* who) {
    std::string names;
    for (const auto& row : get(store::list_requests(c.db, c.actor(who), access(), {}))) {
      names += row.email + " " + row.name + (row.waiting_since.empty() ? "" : " waits") + " " +
               row.idp + ", ";
    }
    return names;
  };
  c.db.script("UPDATE access_requests SET requested_at = '2026-01-01' WHERE email LIKE 'far%'");
  CHECK(listed("ann") == "far@other.test  , near@corp.test Nora waits corp, ");
  CHECK(listed("max") == "far@other.test Faye waits other, near@corp.test Nora waits corp, ");
  // Nor by the letter that tells of the decision.
  const std::string far_id =
      c.value("SELECT id FROM anteroom.access_requests WHERE email = 'far@other.test'");
  REQUIRE(c.approve("sue", far_id) == store::Deciding::done);
  CHECK(
      c.value("SELECT string_agg(template || ' ' || (parameters->>'name'), ', ' ORDER BY template)"
              " FROM anteroom.mail_outbox") == "access_approved Faye, request_approved ");
}
