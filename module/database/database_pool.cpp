#include "database/database_pool.h"

#include <algorithm>

namespace anteroom::nginx {

using std::chrono::steady_clock;

DatabasePool::DatabasePool(const DatabaseSettings& settings, Worker& worker, Log& log,
                           NodeMeter& meter)
    : settings_(settings),
      log_(log),
      meter_(meter),
      queue_timer_(TimerKind::keeps_worker, [this] { expire_queue(); }),
      retry_timer_(TimerKind::background, [this] { open_another(); }) {
  for (int i = 0; i < settings.pool_size; ++i) {
    connections_.push_back(std::make_unique<DatabaseConnection>(
        settings, worker, TimerKind::keeps_worker,
        DatabaseConnection::Events{[this](const Failure& failure) {
          log_.write(LogLevel::warning, "database connection lost: " + failure.detail);
          serve_queue();
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
  DatabaseConnection* idle = idle_connection();
  if (idle != nullptr) {
    run(*idle, std::move(waiting));
    return;
  }
  if (queue_.size() >= static_cast<std::size_t>(settings_.queue_size)) {
    meter_.count(metrics::Counter::queue_full_database);
    waiting.done(Failure{code::kOverloaded, "database queue is full (database.queue_size)"});
    return;
  }
  queue_.push_back(std::move(waiting));
  watch_queue();
  open_another();
}

DatabaseConnection* DatabasePool::idle_connection() {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [](const auto& connection) { return connection->is_idle(); });
  return found == connections_.end() ? nullptr : found->get();
}

bool DatabasePool::has_open_connection() const {
  const auto closed = std::count_if(connections_.begin(), connections_.end(),
                                    [](const auto& connection) { return connection->is_closed(); });
  return static_cast<std::size_t>(closed) + static_cast<std::size_t>(connecting_) <
         connections_.size();
}

void DatabasePool::run(DatabaseConnection& connection, Waiting waiting) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(waiting.deadline - steady_clock::now());
  if (left.count() <= 0) {
    meter_.count(metrics::Counter::database_unavailable);
    waiting.done(Failure{code::kDatabaseUnavailable,
                         "timed out in the queue: no connection was free (database.pool_size)"});
    return;
  }
  meter_.connections_in_use(++in_use_);
  connection.execute_within(
      left, *waiting.statement, std::move(waiting.params),
      [this, sent_at = steady_clock::now(), done = std::move(waiting.done)](Result<Rows> result) {
        answered(result, sent_at);
        serve_queue();
        done(std::move(result));
      });
}

void DatabasePool::answered(const Result<Rows>& result, SteadyTime sent_at) {
  meter_.connections_in_use(--in_use_);
  meter_.statement_took(
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - sent_at));
  if (result) return;
  meter_.count(result.failure().code == code::kDatabaseRefused
                   ? metrics::Counter::database_refused
                   : metrics::Counter::database_unavailable);
}

void DatabasePool::serve_queue() {
  while (!queue_.empty()) {
    DatabaseConnection* idle = idle_connection();
    if (idle == nullptr) {
      open_another();
      break;
    }
    Waiting next = std::move(queue_.front());
    queue_.pop_front();
    run(*idle, std::move(next));
  }
  watch_queue();
}

// All wait equally long: the one in front is the first to be late.
void DatabasePool::watch_queue() {
  meter_.statements_waiting(queue_.size());
  if (queue_.empty()) {
    queue_timer_.stop();
    return;
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(queue_.front().deadline - steady_clock::now());
  queue_timer_.start(left);
}

void DatabasePool::expire_queue() {
  const auto now = steady_clock::now();
  while (!queue_.empty() && queue_.front().deadline <= now) {
    const Waiting late = std::move(queue_.front());
    queue_.pop_front();
    meter_.count(metrics::Counter::database_unavailable);
    late.done(Failure{code::kDatabaseUnavailable,
                      "timed out in the queue: no connection was free (database.pool_size)"});
  }
  watch_queue();
}

void DatabasePool::open_another() {
  if (is_shut_down_ || (is_down_ && ngx_exiting != 0)) return;
  if (!is_down_ && (static_cast<std::size_t>(connecting_) >= queue_.size() ||
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
    serve_queue();
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
  fail_queue({code::kDatabaseUnavailable, reported_});
}

void DatabasePool::fail_queue(const Failure& failure) {
  std::deque<Waiting> waiting;
  waiting.swap(queue_);
  watch_queue();
  for (const Waiting& one : waiting) {
    meter_.count(metrics::Counter::database_unavailable);
    one.done(failure);
  }
}

void DatabasePool::shut_down() {
  is_shut_down_ = true;
  retry_timer_.stop();
  fail_queue({code::kDatabaseUnavailable, "worker is exiting"});
  for (const auto& connection : connections_) connection->close();
}

}  // namespace anteroom::nginx
