#include "anteroom/audit.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kNewest{
    "newest_audit",
    "SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), kind, code,"
    " reference, actor, idp, email, user_id, client_address, detail FROM"
    " (SELECT * FROM anteroom.audit_matching($1, $2, $3, $4, $5, $6, $7)"
    " ORDER BY id DESC LIMIT $8::int) newest ORDER BY id"};
constexpr Statement kPage{
    "audit_page",
    "SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), kind, code,"
    " reference, actor, idp, email, user_id, client_address, detail"
    " FROM anteroom.audit_matching($1, $2, $3, $4, $5, $6, $7)"
    " WHERE id > $8::bigint ORDER BY id LIMIT 1000"};

Params params_of(AuditFilter f, long last) {
  return {f.since, f.until, f.email, f.idp, f.kind, f.code, f.reference, std::to_string(last)};
}

}  // namespace

Task<Result<std::vector<RecordedEvent>>> newest_audit(Database& database, AuditFilter filter,
                                                      int limit) {
  Params params = params_of(std::move(filter), limit);
  Result<Rows> result = co_await run(database, kNewest, std::move(params));
  if (!result) co_return result.failure();
  co_return recorded_events(*result);
}

Task<Result<std::vector<RecordedEvent>>> audit_page(Database& database, AuditFilter filter,
                                                    long after) {
  Params params = params_of(std::move(filter), after);
  Result<Rows> result = co_await run(database, kPage, std::move(params));
  if (!result) co_return result.failure();
  co_return recorded_events(*result);
}

}  // namespace anteroom::store
