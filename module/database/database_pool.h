// The core's Database: a few connections per worker process, a bounded queue before them.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "database/backoff.h"
#include "database/database_connection.h"
#include "monitoring/node_meter.h"

namespace anteroom::nginx {

/// Connections are opened when there is something to ask. While the database is away everything
/// fails at once, and the pool alone looks for its return. Half of the connections, at least one,
/// are for the door alone (Lane) where there are two or more: nobody's slow page keeps others from
/// signing on.
class DatabasePool final : public Database {
 public:
  DatabasePool(const DatabaseSettings& settings, Worker& worker, Log& log, NodeMeter& meter);

  void execute(const Statement& statement, Params params,
               std::function<void(Result<Rows>)> done) override;

  /// The database is away, as far as this worker knows.
  [[nodiscard]] bool is_down() const { return is_down_; }

  /// Fails what waits and closes every connection; nothing can be asked afterwards.
  void shut_down();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Waiting {
    const Statement* statement;
    Params params;
    std::function<void(Result<Rows>)> done;
    SteadyTime deadline;
  };

  /// Of those who wait in one lane; each waits for statement_timeout at most.
  using Queue = std::deque<Waiting>;

  Queue& queue_of(Lane lane) { return queues_[static_cast<std::size_t>(lane)]; }
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] int others_share() const { return std::max(1, settings_.pool_size / 2); }
  /// How many of those who wait another connection would help.
  [[nodiscard]] std::size_t in_want() const;
  DatabaseConnection* idle_connection(Lane lane);
  [[nodiscard]] bool has_open_connection() const;
  void run(DatabaseConnection& connection, Waiting waiting);
  void answered(const Result<Rows>& result, Lane lane, SteadyTime sent_at);
  void serve_queues();
  bool serve_one(Lane lane);
  void expire_queues();
  void watch_queues();
  void open_another();
  void connected(const Status& status);
  void go_down(const Failure& failure);
  void fail_queues(const Failure& failure);

  const DatabaseSettings& settings_;
  Log& log_;
  NodeMeter& meter_;
  std::vector<std::unique_ptr<DatabaseConnection>> connections_;
  std::array<Queue, 2> queues_;
  int connecting_ = 0;
  int in_use_ = 0;
  int in_use_by_others_ = 0;
  bool is_down_ = false;
  bool is_shut_down_ = false;
  std::string reported_;  // why it is down, as logged
  Backoff backoff_;
  SteadyTime no_attempt_before_{};
  Timer queue_timer_;
  Timer retry_timer_;
};

}  // namespace anteroom::nginx
