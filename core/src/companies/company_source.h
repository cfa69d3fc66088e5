// Keeps a process's directory of companies up to date with the database.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "anteroom/companies.h"
#include "anteroom/company_directory.h"
#include "anteroom/kept_companies.h"
#include "anteroom/ports.h"
#include "anteroom/task.h"

namespace anteroom::companies {

/// Of an event loop; what takes long runs in the thread pool.
class CompanySource {
 public:
  CompanySource(std::shared_ptr<const Settings> settings, FirstCompanies first, Ports ports);

  [[nodiscard]] const std::shared_ptr<const CompanyDirectory>& current() const { return current_; }

  /// Asks for what has changed since the last time, and for all of them the first time and where
  /// they are to be kept; another directory takes the place of the current one where anything has.
  /// One at a time. What was known stays where it fails.
  Task<Status> refresh();

  /// Whether what this node keeps on its disk has been behind for long enough.
  [[nodiscard]] bool has_to_keep(Time now) const {
    return keep_after_.has_value() && now >= *keep_after_;
  }

 private:
  using Company = CompanyDirectory::Company;
  using Rows = std::vector<store::CompanyRow>;
  struct Known {
    RowDigest digest{};
    Company company;
  };
  struct Pass;

  Task<Result<bool>> take_rows(Pass& pass);
  void take(const store::CompanyRow& row, Known known, Pass& pass);
  Task<Status> publish();
  Task<Done> keep(const Pass& pass);

  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<const CompanyDirectory> current_;
  Ports ports_;
  bool is_keeper_;
  std::optional<long> version_;  ///< the newest that is known; none: all are asked for
  std::map<std::string, Known> from_database_;
  bool is_unpublished_ = false;  ///< something in it is not in current_ yet, whichever pass took it
  std::optional<Time> keep_after_;
  bool is_failure_told_ = false;
};

/// Whoever was not found may be in the database, which could not be asked yet.
inline Failure not_known_yet() {
  return {code::kDatabaseUnavailable, "the companies in the database are not known yet"};
}

}  // namespace anteroom::companies
