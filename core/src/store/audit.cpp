#include "anteroom/audit.h"
#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

// Anybody can start a sign-on and send back rubbish: of refusals that name nobody, 60 a minute are
// kept of one address and identity provider, and 600 of all addresses.
constexpr Statement kAudit{
    "audit",
    "INSERT INTO anteroom.audit_events (kind, code, reference, idp, email, client_address, detail)"
    " SELECT $1, $2, $3, $4, $5, $6, $7 WHERE $1 <> 'sign_on_refused' OR $5 <> ''"
    " OR (SELECT count(*) FROM (SELECT FROM anteroom.audit_events e"
    " WHERE e.kind = 'sign_on_refused' AND e.code <> 'replayed' AND e.idp = $4 AND e.email = ''"
    " AND e.client_address = $6 AND e.at > now() - interval '1 minute' LIMIT 60) lately) < 60"
    " AND (SELECT count(*) FROM (SELECT FROM anteroom.audit_events e"
    " WHERE e.kind = 'sign_on_refused' AND e.code <> 'replayed' AND e.idp = $4 AND e.email = ''"
    " AND e.at > now() - interval '1 minute' LIMIT 600) lately) < 600"};
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

Task<Result<Done>> audit(Database& database, AuditEvent e) {
  Params params{e.kind, e.code, e.reference, e.idp, e.email, e.client_address, e.detail};
  Result<Rows> result = co_await run(database, kAudit, std::move(params));
  if (!result) co_return result.failure();
  co_return Done{};
}

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
