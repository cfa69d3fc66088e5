#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr int kBatch = 500;  // the smallest
constexpr Statement kHousekeep{
    "housekeep",
    "SELECT anteroom.housekeep($3::int) + anteroom.remove_old_audit(nullif($1, '')::interval, 2000)"
    " + anteroom.remove_old_transcripts($2::interval, 1000)"};
// By itself: what keeps it from sealing keeps nothing else from being removed.
constexpr Statement kSealAudit{"seal_audit", "SELECT anteroom.seal_audit(5000)"};

}  // namespace

Task<Result<Upkeep>> housekeep(Database& database, std::chrono::seconds keep_audit,
                               std::chrono::seconds keep_transcripts) {
  Params params{keep_audit.count() == 0 ? "" : interval(keep_audit), interval(keep_transcripts),
                std::to_string(kBatch)};
  Result<Rows> result = co_await run(database, kHousekeep, std::move(params));
  if (!result) co_return result.failure();
  Params none;
  Result<Rows> sealed = co_await run(database, kSealAudit, std::move(none));
  if (!sealed) co_return sealed.failure();
  const int removed = only_number(*result);
  co_return Upkeep{removed, removed >= kBatch};
}

}  // namespace anteroom::store
