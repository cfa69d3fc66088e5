// DatabaseConnection: one statement from sending to its rows.
#include "anteroom/lost_race.h"
#include "database/database_connection.h"

namespace anteroom::nginx {

namespace {

// The server ends a statement by itself, and says so.
constexpr std::chrono::milliseconds kAnswerIsUnderWay{500};

}  // namespace

void DatabaseConnection::execute(const Statement& statement, Params params,
                                 std::function<void(Result<Rows>)> done) {
  if (!can_send()) {
    done(Failure{code::kDatabaseUnavailable, "not connected"});
    return;
  }
  statement_ = &statement;
  params_ = std::move(params);
  done_ = std::move(done);
  repeats_ = 0;
  if (prepared_.contains(statement.name)) {
    send_prepared();
    return;
  }
  step_ = Step::prepare;
  send(PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr));
}

void DatabaseConnection::send_prepared() {
  step_ = Step::execute;
  std::vector<const char*> values;
  values.reserve(params_.size());
  for (const Cell& cell : params_) values.push_back(cell ? cell->c_str() : nullptr);
  send(PQsendQueryPrepared(connection_.get(), statement_->name, static_cast<int>(values.size()),
                           values.data(), nullptr, nullptr, 0));
}

void DatabaseConnection::run_script(const std::string& sql, std::function<void(Status)> done) {
  if (!can_send()) {
    done(Failure{code::kDatabaseUnavailable, "not connected"});
    return;
  }
  done_ = [done = std::move(done)](const Result<Rows>& result) {
    if (result) {
      done(Done{});
    } else {
      done(result.failure());
    }
  };
  step_ = Step::script;
  send(PQsendQuery(connection_.get(), sql.c_str()));
}

void DatabaseConnection::send(int sent) {
  deadline_.start(settings_.statement_timeout + kAnswerIsUnderWay);
  const int left = sent == 1 ? PQflush(connection_.get()) : -1;
  if (left < 0 || !watch_.wait_for_room(left == 1)) {
    lose(Failure{code::kDatabaseUnavailable, error_text(connection_.get())});
  }
}

void DatabaseConnection::on_ready() {
  if (phase_ == Phase::connecting) {
    poll_connecting();
  } else {
    read();
  }
}

void DatabaseConnection::read() {
  const int left = PQflush(connection_.get());
  if (PQconsumeInput(connection_.get()) == 0 || left < 0 || !watch_.wait_for_room(left == 1)) {
    lose(Failure{code::kDatabaseUnavailable, error_text(connection_.get())});
    return;
  }
  const unsigned generation = generation_;
  deliver_notifications();
  if (generation != generation_ || connection_ == nullptr) return;  // closed by a callback
  while (step_ != Step::none && step_ != Step::pause && PQisBusy(connection_.get()) == 0) {
    PqResult next(PQgetResult(connection_.get()));
    if (next == nullptr) {
      deliver_notifications();  // what came in behind the result
      complete();
      return;
    }
    // The first error of a script is what it is about.
    if (result_ == nullptr || is_success(result_.get())) result_ = std::move(next);
  }
}

void DatabaseConnection::deliver_notifications() {
  const unsigned generation = generation_;
  while (generation == generation_ && connection_ != nullptr) {
    const PqNotification notification(PQnotifies(connection_.get()));
    if (notification == nullptr) return;
    if (events_.notified) events_.notified(notification->extra);
  }
}

void DatabaseConnection::complete() {
  const PqResult result = std::move(result_);
  if (result == nullptr || PQstatus(connection_.get()) == CONNECTION_BAD) {
    lose(Failure{code::kDatabaseUnavailable, error_text(connection_.get())});
    return;
  }
  if (!is_success(result.get())) {
    Verdict verdict = judge(result.get());
    if (repeats_after(verdict.failure)) return;
    finish(std::move(verdict.failure), verdict.is_usable);
    return;
  }
  if (step_ == Step::prepare) {
    prepared_.insert(statement_->name);
    send_prepared();
    return;
  }
  finish(rows_of(result.get()), true);
}

// A script is several statements: not repeated.
bool DatabaseConnection::repeats_after(const Failure& failure) {
  if (step_ != Step::execute || repeats_ >= kMostRepeats || !has_lost_race(failure)) return false;
  step_ = Step::pause;
  repeat_.start(pause_before_repeat(repeats_++, static_cast<unsigned>(ngx_random())));
  return true;
}

void DatabaseConnection::finish(Result<Rows> result, bool is_usable) {
  auto done = std::exchange(done_, nullptr);
  deadline_.stop();
  step_ = Step::none;
  params_.clear();
  if (!is_usable) drop();
  done(std::move(result));
}

// The connection is in doubt: it is never used again.
void DatabaseConnection::lose(const Failure& failure) {
  const bool was_connecting = connected_ != nullptr;  // then connect() reports it
  auto done = std::exchange(done_, nullptr);
  ++generation_;
  drop();
  if (done) done(failure);
  if (!was_connecting && events_.lost) events_.lost(failure);
}

}  // namespace anteroom::nginx
