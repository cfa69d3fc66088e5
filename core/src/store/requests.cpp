#include <algorithm>
#include <iterator>

#include "anteroom/requests.h"
#include "anteroom/store.h"
#include "store/actor.h"
#include "store/rows.h"
#include "text/uuid.h"

namespace anteroom::store {

namespace {

constexpr Statement kFile{"file_requests",
                          "SELECT outcome, request, waiting_since"
                          " FROM anteroom.file_requests($1::anteroom.actor, $2::text[], $3::text[],"
                          " $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean)"};
constexpr Statement kList{
    "list_requests",
    "SELECT id, email, name, property, property_name, level, expires_at, note, state, requested_by,"
    " requested_at, decided_at, decided_by, reason, waiting_since, idp, may_decide,"
    " requester_lost_reach, held_level, held_until, anteroom.shared_key(property),"
    " anteroom.is_closed(property)"
    " FROM anteroom.list_requests($1::anteroom.actor, $2::uuid, $3, $4::text[], $5, $6::int, $7,"
    " $8::int)"};
constexpr Statement kShow{
    "show_request",
    "SELECT id, email, name, property, property_name, level, expires_at, note, state, requested_by,"
    " requested_at, decided_at, decided_by, reason, waiting_since, idp, may_decide,"
    " requester_lost_reach, held_level, held_until, anteroom.shared_key(property),"
    " anteroom.is_closed(property)"
    " FROM anteroom.show_request($1::anteroom.actor, $2::uuid)"};
constexpr Statement kWithdraw{"withdraw_request",
                              "SELECT anteroom.withdraw_request($1::anteroom.actor, $2::uuid)"};
constexpr Statement kRemind{"remind_open_requests",
                            "SELECT anteroom.remind_open_requests($1::interval)"};

constexpr std::pair<std::string_view, Filing> kFilings[] = {
    {"filed", Filing::filed},
    {"already_open", Filing::already_open},
    {"has_access", Filing::has_access},
    {"user_disabled", Filing::user_disabled},
    {"no_property", Filing::no_property},
    {"no_level", Filing::no_level},
    {"above_own_level", Filing::above_own_level},
    {"in_the_past", Filing::in_the_past},
    {"bad_expiry", Filing::bad_expiry}};

// One column of the rows as a text[].
std::string column(const std::vector<AccessRequest>& rows, std::string AccessRequest::*member) {
  std::vector<std::string> cells;
  std::transform(rows.begin(), rows.end(), std::back_inserter(cells),
                 [&](const AccessRequest& row) { return row.*member; });
  return array_literal(cells);
}

RequestRow request_of(const std::vector<Cell>& row) {
  return {text(row, 0),  text(row, 1),     text(row, 2),     text(row, 3),  text(row, 4),
          text(row, 5),  text(row, 6),     text(row, 7),     text(row, 8),  text(row, 9),
          text(row, 10), text(row, 11),    text(row, 12),    text(row, 13), text(row, 14),
          text(row, 15), is_true(row, 16), is_true(row, 17), text(row, 18), text(row, 19),
          text(row, 20), is_true(row, 21)};
}

}  // namespace

Task<Result<std::vector<FilingResult>>> file_requests(Database& database, Actor actor,
                                                      AccessSettings access,
                                                      std::vector<AccessRequest> rows,
                                                      bool is_preview) {
  if (rows.empty()) co_return std::vector<FilingResult>();
  if (rows.size() > kMaxFiled) co_return Failure{code::kTooManyRows, std::to_string(rows.size())};
  Params params{actor_literal(actor, access, access.request_new_users),
                column(rows, &AccessRequest::email),
                column(rows, &AccessRequest::name),
                column(rows, &AccessRequest::property),
                column(rows, &AccessRequest::level),
                column(rows, &AccessRequest::expires_at),
                column(rows, &AccessRequest::note),
                is_preview ? "t" : "f"};
  Result<Rows> result = co_await run(database, kFile, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != rows.size()) co_return Failure{code::kInternal, "rows lost in filing"};
  std::vector<FilingResult> filed;
  for (const auto& row : result->rows) {
    filed.push_back(
        {by_name(kFilings, text(row, 0), Filing::not_allowed), text(row, 1), text(row, 2)});
  }
  co_return filed;
}

Task<Result<std::vector<RequestRow>>> list_requests(Database& database, Actor actor,
                                                    AccessSettings access, RequestFilter filter) {
  if (!filter.requested_by.empty() && !text::is_uuid(filter.requested_by)) {
    co_return std::vector<RequestRow>();
  }
  Params params{actor_literal(actor, access, access.process_requests),
                filter.requested_by.empty() ? std::nullopt : Cell(filter.requested_by),
                filter.state,
                array_literal(filter.domains),
                filter.property,
                std::to_string(filter.older_than_days),
                filter.after,
                std::to_string(filter.limit)};
  Result<Rows> result = co_await run(database, kList, std::move(params));
  if (!result) co_return result.failure();
  std::vector<RequestRow> requests;
  std::transform(result->rows.begin(), result->rows.end(), std::back_inserter(requests),
                 request_of);
  co_return requests;
}

Task<Result<std::optional<RequestRow>>> show_request(Database& database, Actor actor,
                                                     AccessSettings access, std::string request) {
  Params params{actor_literal(actor, access, access.process_requests),
                uuid_or_nobody(std::move(request))};
  Result<Rows> result = co_await run(database, kShow, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<RequestRow>();
  co_return std::optional(request_of(result->rows[0]));
}

Task<Result<bool>> withdraw_request(Database& database, Actor actor, std::string request) {
  if (!text::is_uuid(request)) co_return false;
  Params params{actor_literal(actor, {}, ""), std::move(request)};
  Result<Rows> result = co_await run(database, kWithdraw, std::move(params));
  if (!result) co_return result.failure();
  co_return !result->rows.empty() && is_true(result->rows[0], 0);
}

Task<Result<int>> remind_open_requests(Database& database, std::chrono::seconds after) {
  Params params{interval(after)};
  Result<Rows> result = co_await run(database, kRemind, std::move(params));
  if (!result) co_return result.failure();
  co_return only_number(*result);
}

}  // namespace anteroom::store
