// All people first, in order of id: nobody waits for somebody who waits for them.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "anteroom/scim.h"
#include "database/interleaving.h"
#include "database/people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

const store::ScimCompany kCorp{"corp", {"corp.test"}};

// People of the company's directory, in the order of their ids, with an open request each.
struct Crowd {
  explicit Crowd(int size, const std::string& expires = "") {
    for (int i = 0; i < size; ++i) {
      const std::string name = "p" + std::to_string(i);
      REQUIRE(provision(c.db, Company::address(name), "manager", {"elm"}, expires) == kProvisioned);
      c.come_from_directory(name);
      names.push_back(name);
    }
    std::sort(names.begin(), names.end(),
              [this](const auto& a, const auto& b) { return c.id(a) < c.id(b); });
    for (const std::string& name : names) {
      ids.push_back(c.id(name));
      requests.push_back(
          c.value("INSERT INTO anteroom.access_requests (email, property, level) VALUES ('" +
                  Company::address(name) + "', 'elm', 'manager') RETURNING id"));
    }
    sue = c.actor("sue");
    scim::GroupChange group;
    group.display_name = "Everybody";
    group_id = get(store::scim_create_group(c.db, kCorp, {{}, levels()}, group)).resource;
  }

  [[nodiscard]] std::string rows(const std::vector<int>& order) const {
    std::string rows;
    for (const int i : order) {
      rows += std::string(rows.empty() ? "[" : ",") + R"({"line":)" + std::to_string(i) +
              R"(,"email":")" + Company::address(names.at(static_cast<std::size_t>(i))) +
              R"(","name":"","property":"elm","level":"technician","expires":""})";
    }
    return rows + "]";
  }
  [[nodiscard]] Status import(Database& db, const std::vector<int>& order) const {
    return status_of(wait(store::import_users(db, rows(order), "cli:root", levels())));
  }
  // Outcomes, or the failure.
  [[nodiscard]] Status decide(Database& db, const store::Actor& who,
                              const std::vector<int>& which) const {
    store::Decision decision{{}, true, "", {}, ""};
    for (const int i : which) decision.requests.push_back(requests.at(static_cast<std::size_t>(i)));
    return status_of(wait(store::decide_requests(db, who, access(), decision)));
  }
  [[nodiscard]] Status set_active(Database& db, int which, bool is_active) const {
    scim::UserChange to;
    to.is_active = is_active;
    return status_of(
        wait(store::scim_change_user(db, kCorp, ids.at(static_cast<std::size_t>(which)), to)));
  }
  [[nodiscard]] Status join_group(Database& db, const std::vector<int>& which) const {
    scim::GroupChange to;
    for (const int i : which) to.adds.push_back(ids.at(static_cast<std::size_t>(i)));
    return status_of(wait(store::scim_change_group(
        db, kCorp, {{{"Everybody", "oak", "viewer"}}, levels()}, group_id, to)));
  }

  Company c;
  std::vector<std::string> names, ids, requests;
  store::Actor sue;
  std::string group_id;
};

// Both get as far as they can while somebody holds what they need last, then go on.
void both_end_well(Crowd& crowd, const std::string& held, std::function<Status(Database&)> one,
                   std::function<Status(Database&)> two) {
  OpenTransaction gate(crowd.c.db);
  gate.script(held);
  Meanwhile<Status> first(crowd.c.db, std::move(one));
  CHECK(first.is_waiting());
  Meanwhile<Status> second(crowd.c.db, std::move(two));
  CHECK(second.is_waiting());
  gate.commit();
  for (const Status& status : {first.result(), second.result()}) {
    INFO((status ? "" : status.failure().detail));
    CHECK(status);
  }
}

// What giving access comes to after the locks.
const std::string kGrants =
    "SELECT FROM grants WHERE property = 'elm' FOR UPDATE;"
    " SELECT FROM properties WHERE key = 'oak' FOR UPDATE";

}  // namespace

TEST_CASE("an import and a decision on the same people, in another order, both go through") {
  Crowd crowd(3);
  both_end_well(
      crowd, "SELECT FROM users WHERE id = '" + crowd.ids[2] + "' FOR UPDATE",
      [&](Database& db) {
        return crowd.import(db, {1, 2, 0});
      },
      [&](Database& db) {
        return crowd.decide(db, crowd.sue, {0, 1});
      });
}

TEST_CASE("an import and a directory that changes the same people both go through") {
  Crowd crowd(3);
  const std::string last = "SELECT FROM users WHERE id = '" + crowd.ids[2] + "' FOR UPDATE";
  SECTION("a group of them") {
    both_end_well(
        crowd, last,
        [&](Database& db) {
          return crowd.import(db, {1, 2, 0});
        },
        [&](Database& db) {
          return crowd.join_group(db, {0, 1});
        });
  }
  SECTION("one of them is turned off") {
    OpenTransaction gate(crowd.c.db);
    gate.script(last);
    Meanwhile<Status> import(crowd.c.db, [&](Database& db) { return crowd.import(db, {1, 2, 0}); });
    CHECK(import.is_waiting());
    Meanwhile<Status> decide(crowd.c.db, [&](Database& db) {
      return crowd.decide(db, crowd.sue, {0, 1});
    });
    CHECK(decide.is_waiting());
    Meanwhile<Status> off(crowd.c.db, [&](Database& db) { return crowd.set_active(db, 1, false); });
    CHECK(off.is_waiting());
    gate.commit();
    CHECK(import.result());
    CHECK(decide.result());
    CHECK(off.result());
  }
}

TEST_CASE("two who decide on each other's requests both go through") {
  Crowd crowd(2, "2999-01-01T00:00:00Z");
  const store::Actor one = crowd.c.actor(crowd.names[0]);
  const store::Actor two = crowd.c.actor(crowd.names[1]);
  both_end_well(
      crowd, kGrants, [&](Database& db) { return crowd.decide(db, one, {1}); },
      [&](Database& db) { return crowd.decide(db, two, {0}); });
  CHECK(crowd.c.count("access_requests WHERE state = 'approved'") == "2");
}

TEST_CASE("two who give each other access for which somebody asked both go through") {
  Crowd crowd(2, "2999-01-01T00:00:00Z");
  const auto give = [&](Database& db, const store::Actor& who, int whom) {
    return status_of(wait(store::change_grant(
        db, who, access(), {crowd.ids.at(static_cast<std::size_t>(whom)), "elm", "manager", ""})));
  };
  const store::Actor one = crowd.c.actor(crowd.names[0]);
  const store::Actor two = crowd.c.actor(crowd.names[1]);
  both_end_well(
      crowd, kGrants, [&](Database& db) { return give(db, one, 1); },
      [&](Database& db) { return give(db, two, 0); });
}

TEST_CASE("a decision on many and a directory's group of them both go through") {
  Crowd crowd(3, "2999-01-01T00:00:00Z");
  both_end_well(
      crowd, kGrants,
      [&](Database& db) {
        return crowd.decide(db, crowd.sue, {2, 0, 1});
      },
      [&](Database& db) {
        return crowd.join_group(db, {1, 0, 2});
      });
}

TEST_CASE("two imports of the same new people, in another order, both go through") {
  Company c;
  const auto rows = [](const char* a, const char* b) {
    return std::string(R"([{"line":1,"email":")") + a +
           R"(@new.test","property":"elm","level":"viewer","expires":""},{"line":2,"email":")" + b +
           R"(@new.test","property":"elm","level":"viewer","expires":""}])";
  };
  const auto import = [](Database& db, const std::string& what) {
    return status_of(wait(store::import_users(db, what, "cli:root", levels())));
  };
  OpenTransaction first(c.db);
  REQUIRE(import(first, rows("a", "b")));
  Meanwhile<Status> second(c.db, [&](Database& db) { return import(db, rows("b", "a")); });
  CHECK(second.is_waiting());
  first.commit();
  // The people whom it was about to make are there now: asked again, it finds them.
  const Status lost = second.result();
  REQUIRE_FALSE(lost);
  CHECK(lost.failure().detail.starts_with("40001"));
  BlockingDatabase again(c.db.settings());
  CHECK(import(again, rows("b", "a")));
}

TEST_CASE("whoever gives access to somebody whose address changes meanwhile is asked again") {
  Crowd crowd(1);
  OpenTransaction renaming(crowd.c.db);
  renaming.script("UPDATE users SET email = 'moved@corp.test' WHERE id = '" + crowd.ids[0] + "'");
  const auto give = [&](Database& db) {
    return wait(store::provision(
        db, {Company::address("p0"), "", "viewer", {"oak"}, "", "cli:root", levels()}));
  };
  Meanwhile<Result<store::Provisioned>> giving(crowd.c.db, give);
  CHECK(giving.is_waiting());
  renaming.commit();
  const auto lost = giving.result();
  REQUIRE_FALSE(lost);
  CHECK(lost.failure().detail.starts_with("40001"));
  CHECK(get(give(crowd.c.db)).outcome == kProvisioned);  // to a new record with that address
  CHECK(crowd.c.grants("p0") == "oak=viewer");
}

TEST_CASE("a sign-on that brings an address which somebody gives access to meanwhile goes on") {
  Company c;
  store::SignOn s = sign_on_number(1);
  s.email = "was@corp.test";
  REQUIRE(sign_on_outcome(c.db, s) == store::SignOnOutcome::waiting);
  OpenTransaction giving(c.db);
  REQUIRE(provision(giving, "will-be@corp.test", "viewer", {"elm"}) == kProvisioned);
  s = sign_on_number(2);
  s.email = "will-be@corp.test";
  Meanwhile<Result<store::SignOnResult>> browser(
      c.db, [&](Database& db) { return wait(store::sign_on(db, s)); });
  CHECK(browser.is_waiting());
  giving.commit();
  CHECK(get(browser.result()).outcome == store::SignOnOutcome::waiting);
  CHECK(c.count("audit_events WHERE kind = 'email_conflict'") == "1");
}

TEST_CASE("what lost a race is repeated, a few times, unless it is part of something") {
  TestDatabase db;
  db.script("CREATE SEQUENCE tries");
  db.script(
      "CREATE FUNCTION lose(p_times int, p_state text) RETURNS bigint LANGUAGE plpgsql AS $$"
      " BEGIN IF nextval('anteroom.tries') <= p_times THEN"
      " RAISE EXCEPTION 'lost' USING ERRCODE = p_state; END IF;"
      " RETURN currval('anteroom.tries'); END $$");
  static constexpr Statement kLose{"lose", "SELECT anteroom.lose($1::int, $2)"};
  const std::string state = GENERATE("40P01", "40001");
  BlockingDatabase own(db.settings());
  SECTION("until it goes well") {
    const auto rows = wait(run(own, kLose, {"3", state}));
    REQUIRE(rows);
    CHECK(rows->rows[0][0] == "4");
  }
  SECTION("not for ever") {
    const auto rows = wait(run(own, kLose, {"100", state}));
    REQUIRE_FALSE(rows);
    CHECK(rows.failure().detail == state + " lost");
    CHECK(db.value("SELECT last_value FROM anteroom.tries") == "6");
  }
  SECTION("not within a transaction") {
    REQUIRE(own.execute_script("BEGIN"));
    CHECK_FALSE(wait(run(own, kLose, {"3", state})));
    CHECK(db.value("SELECT last_value FROM anteroom.tries") == "1");
  }
  SECTION("and nothing else is") {
    CHECK_FALSE(wait(run(own, kLose, {"3", "23505"})));
    CHECK(db.value("SELECT last_value FROM anteroom.tries") == "1");
  }
}

TEST_CASE(
    "imports, decisions, directories and sign-ons on the same people at once all go through") {
  Crowd crowd(6, "2999-01-01T00:00:00Z");
  std::atomic<int> number = 0;
  std::vector<std::string> failures;
  std::mutex failed;
  const auto act = [&](Database& db, int kind, std::vector<int> order) -> Status {
    const int n = ++number;
    const auto who = static_cast<std::size_t>(order[0]);
    store::SignOn s = sign_on_number(n);
    s.email = Company::address(crowd.names[who]);
    s.subject = "tenant/" + crowd.names[who];
    if (n > 6) s.replaces = hash_of(n - 6);
    switch (kind) {
      case 0:
        return crowd.import(db, order);
      case 1:
        return crowd.decide(db, crowd.sue, order);
      case 2:
        return crowd.join_group(db, order);
      case 3:
        return crowd.set_active(db, order[0], n % 2 == 0);
      case 4:
        return status_of(wait(store::sign_on(db, s)));
      case 5:
        return status_of(wait(store::end_company_sessions(db, "corp", "cli:root")));
      default:
        return status_of(wait(store::issue_ticket(
            db, {hash_of(30'000 + n), hash_of(n - 1), "https://app.test", hash_of(1), "/"})));
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      BlockingDatabase own(crowd.c.db.settings());
      std::minstd_rand random(t + 1);
      for (int i = 0; i < 40; ++i) {
        std::vector<int> order{0, 1, 2, 3, 4, 5};
        std::shuffle(order.begin(), order.end(), random);
        const Status done = act(own, static_cast<int>(random() % 7), order);
        // Somebody whom the directory has turned off cannot be imported: that is an answer.
        if (done || done.failure().detail.starts_with("AN001")) continue;
        const std::lock_guard<std::mutex> hold(failed);
        failures.push_back(done.failure().detail);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) UNSCOPED_INFO(failure);
  CHECK(failures.empty());
  // They have told what they counted once they are gone.
  while (crowd.c.value(
             "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") != "1") {
    std::this_thread::yield();
  }
  CHECK(crowd.c.value(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == "0");
}
