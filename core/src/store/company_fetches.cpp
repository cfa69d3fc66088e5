#include "anteroom/company_fetches.h"

#include "anteroom/store.h"
#include "store/company_change.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kBegin{"begin_fetch",
                           "SELECT company, url, etag, last_modified, failures, number, lease"
                           " FROM anteroom.begin_fetch($1)"};
constexpr Statement kEnd{"end_fetch",
                         "SELECT anteroom.end_fetch($1, $2, $3::int, $4, $5, $6, $7::interval,"
                         " $8::interval)"};
constexpr Statement kBring{
    "bring_fetched",
    "SELECT anteroom.bring_fetched($1::anteroom.actor, $2, $3::bigint, $4, $5, $6::text[],"
    " $7::jsonb)"};
constexpr Statement kState{
    "fetch_of_company",
    "SELECT url, checked_at, good_at, error FROM anteroom.fetch_of_company($1)"};
constexpr Statement kStale{
    "stale_fetches", "SELECT company, since, error FROM anteroom.stale_fetches($1::interval)"};

}  // namespace

Task<Result<std::optional<DueFetch>>> begin_fetch(Database& database, std::string company) {
  Params params{std::move(company)};
  Result<Rows> result = co_await run(database, kBegin, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<DueFetch>();
  const auto& row = result->rows[0];
  co_return std::optional(DueFetch{text(row, 0), text(row, 1), text(row, 2), text(row, 3),
                                   static_cast<int>(number(row, 4)), row.at(5), text(row, 6)});
}

Task<Result<Done>> end_fetch(Database& database, EndedFetch ended) {
  Params params{std::move(ended.due.company),   std::move(ended.due.lease),
                std::move(ended.due.number),    std::move(ended.etag),
                std::move(ended.last_modified), std::move(ended.error),
                interval(ended.refresh_every),  interval(ended.pause)};
  Result<Rows> result = co_await run(database, kEnd, std::move(params));
  if (!result) co_return result.failure();
  co_return Done{};
}

Task<Result<BroughtFetched>> bring_fetched(Database& database, AccessSettings access,
                                           std::string company, std::string url, long version,
                                           NewMetadata metadata) {
  const Actor address{"", std::move(url), "", true};
  Params params{company_actor(address, access),
                std::move(company),
                std::to_string(version),
                std::move(metadata.xml),
                std::move(metadata.entity_id),
                array_literal(metadata.fingerprints),
                metadata.summary.empty() ? Cell() : Cell(std::move(metadata.summary))};
  Result<Rows> result = co_await run(database, kBring, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kBring);
  const std::string& outcome = text(result->rows[0], 0);
  if (outcome == "refreshed") co_return BroughtFetched{CompanyChange::done, false};
  const CompanyChange change = company_change_of(outcome);
  co_return BroughtFetched{change, change == CompanyChange::done};
}

Task<Result<std::optional<FetchState>>> fetch_of_company(Database& database, std::string company) {
  Params params{std::move(company)};
  Result<Rows> result = co_await run(database, kState, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<FetchState>();
  const auto& row = result->rows[0];
  co_return std::optional(FetchState{text(row, 0), text(row, 1), text(row, 2), text(row, 3)});
}

Task<Result<std::vector<StaleFetch>>> stale_fetches(Database& database, std::chrono::seconds age) {
  Params params{interval(age)};
  Result<Rows> result = co_await run(database, kStale, std::move(params));
  if (!result) co_return result.failure();
  std::vector<StaleFetch> stale;
  for (const auto& row : result->rows) {
    stale.push_back({text(row, 0), Time(Time::duration(number(row, 1))), text(row, 2)});
  }
  co_return stale;
}

}  // namespace anteroom::store
