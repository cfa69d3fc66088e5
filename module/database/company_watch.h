// Keeps the companies that a worker knows up to date with the database.
#pragma once

#include <cstdint>

#include "anteroom/site.h"
#include "loop/timer.h"
#include "session/session_cache.h"

namespace anteroom::nginx {

/// Asks at once, then when this node's listener has heard of a change, and every few seconds while
/// nobody listens.
class CompanyWatch {
 public:
  CompanyWatch(Site& site, const SessionCache& cache, const Clock& clock);

  void start() { look(); }
  void shut_down();

 private:
  void look();
  [[nodiscard]] bool is_due(Time now) const;
  void ask(Time now);

  Site& site_;
  const SessionCache& cache_;
  const Clock& clock_;
  std::uint64_t seen_ = 0;  ///< of SessionCache::company_changes(), when it asked last
  Time asked_at_{};
  bool is_asking_ = false;
  bool has_succeeded_ = false;
  bool is_stopped_ = false;
  Timer timer_;
};

}  // namespace anteroom::nginx
