#include "anteroom/store.h"
#include "store/asserted.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kSignOn{
    "sign_on",
    "SELECT outcome, user_id FROM anteroom.sign_on($1, $2, $3, $4,"
    " to_timestamp($5::float8 / 1000000), $6, $7, $8, $9, $10, $11, $12::bytea, $13, $14,"
    " $15::interval, to_timestamp($16::float8 / 1000000), $17, $18,"
    " to_timestamp($19::float8 / 1000000), $20, $21::bytea,"
    " $22, to_timestamp($23::float8 / 1000000), $24, $25::text[], $26::text[], $27::text[],"
    " $28::text[])",
    Lane::door};

SignOnOutcome outcome_of(std::string_view name) {
  if (name == "signed_in") return SignOnOutcome::signed_in;
  if (name == "waiting") return SignOnOutcome::waiting;
  if (name == "user_disabled") return SignOnOutcome::user_disabled;
  if (name == "identity_pinned") return SignOnOutcome::identity_pinned;
  if (name == "request_answered") return SignOnOutcome::request_answered;
  if (name == "company_closed") return SignOnOutcome::company_closed;
  return SignOnOutcome::replayed;
}

}  // namespace

Task<Result<SignOnResult>> sign_on(Database& database, SignOn s) {
  Params params{s.idp,
                s.issuer,
                s.response_id,
                s.assertion_id,
                microseconds(s.replay_until),
                s.subject,
                s.email,
                s.display_name,
                s.name_id,
                s.name_id_format,
                s.session_index,
                bytea_literal(s.token_hash),
                s.reference,
                s.origin,
                interval(s.lifetime),
                s.not_after ? Cell(microseconds(*s.not_after)) : std::nullopt,
                s.client_address,
                s.user_agent,
                microseconds(s.authenticated_at),
                s.authn_context,
                s.replaces ? Cell(bytea_literal(*s.replaces)) : std::nullopt,
                s.request_id,
                microseconds(s.request_until)};
  append(params, s.asserted, s.levels);
  Result<Rows> result = co_await run(database, kSignOn, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kSignOn);
  co_return SignOnResult{outcome_of(text(result->rows[0], 0)), text(result->rows[0], 1)};
}

}  // namespace anteroom::store
