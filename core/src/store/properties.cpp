#include "anteroom/properties.h"

#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kNames{"property_names",
                           "SELECT p.key, p.name, anteroom.shared_key(p.key) <> ''"
                           " FROM anteroom.properties p WHERE p.key = ANY ($1::text[])"};

}  // namespace

Task<Result<PropertyNames>> property_names(Database& database, std::vector<std::string> keys) {
  PropertyNames names;
  if (keys.empty()) co_return names;
  Params params{array_literal(keys)};
  Result<Rows> result = co_await run(database, kNames, std::move(params));
  if (!result) co_return result.failure();
  for (const auto& row : result->rows) names[text(row, 0)] = {text(row, 1), is_true(row, 2)};
  co_return names;
}

}  // namespace anteroom::store
