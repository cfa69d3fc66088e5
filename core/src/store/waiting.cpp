#include "anteroom/requests.h"
#include "anteroom/store.h"
#include "store/actor.h"
#include "store/rows.h"
#include "text/uuid.h"

namespace anteroom::store {

namespace {

constexpr Statement kWaitingState{
    "waiting_state",
    "SELECT kind, since, requested_by, property_name, reason, asked_at, approver"
    " FROM anteroom.waiting_state($1::uuid, $2, $3::text[], $4)",
    Lane::door};
constexpr Statement kAskApprovers{"ask_approvers",
                                  "SELECT anteroom.ask_approvers($1::anteroom.actor, $2)"};

constexpr std::pair<std::string_view, WaitingState::Kind> kKinds[] = {
    {"open", WaitingState::Kind::open}, {"declined", WaitingState::Kind::declined}};

}  // namespace

Task<Result<WaitingState>> waiting_state(Database& database, std::string user, std::string idp,
                                         AccessSettings access) {
  WaitingState state;
  if (!text::is_uuid(user)) co_return state;
  Params params{std::move(user), std::move(idp), array_literal(access.levels),
                access.request_new_users};
  Result<Rows> result = co_await run(database, kWaitingState, std::move(params));
  if (!result) co_return result.failure();
  for (const auto& row : result->rows) {
    state.kind = by_name(kKinds, text(row, 0), WaitingState::Kind::no_request);
    state.since = text(row, 1);
    state.requested_by = text(row, 2);
    state.property_name = text(row, 3);
    state.reason = text(row, 4);
    state.asked_at = text(row, 5);
    if (row.at(6)) state.approvers.push_back(*row.at(6));
  }
  co_return state;
}

Task<Result<int>> ask_approvers(Database& database, Actor actor, std::string idp,
                                AccessSettings access) {
  Params params{actor_literal(actor, access, access.request_new_users), std::move(idp)};
  Result<Rows> result = co_await run(database, kAskApprovers, std::move(params));
  if (!result) co_return result.failure();
  co_return only_number(*result);
}

}  // namespace anteroom::store
