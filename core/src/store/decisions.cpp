#include <algorithm>
#include <iterator>
#include <map>

#include "anteroom/requests.h"
#include "anteroom/store.h"
#include "store/actor.h"
#include "store/rows.h"
#include "text/ascii.h"
#include "text/uuid.h"

namespace anteroom::store {

namespace {

constexpr Statement kDecide{"decide_requests",
                            "SELECT request, outcome, decided_by"
                            " FROM anteroom.decide_requests($1::anteroom.actor, $2::uuid[],"
                            " $3::boolean, $4, $5::text[], $6)"};

constexpr std::pair<std::string_view, Deciding> kDecidings[] = {
    {"done", Deciding::done},
    {"decided_already", Deciding::decided_already},
    {"own_request", Deciding::own_request},
    {"above_own_level", Deciding::above_own_level},
    {"no_property", Deciding::no_property},
    {"no_level", Deciding::no_level},
    {"user_disabled", Deciding::user_disabled},
    {"expired", Deciding::expired},
    {"look_first", Deciding::look_first}};

std::vector<std::string> only_uuids(const std::vector<std::string>& texts) {
  std::vector<std::string> uuids;
  std::copy_if(texts.begin(), texts.end(), std::back_inserter(uuids), text::is_uuid);
  return uuids;
}

}  // namespace

Task<Result<std::vector<DecidingResult>>> decide_requests(Database& database, Actor actor,
                                                          AccessSettings access,
                                                          Decision decision) {
  Params params{actor_literal(actor, access, access.process_requests),
                array_literal(only_uuids(decision.requests)),
                decision.is_approval ? "t" : "f",
                decision.level,
                array_literal(decision.properties),
                decision.reason};
  Result<Rows> result = co_await run(database, kDecide, std::move(params));
  if (!result) co_return result.failure();
  std::map<std::string, DecidingResult> by_request;
  for (const auto& row : result->rows) {
    by_request[text(row, 0)] = {"", by_name(kDecidings, text(row, 1), Deciding::not_allowed),
                                text(row, 2)};
  }
  std::vector<DecidingResult> decided;
  for (const std::string& request : decision.requests) {
    DecidingResult one = by_request[text::to_lower(request)];  // not_found unless it is there
    one.request = request;
    decided.push_back(std::move(one));
  }
  co_return decided;
}

}  // namespace anteroom::store
