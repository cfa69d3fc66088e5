#include "anteroom/outbox.h"

#include <cstdlib>

#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kClaim{"claim_mail",
                           "SELECT id, lease, recipient, template, parameters,"
                           " (extract(epoch FROM created_at) * 1000000)::bigint"
                           " FROM anteroom.claim_mail($1::int, $2::interval)"};
constexpr Statement kSent{"mail_sent", "SELECT anteroom.mail_sent($1::uuid)"};
constexpr Statement kRelease{"release_mail", "SELECT anteroom.release_mail($1::uuid, $2::uuid)"};
constexpr Statement kFailed{"mail_failed",
                            "SELECT anteroom.mail_failed($1::uuid, $2::uuid, $3, $4::boolean,"
                            " $5::boolean, $6::interval)"};
constexpr Statement kRetry{"retry_mail", "SELECT anteroom.retry_mail($1::uuid, $2)"};
constexpr Statement kDigest{"queue_digest",
                            "SELECT anteroom.queue_digest($1::text[], $2::interval)"};
constexpr Statement kWarn{"warn_of_expiry",
                          "SELECT anteroom.warn_of_expiry($1::text[], $2, $3, $4,"
                          " to_timestamp($5::float8 / 1000000), $6::int, $7::int)"};
constexpr Statement kWarnOfStaleMetadata{"warn_of_stale_metadata",
                                         "SELECT anteroom.warn_of_silence($1::text[], $2, $3,"
                                         " to_timestamp($4::float8 / 1000000), $5::int, $6)"};
constexpr Statement kForget{"forget_old_mail", "SELECT anteroom.forget_old_mail(500)"};
constexpr Statement kCount{
    "count_mail",
    "SELECT count(*) FILTER (WHERE is_open AND due_at <= now()),"
    " count(*) FILTER (WHERE is_open AND due_at > now()),"
    " count(*) FILTER (WHERE dead_at IS NOT NULL),"
    " count(*) FILTER (WHERE sent_at > now() - interval '1 day'),"
    " to_char(min(created_at) FILTER (WHERE is_open), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    " FROM (SELECT *, sent_at IS NULL AND dead_at IS NULL AS is_open"
    " FROM anteroom.mail_outbox) letters"};
constexpr Statement kListFailed{
    "list_failed_mail",
    "SELECT id, recipient, template, to_char(created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " to_char(due_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), last_error, attempts,"
    " dead_at IS NOT NULL FROM anteroom.mail_outbox"
    " WHERE sent_at IS NULL AND last_error <> '' ORDER BY created_at DESC LIMIT $1::int"};

int integer(const std::vector<Cell>& row, std::size_t column) {
  return static_cast<int>(number(row, column));
}

Task<Result<Done>> change(Database& database, const Statement& statement, Params params) {
  Result<Rows> result = co_await run(database, statement, std::move(params));
  if (!result) co_return result.failure();
  co_return Done{};
}

Task<Result<int>> count(Database& database, const Statement& statement, Params params) {
  Result<Rows> result = co_await run(database, statement, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return Failure{code::kInternal, "expected one row"};
  co_return integer(result->rows[0], 0);
}

ClaimedLetter claimed_letter(const std::vector<Cell>& row) {
  const std::chrono::microseconds written(std::strtoll(text(row, 5).c_str(), nullptr, 10));
  return {{text(row, 0), text(row, 2), text(row, 3), text(row, 4), Time(written)}, text(row, 1)};
}

}  // namespace

Task<Result<std::vector<ClaimedLetter>>> claim_mail(Database& database, int limit,
                                                    std::chrono::seconds lease) {
  Params params{std::to_string(limit), interval(lease)};
  Result<Rows> result = co_await run(database, kClaim, std::move(params));
  if (!result) co_return result.failure();
  std::vector<ClaimedLetter> letters;
  for (const auto& row : result->rows) letters.push_back(claimed_letter(row));
  co_return letters;
}

Task<Result<Done>> mail_sent(Database& database, std::string id) {
  Params params{std::move(id)};
  return change(database, kSent, std::move(params));
}

Task<Result<Done>> release_mail(Database& database, ClaimedLetter claimed) {
  Params params{claimed.letter.id, claimed.lease};
  return change(database, kRelease, std::move(params));
}

Task<Result<bool>> mail_failed(Database& database, ClaimedLetter claimed, MailFailure failure) {
  Params params{claimed.letter.id,
                claimed.lease,
                failure.error,
                failure.is_final ? "t" : "f",
                failure.is_answered ? "t" : "f",
                interval(failure.max_age)};
  Result<Rows> result = co_await run(database, kFailed, std::move(params));
  if (!result) co_return result.failure();
  co_return !result->rows.empty() && is_true(result->rows[0], 0);
}

Task<Result<int>> retry_mail(Database& database, std::optional<std::string> id, std::string actor) {
  Params params{std::move(id), std::move(actor)};
  return count(database, kRetry, std::move(params));
}

Task<Result<int>> queue_digest(Database& database, const std::vector<std::string>& recipients,
                               std::chrono::seconds every) {
  Params params{array_literal(recipients), interval(every)};
  return count(database, kDigest, std::move(params));
}

Task<Result<bool>> warn_of_expiry(Database& database, const std::vector<std::string>& recipients,
                                  ExpiryWarning warning) {
  Params params{array_literal(recipients),
                warning.what,
                warning.idp,
                warning.certificate,
                microseconds(warning.ends_at),
                std::to_string(warning.days),
                std::to_string(warning.left)};
  Result<Rows> result = co_await run(database, kWarn, std::move(params));
  if (!result) co_return result.failure();
  co_return !result->rows.empty() && is_true(result->rows[0], 0);
}

Task<Result<bool>> warn_of_stale_metadata(Database& database,
                                          const std::vector<std::string>& recipients,
                                          StaleMetadata metadata) {
  Params params{
      array_literal(recipients),     metadata.idp,   metadata.machine, microseconds(metadata.since),
      std::to_string(metadata.days), metadata.detail};
  Result<Rows> result = co_await run(database, kWarnOfStaleMetadata, std::move(params));
  if (!result) co_return result.failure();
  co_return !result->rows.empty() && is_true(result->rows[0], 0);
}

Task<Result<int>> forget_old_mail(Database& database) {
  Params none;
  return count(database, kForget, std::move(none));
}

Task<Result<MailCounts>> count_mail(Database& database) {
  Params none;
  Result<Rows> result = co_await run(database, kCount, std::move(none));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return Failure{code::kInternal, "expected one row"};
  const std::vector<Cell>& row = result->rows[0];
  co_return MailCounts{integer(row, 0), integer(row, 1), integer(row, 2), integer(row, 3),
                       text(row, 4)};
}

Task<Result<std::vector<FailedLetter>>> list_failed_mail(Database& database, int limit) {
  Params params{std::to_string(limit)};
  Result<Rows> result = co_await run(database, kListFailed, std::move(params));
  if (!result) co_return result.failure();
  std::vector<FailedLetter> letters;
  for (const auto& row : result->rows) {
    letters.push_back({text(row, 0), text(row, 1), text(row, 2), text(row, 3), text(row, 4),
                       text(row, 5), integer(row, 6), is_true(row, 7)});
  }
  co_return letters;
}

}  // namespace anteroom::store
