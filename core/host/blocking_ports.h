// The core's second host: plain blocking calls, for the command line and the tests.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "anteroom/task.h"

namespace anteroom {

/// One connection, made on first use and again after it broke. Not for use by several threads.
class BlockingDatabase : public Database {
 public:
  explicit BlockingDatabase(DatabaseSettings settings) : settings_(std::move(settings)) {}

  void execute(const Statement& statement, Params params,
               std::function<void(Result<Rows>)> done) override;

  /// Several statements in one string without parameters, as migrations are.
  Status execute_script(const std::string& sql);
  /// False as well where the connection was lost with the transaction.
  [[nodiscard]] bool is_in_transaction() const;

  /// What the server stores of a role's password: sent in its place, it is read in no log.
  Result<std::string> encrypted_password(const std::string& role, const Secret& password);

 private:
  Status connect();
  Result<Rows> execute_now(const Statement& statement, const Params& params);
  Result<Rows> execute_once(const Statement& statement, const Params& params);

  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
  };
  DatabaseSettings settings_;
  std::unique_ptr<PGconn, Finish> connection_;
  std::unique_ptr<PGcancel, Finish> cancel_;
  std::set<std::string> prepared_;
};

/// From here on SIGINT and SIGTERM make the server take back the statement that is under way, which
/// then fails; where none is, or at the second signal, the process ends with `exit` and a sentence.
void take_back_when_interrupted(int exit);
[[nodiscard]] bool is_interrupted();

class InlineWorker : public Worker {
 public:
  [[nodiscard]] bool submit(std::function<void()> work, std::function<void()> done) override {
    work();
    done();
    return true;
  }
};

class SystemClock : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }
};

/// Runs a task whose every wait is blocking, to its end.
template <class T>
T wait(Task<T> task) {
  std::optional<T> value;
  spawn<T>(
      std::move(task), [&](T result) { value.emplace(std::move(result)); }, [] {});
  if (!value) throw std::logic_error("a task under blocking ports did not finish");
  return std::move(*value);
}

}  // namespace anteroom
