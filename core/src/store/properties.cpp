#include "anteroom/properties.h"

#include "anteroom/store.h"
#include "store/actor.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kNames{"property_names",
                           "SELECT p.key, p.name, anteroom.shared_key(p.key) <> ''"
                           " FROM anteroom.properties p WHERE p.key = ANY ($1::text[])"};
constexpr Statement kClosed{"closed_among",
                            "SELECT p.key FROM anteroom.properties p"
                            " WHERE p.key = ANY ($1::text[]) AND p.closed_at IS NOT NULL"
                            " ORDER BY p.key"};
constexpr Statement kList{"list_properties",
                          "SELECT key, name FROM anteroom.properties WHERE closed_at IS NULL"
                          " AND ($1::text[] IS NULL OR key = ANY ($1::text[]))"
                          " ORDER BY key LIMIT nullif($2::int, 0)"};
constexpr Statement kFind{
    "find_properties",
    "SELECT nth, key, name, is_whole, total"
    " FROM anteroom.find_properties($1::text[], $2::text[], $3::int, $4::boolean)"};
constexpr Statement kSearch{
    "search_properties",
    "SELECT key, name, shared, closed_at, closed_by"
    " FROM anteroom.search_properties($1::anteroom.actor, $2, $3, $4, $5::int)"};
constexpr Statement kShow{"show_property",
                          "SELECT key, name, shared, closed_at, closed_by, people, requests"
                          " FROM anteroom.show_property($1::anteroom.actor, $2)"};
constexpr Statement kMake{"make_property",
                          "SELECT anteroom.make_property($1::anteroom.actor, $2, $3)"};
constexpr Statement kRename{"rename_property",
                            "SELECT anteroom.rename_property($1::anteroom.actor, $2, $3, $4)"};
constexpr Statement kPutIn{
    "put_properties",
    "SELECT outcome, was, is_closed, seen"
    " FROM anteroom.put_properties($1::anteroom.actor, $2::text[], $3::text[], $4)"};
constexpr Statement kClose{"close_property",
                           "SELECT anteroom.close_property($1::anteroom.actor, $2, $3::boolean)"};

constexpr std::pair<std::string_view, PropertyChange> kChanges[] = {
    {"done", PropertyChange::done},
    {"exists", PropertyChange::exists},
    {"bad_key", PropertyChange::bad_key},
    {"not_found", PropertyChange::not_found},
    {"changed", PropertyChange::changed}};

constexpr std::pair<std::string_view, PutIn::Outcome> kOutcomes[] = {
    {"added", PutIn::Outcome::added},
    {"renamed", PutIn::Outcome::renamed},
    {"same", PutIn::Outcome::same}};

Params params_of(const PropertyScope& scope) {
  return {scope.among ? Cell(array_literal(*scope.among)) : std::nullopt};
}

PropertyRow property_of(const std::vector<Cell>& row) {
  return {text(row, 0), text(row, 1), text(row, 2), text(row, 3), text(row, 4)};
}

Task<Result<PropertyChange>> change(Database& database, const Statement& statement, Params params) {
  Result<Rows> result = co_await run(database, statement, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(statement);
  co_return by_name(kChanges, text(result->rows[0], 0), PropertyChange::not_allowed);
}

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

Task<Result<std::vector<std::string>>> closed_among(Database& database,
                                                    std::vector<std::string> keys) {
  if (keys.empty()) co_return std::vector<std::string>();
  Params params{array_literal(keys)};
  Result<Rows> result = co_await run(database, kClosed, std::move(params));
  if (!result) co_return result.failure();
  std::vector<std::string> closed;
  for (const auto& row : result->rows) closed.push_back(text(row, 0));
  co_return closed;
}

Task<Result<std::vector<Property>>> list_properties(Database& database, PropertyScope scope) {
  Params params = params_of(scope);
  params.emplace_back(std::to_string(scope.most));
  Result<Rows> result = co_await run(database, kList, std::move(params));
  if (!result) co_return result.failure();
  std::vector<Property> properties;
  for (const auto& row : result->rows) properties.push_back({text(row, 0), text(row, 1)});
  co_return properties;
}

Task<Result<std::vector<PropertyMatches>>> find_properties(Database& database, PropertyScope scope,
                                                           std::vector<std::string> texts,
                                                           KeyOrName rank) {
  std::vector<PropertyMatches> found(texts.size());
  if (texts.empty()) co_return found;
  Params params = params_of(scope);
  params.emplace_back(array_literal(texts));
  params.emplace_back(std::to_string(scope.most));
  params.emplace_back(rank == KeyOrName::key_first ? "t" : "f");
  Result<Rows> result = co_await run(database, kFind, std::move(params));
  if (!result) co_return result.failure();
  for (const auto& row : result->rows) {
    PropertyMatches& matches = found.at(static_cast<std::size_t>(number(row, 0) - 1));
    matches.properties.push_back({text(row, 1), text(row, 2)});
    matches.are_whole = is_true(row, 3);
    matches.count = static_cast<int>(number(row, 4));
  }
  co_return found;
}

Task<Result<std::vector<PropertyRow>>> search_properties(Database& database, Actor actor,
                                                         AccessSettings access,
                                                         PropertyFilter filter) {
  Params params{actor_literal(actor, access, access.process_requests), filter.search, filter.state,
                filter.after, std::to_string(filter.limit)};
  Result<Rows> result = co_await run(database, kSearch, std::move(params));
  if (!result) co_return result.failure();
  std::vector<PropertyRow> properties;
  for (const auto& row : result->rows) properties.push_back(property_of(row));
  co_return properties;
}

Task<Result<std::optional<PropertyRow>>> show_property(Database& database, Actor actor,
                                                       AccessSettings access, std::string key) {
  Params params{actor_literal(actor, access, access.process_requests), std::move(key)};
  Result<Rows> result = co_await run(database, kShow, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<PropertyRow>();
  const auto& row = result->rows[0];
  PropertyRow property = property_of(row);
  property.people = static_cast<int>(number(row, 5));
  property.requests = static_cast<int>(number(row, 6));
  co_return std::optional(std::move(property));
}

Task<Result<PropertyChange>> make_property(Database& database, Actor actor, AccessSettings access,
                                           std::string key, std::string name) {
  Params params{actor_literal(actor, access, access.process_requests), std::move(key),
                std::move(name)};
  Result<PropertyChange> changed = co_await change(database, kMake, std::move(params));
  co_return changed;
}

Task<Result<PutInMany>> put_properties(Database& database, Actor actor, AccessSettings access,
                                       std::vector<Property> properties,
                                       std::optional<std::string> seen) {
  PutInMany many;
  if (properties.empty()) co_return many;
  std::vector<std::string> keys, names;
  for (Property& one : properties) {
    keys.push_back(std::move(one.key));
    names.push_back(std::move(one.name));
  }
  Params params{actor_literal(actor, access, access.process_requests), array_literal(keys),
                array_literal(names), seen};
  Result<Rows> result = co_await run(database, kPutIn, std::move(params));
  if (!result) co_return result.failure();
  many.is_allowed = result->rows.size() != 1 || text(result->rows[0], 0) != "not_allowed";
  if (!many.is_allowed) co_return many;
  if (result->rows.size() != keys.size()) co_return unexpected_rows(kPutIn);
  many.seen = text(result->rows[0], 3);
  many.is_done = seen && *seen == many.seen;
  for (const auto& row : result->rows) {
    PutIn& one = many.rows.emplace_back();
    one = {by_name(kOutcomes, text(row, 0), PutIn::Outcome::bad_key), text(row, 1),
           text(row, 2) == "t"};
    many.is_done = many.is_done && one.outcome != PutIn::Outcome::bad_key;
  }
  co_return many;
}

Task<Result<PropertyChange>> rename_property(Database& database, Actor actor, AccessSettings access,
                                             std::string key, std::string name,
                                             std::optional<std::string> was) {
  Params params{actor_literal(actor, access, access.process_requests), std::move(key),
                std::move(name), std::move(was)};
  Result<PropertyChange> changed = co_await change(database, kRename, std::move(params));
  co_return changed;
}

Task<Result<PropertyChange>> close_property(Database& database, Actor actor, AccessSettings access,
                                            std::string key, bool is_closed) {
  Params params{actor_literal(actor, access, access.process_requests), std::move(key),
                is_closed ? "t" : "f"};
  Result<PropertyChange> changed = co_await change(database, kClose, std::move(params));
  co_return changed;
}

}  // namespace anteroom::store
