// Telling people in time that a certificate ends, or that metadata is not refreshed any more.
#pragma once

#include <memory>

#include "anteroom/company_directory.h"
#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "services/company_expiries.h"

namespace anteroom::services {

class Warnings {
 public:
  /// Both must outlive this.
  Warnings(Database& database, Log& log) : database_(database), log_(log) {}

  /// Writes the letters that are due about what `settings` holds and about the companies in the
  /// database, and a line for each. `mail` must be there.
  Status write(const std::shared_ptr<const Settings>& settings, Time now);

 private:
  Status warn_of_companies(const Settings& settings, const CompanyDirectory& configured, Time now);

  Database& database_;
  Log& log_;
  CompanyExpiries companies_;
};

}  // namespace anteroom::services
