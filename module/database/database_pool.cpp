#include "database/database_pool.h"

#include <algorithm>
#include <optional>

namespace anteroom::nginx {

using std::chrono::steady_clock;

DatabasePool::DatabasePool(const DatabaseSettings& settings, Worker& worker, Log& log,
                           NodeMeter& meter)
    : settings_(settings),
      log_(log),
      meter_(meter),
      queue_timer_(TimerKind::keeps_worker, [this] { expire_queues(); }),
      retry_timer_(TimerKind::background, [this] { open_another(); }) {
  for (int i = 0; i < settings.pool_size; ++i) {
    connections_.push_back(std::make_unique<DatabaseConnection>(
        settings, worker, TimerKind::keeps_worker,
        DatabaseConnection::Events{[this](const Failure& failure) {
          log_.write(LogLevel::warning, "database connection lost: " + failure.detail);
          serve_queues();
        }}));
  }
}

void DatabasePool::execute(const Statement& statement, Params params,
                           std::function<void(Result<Rows>)> done) {
  if (is_down_ || is_shut_down_) {
    meter_.count(metrics::Counter::database_unavailable);
    done(Failure{code::kDatabaseUnavailable, "database is away: " + reported_});
    return;
  }
  Waiting waiting{&statement, std::move(params), std::move(done),
                  steady_clock::now() + settings_.statement_timeout};
  DatabaseConnection* idle = idle_connection(statement.lane);
  if (idle != nullptr) {
    run(*idle, std::move(waiting));
    return;
  }
  Queue& queue = queue_of(statement.lane);
  if (queue.size() >= static_cast<std::size_t>(settings_.queue_size)) {
    meter_.count(metrics::Counter::queue_full_database);
    waiting.done(Failure{code::kOverloaded, "database queue is full (database.queue_size)"});
    return;
  }
  queue.push_back(std::move(waiting));
  watch_queues();
  open_another();
}

DatabaseConnection* DatabasePool::idle_connection(Lane lane) {
  if (lane == Lane::others && in_use_by_others_ >= others_share()) return nullptr;
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [](const auto& connection) { return connection->is_idle(); });
  return found == connections_.end() ? nullptr : found->get();
}

std::size_t DatabasePool::waiting() const {
  return queues_[0].size() + queues_[1].size();
}

std::size_t DatabasePool::in_want() const {
  const auto free = static_cast<std::size_t>(std::max(0, others_share() - in_use_by_others_));
  return queues_[static_cast<std::size_t>(Lane::door)].size() +
         std::min(free, queues_[static_cast<std::size_t>(Lane::others)].size());
}

bool DatabasePool::has_open_connection() const {
  const auto closed = std::count_if(connections_.begin(), connections_.end(),
                                    [](const auto& connection) { return connection->is_closed(); });
  return static_cast<std::size_t>(closed) + static_cast<std::size_t>(connecting_) <
         connections_.size();
}

void DatabasePool::run(DatabaseConnection& connection, Waiting waiting) {
  const Lane lane = waiting.statement->lane;
  meter_.connections_in_use(++in_use_);
  if (lane == Lane::others) ++in_use_by_others_;
  connection.execute(*waiting.statement, std::move(waiting.params),
                     [this, lane, sent_at = steady_clock::now(),
                      done = std::move(waiting.done)](Result<Rows> result) {
                       answered(result, lane, sent_at);
                       serve_queues();
                       done(std::move(result));
                     });
}

void DatabasePool::answered(const Result<Rows>& result, Lane lane, SteadyTime sent_at) {
  meter_.connections_in_use(--in_use_);
  if (lane == Lane::others) --in_use_by_others_;
  meter_.statement_took(
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - sent_at));
  if (result) return;
  meter_.count(result.failure().code == code::kDatabaseRefused
                   ? metrics::Counter::database_refused
                   : metrics::Counter::database_unavailable);
}

bool DatabasePool::serve_one(Lane lane) {
  Queue& queue = queue_of(lane);
  DatabaseConnection* idle = queue.empty() ? nullptr : idle_connection(lane);
  if (idle == nullptr) return false;
  Waiting next = std::move(queue.front());
  queue.pop_front();
  run(*idle, std::move(next));
  return true;
}

void DatabasePool::serve_queues() {
  while (serve_one(Lane::door) || serve_one(Lane::others)) {
  }
  if (waiting() != 0) open_another();
  watch_queues();
}

// All of a queue wait equally long: the one in front is the first to be late.
void DatabasePool::watch_queues() {
  meter_.statements_waiting(waiting());
  std::optional<SteadyTime> first;
  for (const Queue& queue : queues_) {
    if (!queue.empty()) first = std::min(first.value_or(SteadyTime::max()), queue.front().deadline);
  }
  if (first) {
    queue_timer_.start(std::chrono::ceil<std::chrono::milliseconds>(*first - steady_clock::now()));
  } else {
    queue_timer_.stop();
  }
}

void DatabasePool::expire_queues() {
  const auto now = steady_clock::now();
  for (Queue& queue : queues_) {
    while (!queue.empty() && queue.front().deadline <= now) {
      const Waiting late = std::move(queue.front());
      queue.pop_front();
      meter_.count(metrics::Counter::database_unavailable);
      late.done(Failure{code::kDatabaseUnavailable,
                        "timed out in the queue: no connection was free (database.pool_size)"});
    }
  }
  watch_queues();
}

void DatabasePool::open_another() {
  if (is_shut_down_ || (is_down_ && ngx_exiting != 0)) return;
  if (!is_down_ && (static_cast<std::size_t>(connecting_) >= in_want() ||
                    steady_clock::now() < no_attempt_before_)) {
    return;
  }
  const auto closed = std::find_if(connections_.begin(), connections_.end(),
                                   [](const auto& connection) { return connection->is_closed(); });
  if (closed == connections_.end()) return;
  ++connecting_;
  (*closed)->connect([this](const Status& status) { connected(status); });
}

void DatabasePool::connected(const Status& status) {
  --connecting_;
  if (status) {
    if (is_down_) log_.write(LogLevel::warning, "database is back");
    is_down_ = false;
    reported_.clear();
    backoff_.reset();
    no_attempt_before_ = {};
    serve_queues();
    return;
  }
  if (has_open_connection()) {  // the others go on; no more attempts for a while
    no_attempt_before_ = steady_clock::now() + backoff_.next();
    return;
  }
  if (connecting_ == 0) go_down(status.failure());
}

void DatabasePool::go_down(const Failure& failure) {
  if (reported_ != failure.detail) {
    reported_ = failure.detail;
    log_.write(LogLevel::error, "database unavailable: " + reported_);
  }
  is_down_ = true;
  retry_timer_.start(backoff_.next());
  fail_queues({code::kDatabaseUnavailable, reported_});
}

void DatabasePool::fail_queues(const Failure& failure) {
  std::array<Queue, 2> failed;
  failed.swap(queues_);
  watch_queues();
  for (const Queue& queue : failed) {
    for (const Waiting& one : queue) {
      meter_.count(metrics::Counter::database_unavailable);
      one.done(failure);
    }
  }
}

void DatabasePool::shut_down() {
  is_shut_down_ = true;
  retry_timer_.stop();
  fail_queues({code::kDatabaseUnavailable, "worker is exiting"});
  for (const auto& connection : connections_) connection->close();
}

}  // namespace anteroom::nginx
