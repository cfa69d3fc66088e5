// Keeps a process's directory of companies up to date with the database.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "anteroom/companies.h"
#include "anteroom/company_directory.h"
#include "anteroom/ports.h"
#include "anteroom/task.h"

namespace anteroom::companies {

/// Of an event loop; what takes long runs in the thread pool.
class CompanySource {
 public:
  /// Knows those of the configuration until refresh() has succeeded once.
  CompanySource(std::shared_ptr<const Settings> settings,
                std::shared_ptr<const CompanyDirectory> configured, Ports ports);

  [[nodiscard]] const std::shared_ptr<const CompanyDirectory>& current() const { return current_; }

  /// Asks for what has changed since the last time; another directory takes the place of the
  /// current one where anything has. One at a time. What was known stays where it fails.
  Task<Status> refresh();

 private:
  using Company = CompanyDirectory::Company;
  using Rows = std::vector<store::CompanyRow>;

  Task<Result<bool>> take_changes();
  void keep(const Rows& rows, std::vector<Company> companies);

  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<const CompanyDirectory> current_;
  Ports ports_;
  long version_ = 0;  ///< the newest that is known
  std::map<std::string, Company> from_database_;
};

/// Whoever was not found may be in the database, which could not be asked yet.
inline Failure not_known_yet() {
  return {code::kDatabaseUnavailable, "the companies in the database are not known yet"};
}

}  // namespace anteroom::companies
