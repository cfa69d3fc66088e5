// Two or more transactions at once, in an order of ours: nothing here sleeps for its result.
#pragma once

#include <functional>
#include <future>
#include <string>

#include "database/fixture.h"

namespace anteroom::test {

/// A connection whose transaction stays open until commit().
class OpenTransaction {
 public:
  explicit OpenTransaction(const TestDatabase& db) : database_(db.settings()) {
    REQUIRE(database_.execute_script("BEGIN"));
  }
  operator Database&() { return database_; }  // NOLINT(google-explicit-constructor)
  void script(const std::string& sql) { REQUIRE(database_.execute_script(sql)); }
  void commit() { script("COMMIT"); }

 private:
  BlockingDatabase database_;
};

/// What is done on another connection meanwhile, in a thread of its own. `work` checks nothing. It
/// is one transaction of several statements: nobody but the test repeats what loses a race.
template <class T>
class Meanwhile {
 public:
  Meanwhile(TestDatabase& db, std::function<T(Database&)> work)
      : db_(db), database_(db.settings()), pid_(backend()) {
    REQUIRE(database_.execute_script("BEGIN"));
    done_ = std::async(std::launch::async, [this, work] { return in_transaction(work); });
  }

  /// True once it waits for somebody else's lock; false if it is done without.
  bool is_waiting() {
    static constexpr Statement kIsBlocked{"is_blocked",
                                          "SELECT cardinality(pg_blocking_pids($1::int)) > 0"};
    while (done_.wait_for(2ms) != std::future_status::ready) {
      const auto rows = wait(run(db_.database(), kIsBlocked, {pid_}));
      REQUIRE(rows);
      if (rows->rows[0][0] == "t") return true;
    }
    return false;
  }
  T result() { return done_.get(); }

 private:
  T in_transaction(const std::function<T(Database&)>& work) {
    T result = work(database_);
    (void)database_.execute_script("COMMIT");
    return result;
  }
  std::string backend() {
    static constexpr Statement kPid{"pid", "SELECT pg_backend_pid()"};
    const auto rows = wait(run(database_, kPid, {}));
    REQUIRE(rows);
    return rows->rows[0][0].value_or("");
  }

  TestDatabase& db_;
  BlockingDatabase database_;
  std::string pid_;
  std::future<T> done_;
};

/// Its value; fails the test with what the database said.
template <class T>
T get(Result<T> result) {
  INFO((result ? "" : result.failure().detail));
  REQUIRE(result);
  return std::move(result).value();
}

/// Of what a function answers, only whether it went well.
template <class T>
Status status_of(const Result<T>& result) {
  return result ? Status(Done{}) : Status(result.failure());
}

}  // namespace anteroom::test
