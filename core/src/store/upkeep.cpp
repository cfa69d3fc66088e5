#include <algorithm>

#include "anteroom/activity.h"
#include "anteroom/settings.h"
#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr int kBatch = 500;  // the smallest
constexpr int kSealed = 5000;
constexpr Statement kHousekeep{
    "housekeep",
    "SELECT anteroom.housekeep($3::int) + anteroom.remove_old_audit(nullif($1, '')::interval, 2000)"
    " + anteroom.remove_old_transcripts($2::interval, 1000)"};
constexpr Statement kOldRequests{"remove_old_requests",
                                 "SELECT anteroom.remove_old_requests($1::interval, $2::int)"};
constexpr Statement kSealAudit{"seal_audit", "SELECT anteroom.seal_audit($1::int)"};
constexpr Statement kBehind{"upkeep_behind", "SELECT anteroom.upkeep_behind()"};

}  // namespace

Task<Result<Upkeep>> housekeep(Database& database, Retention keep) {
  auto counting = count_day(database);
  const Result<std::optional<bool>> counted = co_await std::move(counting);
  // No event goes before its day was counted, an hour after it has ended.
  const bool may_remove = counted && *counted == false && keep.audit.count() > 0;
  const auto audit = std::max<std::chrono::seconds>(keep.audit, std::chrono::hours(26));
  Params params{may_remove ? interval(audit) : "", interval(keep.transcripts),
                std::to_string(kBatch)};
  Result<Rows> result = co_await run(database, kHousekeep, std::move(params));
  if (!result) co_return result.failure();
  Params most{std::to_string(kSealed)};
  Result<Rows> sealed = co_await run(database, kSealAudit, std::move(most));
  if (!sealed) co_return sealed.failure();
  int removed = only_number(*result);
  if (keep.requests.count() > 0) {
    Params old{interval(keep.requests), std::to_string(kBatch)};
    Result<Rows> requests = co_await run(database, kOldRequests, std::move(old));
    if (!requests) co_return requests.failure();
    removed += only_number(*requests);
  }
  const bool is_full = removed >= kBatch || only_number(*sealed) >= kSealed;
  if (!counted && !is_full) co_return counted.failure();
  co_return Upkeep{removed, is_full || (counted && *counted == true)};
}

Task<Result<std::chrono::seconds>> upkeep_behind(Database& database) {
  Params none;
  Result<Rows> behind = co_await run(database, kBehind, std::move(none));
  if (!behind) co_return behind.failure();
  co_return std::chrono::seconds(only_number(*behind));
}

}  // namespace anteroom::store
