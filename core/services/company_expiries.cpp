#include "services/company_expiries.h"

#include "anteroom/companies.h"
#include "host/blocking_ports.h"

namespace anteroom::services {

namespace {

constexpr int kBatch = 200;  // rows, of a kilobyte each

}  // namespace

Result<const CompanyExpiries::ByCompany*> CompanyExpiries::look(Database& database,
                                                                const Settings& settings,
                                                                Time now) {
  for (;;) {
    const auto rows = wait(store::changed_companies(database, version_, kBatch));
    if (!rows) return rows.failure();
    if (rows->empty()) return &known_;
    for (const store::CompanyRow& row : *rows) {
      known_.erase(row.name);
      if (row.state != "live") continue;
      const IdentityProvider company = read_company(row, settings, now).company;
      auto ends = metrics::expiries_of(company);
      // Metadata that is refreshed gets a new end with every refresh.
      if (!company.metadata_source.url.empty()) {
        std::erase_if(ends, [](const metrics::Expiry& one) {
          return one.what == metrics::Expiry::What::idp_metadata;
        });
      }
      if (!ends.empty()) known_.emplace(row.name, std::move(ends));
    }
    version_ = rows->back().version;
  }
}

}  // namespace anteroom::services
