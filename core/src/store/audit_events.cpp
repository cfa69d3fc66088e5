#include "anteroom/audit.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

#define ANTEROOM_AUDIT_EVENTS                                                                   \
  "SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), kind, code," \
  " reference, actor, idp, email, user_id, client_address, detail FROM anteroom.audit_events"   \
  " WHERE ($1 = '' OR at >= nullif($1, '')::timestamptz)"                                       \
  " AND ($2 = '' OR at < nullif($2, '')::timestamptz)"                                          \
  " AND ($3 = '' OR lower(email) = lower($3)) AND ($4 = '' OR idp = $4)"                        \
  " AND ($5 = '' OR kind = $5) AND ($6 = '' OR code = $6) AND ($7 = '' OR reference = $7)"

constexpr Statement kNewest{"newest_audit", "SELECT * FROM (" ANTEROOM_AUDIT_EVENTS
                                            " ORDER BY id DESC LIMIT $8::int) newest ORDER BY id"};
constexpr Statement kPage{"audit_page",
                          ANTEROOM_AUDIT_EVENTS " AND id > $8::bigint ORDER BY id LIMIT 1000"};
#undef ANTEROOM_AUDIT_EVENTS

Params params_of(AuditFilter f, long last) {
  return {f.since, f.until, f.email, f.idp, f.kind, f.code, f.reference, std::to_string(last)};
}

std::vector<RecordedEvent> events_of(const Rows& rows) {
  std::vector<RecordedEvent> events;
  for (const auto& row : rows.rows) {
    events.push_back({number(row, 0), text(row, 1), text(row, 2), text(row, 3), text(row, 4),
                      text(row, 5), text(row, 6), text(row, 7), text(row, 8), text(row, 9),
                      text(row, 10)});
  }
  return events;
}

}  // namespace

Task<Result<std::vector<RecordedEvent>>> newest_audit(Database& database, AuditFilter filter,
                                                      int limit) {
  Params params = params_of(std::move(filter), limit);
  Result<Rows> result = co_await run(database, kNewest, std::move(params));
  if (!result) co_return result.failure();
  co_return events_of(*result);
}

Task<Result<std::vector<RecordedEvent>>> audit_page(Database& database, AuditFilter filter,
                                                    long after) {
  Params params = params_of(std::move(filter), after);
  Result<Rows> result = co_await run(database, kPage, std::move(params));
  if (!result) co_return result.failure();
  co_return events_of(*result);
}

}  // namespace anteroom::store
