#include "companies/company_source.h"

#include <algorithm>
#include <utility>

namespace anteroom::companies {

namespace {

constexpr int kBatch = 200;  // of a kilobyte each, and 4 MiB of metadata without a summary

}  // namespace

CompanySource::CompanySource(std::shared_ptr<const Settings> settings,
                             std::shared_ptr<const CompanyDirectory> configured, Ports ports)
    : settings_(std::move(settings)), current_(std::move(configured)), ports_(ports) {}

Task<Status> CompanySource::refresh() {
  bool has_changed = false;
  for (;;) {
    Result<bool> more = co_await take_changes();
    if (!more) co_return more.failure();
    if (!*more) break;
    has_changed = true;
  }
  if (!has_changed) co_return Done{};
  std::vector<Company> companies;
  companies.reserve(from_database_.size());
  for (const auto& [name, company] : from_database_) companies.push_back(company);
  using Directory = std::shared_ptr<const CompanyDirectory>;
  std::function<Directory()> make = [settings = settings_, companies = std::move(companies)] {
    return std::make_shared<const CompanyDirectory>(settings, companies);
  };
  Result<Directory> made = co_await offload<Directory>(ports_.worker, std::move(make));
  if (!made) {
    version_ = 0;  // all of them again
    co_return made.failure();
  }
  const Directory before = std::exchange(current_, std::move(*made));
  const std::vector<std::string>& said = before->conflicts();
  for (const std::string& conflict : current_->conflicts()) {
    if (std::find(said.begin(), said.end(), conflict) != said.end()) continue;
    ports_.log.write(LogLevel::warning, "company " + conflict);
  }
  co_return Done{};
}

// False: there are no more.
Task<Result<bool>> CompanySource::take_changes() {
  const Result<Rows> rows = co_await store::changed_companies(ports_.database, version_, kBatch);
  if (!rows) co_return rows.failure();
  if (rows->empty()) co_return false;
  std::function<std::vector<Company>()> read = [settings = settings_, rows = *rows,
                                                now = ports_.clock.now()] {
    std::vector<Company> companies;
    companies.reserve(rows.size());
    for (const store::CompanyRow& row : rows) {
      companies.push_back(as_nodes_know(row, *settings, now));
    }
    return companies;
  };
  Result<std::vector<Company>> companies =
      co_await offload<std::vector<Company>>(ports_.worker, std::move(read));
  if (!companies) co_return companies.failure();
  keep(*rows, std::move(*companies));
  co_return true;
}

void CompanySource::keep(const Rows& rows, std::vector<Company> companies) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (companies[i] == nullptr) {
      from_database_.erase(rows[i].name);
    } else {
      from_database_[rows[i].name] = std::move(companies[i]);
    }
  }
  version_ = rows.back().version;
}

}  // namespace anteroom::companies
