#include "database/listener.h"

#include <algorithm>

#include "anteroom/activity.h"
#include "anteroom/session.h"
#include "anteroom/site.h"
#include "anteroom/store.h"

namespace anteroom::nginx {

namespace {

constexpr std::chrono::milliseconds kPingInterval{1000};
constexpr std::chrono::seconds kFirstHousekeeping{5};  // nginx may be reloaded every minute
constexpr std::chrono::seconds kHousekeepingInterval{60};
constexpr std::chrono::milliseconds kNextBatch{200};
constexpr std::chrono::seconds kPeopleInterval{30};

}  // namespace

Listener::Listener(const Settings& settings, Worker& worker, SessionCache& cache, NodeMeter& meter,
                   Ports ports)
    : cache_(cache),
      meter_(meter),
      ports_(ports),
      keep_(settings.database.keep),
      connection_(settings.database, worker, TimerKind::background,
                  {[this](const Failure& failure) { lost(failure); },
                   [this](std::string_view payload) { notified(payload); }}),
      ping_timer_(TimerKind::background, [this] { ping(); }),
      retry_timer_(TimerKind::background, [this] { connect(); }),
      housekeeping_timer_(TimerKind::background, [this] { housekeep(); }),
      upkeep_timer_(TimerKind::background, [this] { look_after_housekeeping(); }),
      people_timer_(TimerKind::background, [this] { count_people(); }) {}

void Listener::start(bool counts_people) {
  connect();
  housekeeping_timer_.start(kFirstHousekeeping);
  if (counts_people) {
    upkeep_timer_.start(kFirstHousekeeping);
    count_people();
  }
}

void Listener::connect() {
  if (is_stopped_ || ngx_exiting != 0) return;
  connection_.connect([this](const Status& status) {
    note_database(status);
    if (status) {
      listen();
    } else {
      lost(status.failure());
    }
  });
}

void Listener::note_database(const Status& connected) {
  const int version = connection_.schema_version();
  if (connected) {
    meter_.database_seen(metrics::DatabaseState::reachable, version);
  } else if (connection_.has_old_schema()) {
    meter_.database_seen(metrics::DatabaseState::schema_too_old, version);
  } else {
    meter_.database_seen(metrics::DatabaseState::unreachable, 0);
  }
}

void Listener::listen() {
  connection_.run_script(store::listen_sql(), [this](const Status& status) {
    if (!status) {
      connection_.close();
      lost(status.failure());
      return;
    }
    if (is_reported_) ports_.log.write(LogLevel::warning, "listening for notifications again");
    is_reported_ = false;
    backoff_.reset();
    cache_.take_over_listening(ports_.clock.now());
    ping();
  });
}

// The answer comes behind every notification sent before it: what was fetched until the question
// was put is known to be good.
void Listener::ping() {
  if (!cache_.is_listening_here()) {  // the next generation's listener has taken over
    shut_down();
    return;
  }
  connection_.run_script("", [this, asked_at = ports_.clock.now()](const Status& status) {
    if (!status) return;  // lost() follows
    cache_.beat(asked_at);
    ping_timer_.start(kPingInterval);
  });
}

void Listener::lost(const Failure& failure) {
  if (is_stopped_) return;
  ping_timer_.stop();
  cache_.stop_listening();
  if (!is_reported_) {
    ports_.log.write(LogLevel::warning,
                     "not listening for notifications (sessions are asked for "
                     "every few seconds meanwhile): " +
                         failure.detail);
    is_reported_ = true;
  }
  retry_timer_.start(backoff_.next());
}

// "these" and more than one name, all of one transaction; or one name.
void Listener::notified(std::string_view payload) {
  constexpr std::string_view kThese = "these ";
  if (!payload.starts_with(kThese)) return heard(payload);
  std::string_view rest = payload.substr(kThese.size());
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    heard(name);
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
}

void Listener::heard(std::string_view name) {
  constexpr std::string_view kSession = "session:";
  constexpr std::string_view kUser = "user:";
  if (name.starts_with(kSession)) {
    if (const auto hash = hash_from_hex(name.substr(kSession.size()))) {
      cache_.forget(*hash);
      return;
    }
  } else if (name.starts_with(kUser)) {
    cache_.forget_user(name.substr(kUser.size()));
    return;
  }
  if (name == "companies") return cache_.companies_changed();
  cache_.forget_all();  // "all", or what a later version says
}

// A batch at a time until nothing is left: however many people sign on, what has expired goes.
void Listener::housekeep() {
  housekeeping_timer_.start(kHousekeepingInterval);
  std::function<void(Result<store::Upkeep>)> done = [this](const Result<store::Upkeep>& upkeep) {
    if (upkeep && upkeep->is_more && !is_stopped_) housekeeping_timer_.start(kNextBatch);
    if (!upkeep && upkeep.failure().code == code::kDatabaseRefused) {
      ports_.log.write(LogLevel::warning,
                       "removing expired rows failed: " + upkeep.failure().detail);
    }
  };
  spawn(store::housekeep(ports_.database, keep_), std::move(done), std::function<void()>([] {}));
}

// Asked whether removing succeeds or not.
void Listener::look_after_housekeeping() {
  upkeep_timer_.start(kHousekeepingInterval);
  std::function<void(Result<std::chrono::seconds>)> done =
      [this](const Result<std::chrono::seconds>& behind) {
        if (behind) meter_.upkeep_seen(*behind, ports_.clock.now());
      };
  spawn(store::upkeep_behind(ports_.database), std::move(done), std::function<void()>([] {}));
}

void Listener::count_people() {
  if (ngx_exiting != 0) return;
  people_timer_.start(kPeopleInterval);
  std::function<void(Result<store::WaitingNow>)> done =
      [this, asked_at = ports_.clock.now()](const Result<store::WaitingNow>& waiting) {
        if (waiting) meter_.people_waiting({waiting->count, waiting->since}, asked_at);
      };
  spawn(store::waiting_now(ports_.database), std::move(done), std::function<void()>([] {}));
}

void Listener::shut_down() {
  if (is_stopped_) return;
  is_stopped_ = true;
  cache_.stop_listening();
  ping_timer_.stop();
  retry_timer_.stop();
  housekeeping_timer_.stop();
  upkeep_timer_.stop();
  people_timer_.stop();
  connection_.close();
}

}  // namespace anteroom::nginx
