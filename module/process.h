// What one worker process has: the site, and the ports it stands on.
#pragma once

#include <memory>

#include "anteroom/back_channel.h"
#include "anteroom/site.h"
#include "configuration.h"
#include "database/company_watch.h"
#include "database/database_pool.h"
#include "database/listener.h"
#include "loop/thread_worker.h"
#include "monitoring/node_meter.h"
#include "process_ports.h"
#include "request/body_budget.h"
#include "request/open_requests.h"
#include "request/session_watch.h"
#include "session/session_lookup.h"

namespace anteroom::nginx {

class Process {
 public:
  explicit Process(const MainConfiguration& configuration);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] const Settings& settings() const { return *settings_; }
  Site& site() { return *site_; }
  SessionLookupService& sessions() { return sessions_; }
  SessionWatch& watch() { return watch_; }
  OpenRequests& open_requests() { return open_requests_; }
  BodyBudget& bodies() { return bodies_; }
  NodeMeter& meter() { return meter_; }
  [[nodiscard]] const NodeMeter& meter() const { return meter_; }
  [[nodiscard]] Time now() const { return clock_.now(); }

  /// What a probe asks about. Asks nobody.
  [[nodiscard]] metrics::Condition condition();
  /// What ends first, of what is known now.
  const std::vector<metrics::Expiry>& expiries();

  void listen(bool counts_people) { listener_.start(counts_people); }
  void watch_companies() { company_watch_->start(); }

  /// The one of this process; nullptr if it could not be made: then everything is refused.
  static Process* current();
  static void start(const MainConfiguration& configuration) noexcept;
  static void stop() noexcept;

 private:
  [[nodiscard]] Ports ports();

  std::shared_ptr<const Settings> settings_;
  SystemClock clock_;
  SystemRandom random_;
  ErrorLog log_;
  NodeMeter meter_;
  SessionCache cache_;
  CacheMemory memory_;
  HttpsBackChannel back_channel_;
  ThreadWorker worker_;
  DatabasePool database_;
  SessionSource session_source_;
  SessionLookupService sessions_;
  SessionWatch watch_;
  OpenRequests open_requests_;
  BodyBudget bodies_{BodyBudget::Limits{}};
  std::unique_ptr<Site> site_;
  std::unique_ptr<CompanyWatch> company_watch_;
  Listener listener_;
  std::shared_ptr<const CompanyDirectory> expiring_;  ///< whose expiries_ are
  std::vector<metrics::Expiry> expiries_;
  Time expiries_hold_until_;  ///< then others may be the nearest
};

}  // namespace anteroom::nginx
