#include "companies/company_source.h"

#include <algorithm>
#include <array>
#include <utility>

namespace anteroom::companies {

namespace {

constexpr int kBatch = 200;  // of a kilobyte each, and 4 MiB of metadata without a summary
// Whatever comes at once is written once.
constexpr std::chrono::minutes kKeepAfter{1};

}  // namespace

/// What one refresh() has seen.
struct CompanySource::Pass {
  bool is_whole = false;  ///< of all companies
  long version = 0;
  std::set<std::string> seen;             ///< of a whole one
  std::shared_ptr<CompanyKeeper> keeper;  ///< where they are to be kept
};

CompanySource::CompanySource(std::shared_ptr<const Settings> settings, FirstCompanies first,
                             Ports ports)
    : settings_(std::move(settings)),
      current_(std::move(first.directory)),
      ports_(ports),
      is_keeper_(first.is_keeper && !settings_->companies.kept_in.empty()) {
  if (!first.kept) {
    if (is_keeper_) keep_after_ = Time{};
    return;
  }
  for (const KeptCompanies::One& one : first.kept->companies) {
    from_database_.emplace(one.company.name, Known{one.digest, Company(first.kept, &one.company)});
  }
}

Task<Status> CompanySource::refresh() {
  Pass pass;
  const bool is_keeping = is_keeper_ && (!version_ || has_to_keep(ports_.clock.now()));
  pass.is_whole = !version_ || is_keeping;
  pass.version = pass.is_whole ? 0 : *version_;
  if (is_keeping) pass.keeper = std::make_shared<CompanyKeeper>(*settings_);
  for (;;) {
    Result<bool> more = co_await take_rows(pass);
    if (!more) {
      version_.reset();
      co_return more.failure();
    }
    if (!*more) break;
  }
  if (pass.is_whole) {
    const auto gone = std::erase_if(
        from_database_, [&](const auto& known) { return !pass.seen.contains(known.first); });
    is_unpublished_ = is_unpublished_ || gone > 0;
  }
  version_ = pass.version;
  if (is_unpublished_) {
    Task<Status> publishing = publish();
    const Status published = co_await publishing;
    if (!published) co_return published;
    if (is_keeper_ && !keep_after_) keep_after_ = ports_.clock.now() + kKeepAfter;
  }
  if (pass.keeper != nullptr && keep_after_) {
    Task<Done> keeping = keep(pass);
    co_await keeping;
  }
  co_return Done{};
}

// False: there are no more. Only rows that are not known as they are need to be read.
Task<Result<bool>> CompanySource::take_rows(Pass& pass) {
  Result<Rows> rows = co_await store::changed_companies(ports_.database, pass.version, kBatch);
  if (!rows) co_return rows.failure();
  if (rows->empty()) co_return false;
  std::vector<Known> known;
  known.reserve(rows->size());
  for (const store::CompanyRow& row : *rows) {
    const auto found = from_database_.find(row.name);
    known.push_back(found == from_database_.end() ? Known{} : found->second);
  }
  auto shared = std::make_shared<const Rows>(std::move(*rows));
  std::function<std::vector<Known>()> read = [settings = settings_, shared, keeper = pass.keeper,
                                              known = std::move(known),
                                              now = ports_.clock.now()]() mutable {
    for (std::size_t i = 0; i < shared->size(); ++i) {
      const store::CompanyRow& row = (*shared)[i];
      const RowDigest digest = digest_of(row);
      if (known[i].company == nullptr || known[i].digest != digest) {
        known[i] = {digest, as_nodes_know(row, *settings, now)};
      }
      if (keeper != nullptr) keeper->take(row, known[i].company != nullptr);
    }
    return std::move(known);
  };
  Result<std::vector<Known>> taken =
      co_await offload<std::vector<Known>>(ports_.worker, std::move(read));
  if (!taken) co_return taken.failure();
  for (std::size_t i = 0; i < shared->size(); ++i) {
    take((*shared)[i], std::move((*taken)[i]), pass);
  }
  co_return true;
}

void CompanySource::take(const store::CompanyRow& row, Known known, Pass& pass) {
  pass.version = row.version;
  const auto found = from_database_.find(row.name);
  const bool was_known = found != from_database_.end();
  if (known.company == nullptr) {
    if (was_known) from_database_.erase(found);
    is_unpublished_ = is_unpublished_ || was_known;
    return;
  }
  if (pass.is_whole) pass.seen.insert(row.name);
  if (was_known && found->second.company == known.company) return;
  is_unpublished_ = true;
  from_database_[row.name] = std::move(known);
}

Task<Status> CompanySource::publish() {
  std::vector<Company> companies;
  companies.reserve(from_database_.size());
  for (const auto& [name, known] : from_database_) companies.push_back(known.company);
  using Directory = std::shared_ptr<const CompanyDirectory>;
  std::function<Directory()> make = [settings = settings_, companies = std::move(companies)] {
    return std::make_shared<const CompanyDirectory>(settings, companies);
  };
  Result<Directory> made = co_await offload<Directory>(ports_.worker, std::move(make));
  if (!made) {
    version_.reset();  // all of them again
    co_return made.failure();
  }
  const Directory before = std::exchange(current_, std::move(*made));
  is_unpublished_ = false;
  const std::vector<std::string>& said = before->conflicts();
  for (const std::string& conflict : current_->conflicts()) {
    if (std::find(said.begin(), said.end(), conflict) != said.end()) continue;
    ports_.log.write(LogLevel::warning, "company " + conflict);
  }
  co_return Done{};
}

// A node without it works: it says so once, and tries again with the next change.
Task<Done> CompanySource::keep(const Pass& pass) {
  keep_after_.reset();
  std::array<std::uint8_t, 24> nonce{};
  Status kept = Failure{code::kInternal, "no randomness"};
  if (ports_.random.fill(nonce)) {
    std::function<Status()> write = [keeper = pass.keeper, settings = settings_,
                                     nonce = std::string(nonce.begin(), nonce.end()),
                                     now = ports_.clock.now()] { return keeper->keep(nonce, now); };
    Result<Status> written = co_await offload<Status>(ports_.worker, std::move(write));
    kept = written ? *written : Status(written.failure());
  }
  if (!kept && !is_failure_told_) {
    ports_.log.write(
        LogLevel::warning,
        "companies are not kept in " + settings_->companies.kept_in + ": " + kept.failure().detail);
  }
  is_failure_told_ = !kept.ok();
  co_return Done{};
}

}  // namespace anteroom::companies
