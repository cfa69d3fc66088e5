#include "store/asserted.h"

#include "anteroom/store.h"
#include "store/actor.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kLast{"last_asserted",
                          "SELECT value, too_many_at"
                          " FROM anteroom.last_asserted($1::anteroom.actor, $2::uuid)"};
constexpr Statement kTooMany{"too_many_groups",
                             "SELECT people, last_at FROM anteroom.too_many_groups($1)"};

std::string name_of(Asserted::Kind kind) {
  switch (kind) {
    case Asserted::Kind::no_table:
      break;
    case Asserted::Kind::said:
      return "said";
    case Asserted::Kind::too_many:
      return "too_many";
  }
  return "no_table";
}

}  // namespace

void append(Params& params, const Asserted& asserted, const std::vector<std::string>& levels) {
  std::vector<std::string> values;
  std::vector<std::string> properties;
  std::vector<std::string> given;
  for (const AssertedGrant& grant : asserted.grants) {
    values.push_back(grant.value);
    properties.push_back(grant.property);
    given.push_back(grant.level);
  }
  params.emplace_back(name_of(asserted.kind));
  for (const auto& items : {values, properties, given, levels}) {
    params.emplace_back(array_literal(items));
  }
}

Task<Result<LastAsserted>> last_asserted(Database& database, Actor actor, AccessSettings access,
                                         std::string user) {
  Params params{actor_literal(actor, access, access.process_requests),
                uuid_or_nobody(std::move(user))};
  Result<Rows> result = co_await run(database, kLast, std::move(params));
  if (!result) co_return result.failure();
  LastAsserted last;
  for (const auto& row : result->rows) {
    if (row.at(0)) last.values.push_back(*row.at(0));
    last.too_many_at = text(row, 1);
  }
  co_return last;
}

Task<Result<TooManyGroups>> too_many_groups(Database& database, std::string idp) {
  Params params{std::move(idp)};
  Result<Rows> result = co_await run(database, kTooMany, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kTooMany);
  const auto& row = result->rows[0];
  co_return TooManyGroups{static_cast<int>(number(row, 0)), text(row, 1)};
}

}  // namespace anteroom::store
