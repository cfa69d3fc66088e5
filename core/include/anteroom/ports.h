// What the core asks of its host: a database, a worker, a clock, randomness, a log, and the node's
// memory of sessions. nginx (module/) and the blocking host (core/host/) each implement them.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/meter.h"
#include "anteroom/result.h"
#include "anteroom/task.h"

namespace anteroom {

/// UTC, whole microseconds are enough everywhere.
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// Who waits for a statement. The door: whoever signs on, or asks for a page of the app; they
/// always find a connection that no other holds. Whatever else is asked (Manage, directories,
/// lists) has a share.
enum class Lane : std::uint8_t { others, door };

/// One SQL statement. Both point at static storage; `name` is unique and a valid prepared-statement
/// name.
struct Statement {
  const char* name;
  const char* sql;
  Lane lane = Lane::others;
};

/// Parameters and cells travel in PostgreSQL's text format; nullopt is NULL.
using Cell = std::optional<std::string>;
using Params = std::vector<Cell>;

struct Rows {
  std::vector<std::vector<Cell>> rows;
};

namespace code {
/// The server answered with an SQLSTATE; `Failure::detail` starts with its five characters.
inline constexpr Code kDatabaseRefused{"database_refused"};
}  // namespace code

/// Runs one statement, prepared on first use per connection. `done` is called exactly once, on the
/// caller's thread, possibly before execute() returns. Failures: kDatabaseUnavailable (no
/// connection, deadline passed, connection lost: it is unknown whether the statement took effect),
/// kOverloaded, kDatabaseRefused.
class Database {
 public:
  virtual ~Database() = default;
  virtual void execute(const Statement& statement, Params params,
                       std::function<void(Result<Rows>)> done) = 0;
};

/// Runs CPU-heavy work away from the event loop.
class Worker {
 public:
  virtual ~Worker() = default;
  /// `work` runs on another thread (it must not throw and may touch only what it owns or what is
  /// const for the life of the process); then `done` runs on the caller's thread. Returns false,
  /// having called nothing, if the queue is full.
  [[nodiscard]] virtual bool submit(std::function<void()> work, std::function<void()> done) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  /// Cryptographically strong bytes; false if the source failed (the caller then refuses).
  [[nodiscard]] virtual bool fill(std::span<std::uint8_t> bytes) = 0;
};

enum class LogLevel { info, warning, error };

class Log {
 public:
  virtual ~Log() = default;
  /// One line, no line breaks or control characters in it (the implementation replaces what slips
  /// in).
  virtual void write(LogLevel level, std::string_view line) = 0;
};

/// SHA-256 of a session token: how a session is known everywhere but in the browser.
using TokenHash = std::array<std::uint8_t, 32>;

/// Where the journey tells its host that this node must forget what it remembers of a session.
class SessionMemory {
 public:
  virtual ~SessionMemory() = default;
  virtual void forget(const TokenHash& hash) = 0;
};

/// One SOAP message to an identity provider, past the browser.
struct BackChannelCall {
  std::string url;     ///< https, or http on this machine
  std::string body;    ///< a SOAP 1.1 envelope
  std::string ca_pem;  ///< the only authorities to trust; empty: the system's
};

namespace code {
/// No usable answer: not reached, TLS not verified, status other than 200, too long, too late.
inline constexpr Code kBackChannel{"back_channel"};
}  // namespace code

/// Talks to identity providers directly (saml-bindings 3.2). Safe from many threads.
class BackChannel {
 public:
  virtual ~BackChannel() = default;
  /// The answer's body. Blocks for seconds: call it within a Worker's `work` only. Failures:
  /// kBackChannel, kOverloaded (too many calls under way).
  [[nodiscard]] virtual Result<std::string> post(const BackChannelCall& call) = 0;
};

struct Ports {
  Database& database;
  Worker& worker;
  Clock& clock;
  Random& random;
  Log& log;
  SessionMemory& memory;
  BackChannel& back_channel;
  Meter& meter;
};

/// co_await run(...) for a statement.
inline Task<Result<Rows>> run(Database& database, const Statement& statement, Params params) {
  Callback<Result<Rows>> wait([&](std::function<void(Result<Rows>)> done) {
    database.execute(statement, std::move(params), std::move(done));
  });
  Result<Rows> rows = co_await wait;
  co_return rows;
}

/// co_await offload<T>(...) for work on another thread; kOverloaded if its queue is full.
template <class T>
Task<Result<T>> offload(Worker& worker, std::function<T()> work) {
  auto slot = std::make_shared<std::optional<T>>();
  Callback<Result<T>> wait([&](std::function<void(Result<T>)> done) {
    auto run_it = [slot, work]() noexcept {
      try {
        slot->emplace(work());
      } catch (...) {
        slot->reset();
      }
    };
    auto finish = [slot, done] {
      if (*slot) {
        done(std::move(**slot));
      } else {
        done(Failure{code::kInternal, "work in the thread pool threw"});
      }
    };
    if (!worker.submit(run_it, finish))
      done(Failure{code::kOverloaded,
                   "thread pool queue is full: more to verify at once than the CPU can"});
  });
  Result<T> result = co_await wait;
  co_return result;
}

}  // namespace anteroom
