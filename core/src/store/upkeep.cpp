#include "anteroom/settings.h"
#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr int kBatch = 500;  // the smallest
constexpr int kSealed = 5000;
constexpr Statement kHousekeep{
    "housekeep",
    "SELECT anteroom.housekeep($4::int) + anteroom.remove_old_audit(nullif($1, '')::interval, 2000)"
    " + anteroom.remove_old_transcripts($2::interval, 1000)"
    " + anteroom.remove_old_requests(nullif($3, '')::interval, 500)"};
// By itself: what keeps it from sealing keeps nothing else from being removed.
constexpr Statement kSealAudit{"seal_audit", "SELECT anteroom.seal_audit($1::int)"};
constexpr Statement kBehind{"upkeep_behind", "SELECT anteroom.upkeep_behind()"};

std::string interval_or_never(std::chrono::seconds keep) {
  return keep.count() == 0 ? std::string() : interval(keep);
}

}  // namespace

Task<Result<Upkeep>> housekeep(Database& database, Retention keep) {
  Params params{interval_or_never(keep.audit), interval(keep.transcripts),
                interval_or_never(keep.requests), std::to_string(kBatch)};
  Result<Rows> result = co_await run(database, kHousekeep, std::move(params));
  if (!result) co_return result.failure();
  Params most{std::to_string(kSealed)};
  Result<Rows> sealed = co_await run(database, kSealAudit, std::move(most));
  if (!sealed) co_return sealed.failure();
  Params none;
  Result<Rows> behind = co_await run(database, kBehind, std::move(none));
  if (!behind) co_return behind.failure();
  const int removed = only_number(*result);
  co_return Upkeep{removed, removed >= kBatch || only_number(*sealed) >= kSealed,
                   std::chrono::seconds(only_number(*behind))};
}

}  // namespace anteroom::store
