// What this node counts: shared memory, common to all workers, kept over a reload.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "anteroom/company_directory.h"
#include "anteroom/metrics.h"
#include "anteroom/settings.h"
#include "monitoring/shared_metrics.h"
#include "shared/shared_zone.h"

namespace anteroom::nginx {

/// One worker's hand on it. Counting is one atomic addition to memory of its own.
class NodeMeter final : public Meter {
 public:
  /// Registers the zone while a configuration is read; nullptr after a logged error.
  static ngx_shm_zone_t* add_zone(ngx_conf_t* cf);

  NodeMeter(const ngx_shm_zone_t* zone, const DatabaseSettings& database,
            const CompanyDirectory& companies);
  ~NodeMeter() override;
  NodeMeter(const NodeMeter&) = delete;
  NodeMeter& operator=(const NodeMeter&) = delete;

  void count(metrics::Counter counter) {
    own_->counters[static_cast<std::size_t>(counter)].fetch_add(1, std::memory_order_relaxed);
  }
  void statement_took(std::chrono::microseconds took) { add(own_->statements, took); }
  void connections_in_use(std::int64_t count) { own_->connections_in_use = count; }
  void statements_waiting(std::size_t count) {
    own_->statements_waiting.store(static_cast<std::int64_t>(count), std::memory_order_relaxed);
  }

  void started(std::string_view idp) override;
  void returned(std::string_view idp) override;
  void ended(std::string_view idp, Stage stage, Code code) override;
  void refused(Code code) override;
  void verified(std::chrono::microseconds took) override { add(own_->verifications, took); }
  void clock_seen(std::string_view idp, std::chrono::milliseconds offset) override;

  // Of the worker that listens.
  void people_waiting(const metrics::PeopleWaiting& people, Time now);
  void upkeep_seen(std::chrono::seconds behind, Time now);
  void database_seen(metrics::DatabaseState state, int schema_version);

  [[nodiscard]] metrics::DatabaseState database() const { return shared_->database; }
  [[nodiscard]] int schema_version() const { return shared_->schema_version; }

  /// Over all workers.
  [[nodiscard]] metrics::Snapshot snapshot(Time now) const;

 private:
  static void add(SharedHistogram& histogram, std::chrono::microseconds took);
  void add(metrics::Series series, std::size_t idp, std::size_t code);
  [[nodiscard]] std::size_t index_of(std::string_view idp);

  Zone<SharedMetrics> zone_;
  MetricsNumbers* shared_;
  WorkerMetrics* own_;
  std::map<std::string, std::size_t, std::less<>> idps_;
};

}  // namespace anteroom::nginx
