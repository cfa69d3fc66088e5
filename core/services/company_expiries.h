// What ends at the companies that the database keeps.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "anteroom/metrics.h"
#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom::services {

/// Of those that are live. Reads again what has changed since it read last, some hundred bytes for
/// each company are kept.
class CompanyExpiries {
 public:
  using ByCompany = std::map<std::string, std::vector<metrics::Expiry>>;

  /// `settings` decide how metadata is read. The result lives until the next call.
  Result<const ByCompany*> look(Database& database, const Settings& settings, Time now);

 private:
  long version_ = 0;  ///< the newest that was read
  ByCompany known_;
};

}  // namespace anteroom::services
