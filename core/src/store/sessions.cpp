#include <cstdlib>

#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kLoadSession{
    "find_session",
    "SELECT status, (extract(epoch FROM expires_at) * 1000000)::bigint, reference, user_id, email,"
    " name, idp, origin, access_level, properties, authn_context,"
    " (extract(epoch FROM authenticated_at) * 1000000)::bigint, news, closed,"
    " (extract(epoch FROM ends_at) * 1000000)::bigint,"
    " (extract(epoch FROM idle_until) * 1000000)::bigint"
    " FROM anteroom.find_session($1::bytea, $2::interval, $3::text[], $4::boolean)",
    Lane::door};
constexpr Statement kSignOut{"sign_out",
                             "SELECT idp, name_id, name_id_format, session_index"
                             " FROM anteroom.sign_out($1::bytea, $2)",
                             Lane::door};
constexpr Statement kLogOutByIdp{
    "log_out_by_idp",
    "SELECT anteroom.log_out_by_idp($1, $2, $3, to_timestamp($4::float8 / 1000000), $5,"
    " $6::text[], $7)",
    Lane::door};
constexpr Statement kIssueTicket{
    "issue_ticket", "SELECT anteroom.issue_ticket($1::bytea, $2::bytea, $3, $4::bytea, $5)",
    Lane::door};
constexpr Statement kRedeemTicket{
    "redeem_ticket",
    "SELECT anteroom.redeem_ticket($1::bytea, $2, $3::bytea, $4::bytea, $5, $6, $7)", Lane::door};

UserStatus status_of(std::string_view name) {
  if (name == "active") return UserStatus::active;
  return name == "waiting" ? UserStatus::waiting : UserStatus::disabled;
}

std::string record_of(const std::vector<Cell>& row) {
  const auto time = [&](std::size_t column) {
    return Time(Time::duration(std::strtoll(text(row, column).c_str(), nullptr, 10)));
  };
  const SessionFields fields{text(row, 2),  text(row, 3),  text(row, 4), text(row, 5),
                             text(row, 6),  text(row, 7),  text(row, 8), text(row, 9),
                             text(row, 10), text(row, 12), text(row, 13)};
  const SessionTimes times{time(1), time(11), time(14), time(15)};
  return std::string(SessionRecord(status_of(text(row, 0)), times, fields).bytes());
}

}  // namespace

Task<Result<std::string>> load_session(Database& database, TokenHash hash,
                                       std::chrono::seconds idle_timeout,
                                       std::vector<std::string> levels, SessionUse use) {
  Params params{bytea_literal(hash), interval(idle_timeout), array_literal(levels),
                use == SessionUse::none ? "f" : "t"};
  Result<Rows> result = co_await run(database, kLoadSession, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::string();
  co_return record_of(result->rows[0]);
}

Task<Result<std::optional<EndedSession>>> sign_out(Database& database, TokenHash hash,
                                                   std::string client_address) {
  Params params{bytea_literal(hash), std::move(client_address)};
  Result<Rows> result = co_await run(database, kSignOut, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<EndedSession>();
  const auto& row = result->rows[0];
  co_return std::optional(EndedSession{text(row, 0), text(row, 1), text(row, 2), text(row, 3)});
}

Task<Result<std::optional<int>>> log_out_by_idp(Database& database, IdpLogout l) {
  Params params{l.idp,           l.issuer,
                l.message_id,    microseconds(l.keep_until),
                l.name_id,       array_literal(l.session_indexes),
                l.client_address};
  Result<Rows> result = co_await run(database, kLogOutByIdp, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kLogOutByIdp);
  const Cell& ended = result->rows[0].at(0);
  if (!ended) co_return std::optional<int>();
  co_return std::optional(static_cast<int>(std::strtol(ended->c_str(), nullptr, 10)));
}

Task<Result<bool>> issue_ticket(Database& database, HandoffTicket ticket) {
  Params params{bytea_literal(ticket.ticket_hash), bytea_literal(ticket.session_hash),
                ticket.origin, bytea_literal(ticket.browser_hash), ticket.target};
  Result<Rows> result = co_await run(database, kIssueTicket, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kIssueTicket);
  co_return is_true(result->rows[0], 0);
}

Task<Result<std::optional<std::string>>> redeem_ticket(Database& database, Redemption r) {
  Params params{bytea_literal(r.ticket_hash),
                r.origin,
                bytea_literal(r.browser_hash),
                bytea_literal(r.new_token_hash),
                r.new_reference,
                r.client_address,
                r.user_agent};
  Result<Rows> result = co_await run(database, kRedeemTicket, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kRedeemTicket);
  co_return std::optional<std::string>(result->rows[0].at(0));
}

}  // namespace anteroom::store
