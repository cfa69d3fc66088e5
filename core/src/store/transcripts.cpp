#include "anteroom/audit.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kKeep{"keep_transcript",
                          "SELECT anteroom.keep_transcript($1, $2, $3, $4, $5::json, $6)"};
constexpr Statement kFind{"find_transcript",
                          "SELECT reference, idp, email, code, content, anteroom.iso(at)"
                          " FROM anteroom.transcripts WHERE reference = $1"};
constexpr Statement kOfEmail{"transcripts_of",
                             "SELECT reference, idp, email, code, '', anteroom.iso(at)"
                             " FROM anteroom.transcripts WHERE email = $1 AND email <> ''"
                             " ORDER BY at DESC LIMIT 10"};
// Each by its index, whatever else there is.
constexpr Statement kLast{
    "last_at_company",
    "SELECT e.id, anteroom.iso(e.at), e.kind, e.code, e.reference, e.actor, e.idp, e.email,"
    " e.user_id, e.client_address, e.detail"
    " FROM (VALUES ('signed_on'), ('sign_on_refused')) AS kinds (kind), LATERAL"
    " (SELECT * FROM anteroom.audit_events a WHERE a.idp = $1 AND a.kind = kinds.kind"
    " AND a.kind IN ('signed_on', 'sign_on_refused') ORDER BY a.id DESC LIMIT 1) e"};

std::vector<Transcript> transcripts_of(const Rows& rows) {
  std::vector<Transcript> transcripts;
  for (const auto& row : rows.rows) {
    transcripts.push_back(
        {text(row, 0), text(row, 1), text(row, 2), text(row, 3), text(row, 4), text(row, 5), ""});
  }
  return transcripts;
}

}  // namespace

Task<Result<Done>> keep_transcript(Database& database, Transcript t) {
  Params params{t.reference, t.idp, t.email, t.code, t.content, t.network};
  Result<Rows> result = co_await run(database, kKeep, std::move(params));
  if (!result) co_return result.failure();
  co_return Done{};
}

Task<Result<std::optional<Transcript>>> find_transcript(Database& database, std::string reference) {
  Params params{std::move(reference)};
  Result<Rows> result = co_await run(database, kFind, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<Transcript>();
  co_return std::optional<Transcript>(std::move(transcripts_of(*result).front()));
}

Task<Result<std::vector<Transcript>>> transcripts_of(Database& database, std::string email) {
  Params params{std::move(email)};
  Result<Rows> result = co_await run(database, kOfEmail, std::move(params));
  if (!result) co_return result.failure();
  co_return transcripts_of(*result);
}

Task<Result<std::vector<RecordedEvent>>> last_at_company(Database& database, std::string idp) {
  Params params{std::move(idp)};
  Result<Rows> result = co_await run(database, kLast, std::move(params));
  if (!result) co_return result.failure();
  co_return recorded_events(*result);
}

}  // namespace anteroom::store
