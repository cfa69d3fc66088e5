#include "anteroom/scim.h"
#include "anteroom/store.h"
#include "store/rows.h"
#include "store/scim_rows.h"

namespace anteroom::store {

namespace {

// total, then a User or NULLs.
constexpr Statement kFindUsers{
    "scim_find_users",
    "SELECT total, (person).id, (person).user_name, (person).external_id, (person).work_email,"
    " (person).display_name, (person).formatted_name, (person).given_name, (person).family_name,"
    " (person).active, (person).created, (person).changed FROM anteroom.scim_list_users($1,"
    " $2::text[], $3::uuid, $4, $5, $6, $7::int, $8::int, $9::varbit, $10::text[], $11::text[],"
    " $12::text[])"};
constexpr Statement kCreateUser{
    "scim_create_user",
    "SELECT outcome, (person).id, (person).user_name, (person).external_id, (person).work_email,"
    " (person).display_name, (person).formatted_name, (person).given_name, (person).family_name,"
    " (person).active, (person).created, (person).changed FROM anteroom.scim_create_user($1,"
    " $2::text[], $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::boolean)"};
// $13: only where there is no work email; $14: only where it is this one.
constexpr Statement kChangeUser{
    "scim_change_user",
    "WITH work AS (SELECT coalesce(max(work_email), '') AS email FROM anteroom.scim_users"
    " WHERE user_id = $3::uuid), now AS (SELECT (NOT $13::boolean OR email = '') AND"
    " ($14::text IS NULL OR lower(email) = lower($14)) AS takes FROM work)"
    " SELECT outcome, (person).id, (person).user_name, (person).external_id, (person).work_email,"
    " (person).display_name, (person).formatted_name, (person).given_name, (person).family_name,"
    " (person).active, (person).created, (person).changed FROM now,"
    " anteroom.scim_change_user($1, $2::text[], $3::uuid, $4, $5, $6, CASE WHEN takes THEN $7 END,"
    " CASE WHEN takes THEN $8 END, $9, $10, $11, $12, $15::boolean)"};
constexpr Statement kDeleteUser{"scim_delete_user",
                                "SELECT anteroom.scim_delete_user($1, $2::text[], $3::uuid)"};

// From the second column on.
scim::User user_of(const std::vector<Cell>& row) {
  return {text(row, 1), text(row, 2), text(row, 3),    text(row, 4),  text(row, 5), text(row, 6),
          text(row, 7), text(row, 8), is_true(row, 9), text(row, 10), text(row, 11)};
}

Cell boolean(std::optional<bool> value) {
  if (!value) return std::nullopt;
  return *value ? "t" : "f";
}

void append(Params& params, const scim::UserChange& change) {
  for (const Cell& cell : {change.user_name, change.user_name_address, change.external_id,
                           change.work_email, change.work_address, change.display_name,
                           change.formatted_name, change.given_name, change.family_name}) {
    params.push_back(cell);
  }
}

Result<ScimResult<scim::User>> written_user(const Result<Rows>& result) {
  if (!result) return result.failure();
  if (result->rows.size() != 1) return Failure{code::kInternal, "expected one row"};
  const auto& row = result->rows[0];
  const ScimOutcome outcome = scim_outcome(text(row, 0));
  return ScimResult<scim::User>{outcome,
                                outcome == ScimOutcome::done ? user_of(row) : scim::User{}};
}

}  // namespace

void append_filter(Params& params, const scim::Filter& filter) {
  const bool is_everything = filter.conditions.empty() && filter.table == "1";
  params.push_back(is_everything ? Cell() : Cell(filter.table));
  std::vector<std::string> attributes;
  std::vector<std::string> tests;
  std::vector<std::string> values;
  for (const scim::Condition& condition : filter.conditions) {
    attributes.push_back(condition.attribute);
    tests.push_back(condition.test);
    values.push_back(condition.value);
  }
  for (const auto& items : {attributes, tests, values}) params.emplace_back(array_literal(items));
}

Task<Result<scim::List<scim::User>>> scim_find_users(Database& database, ScimCompany company,
                                                     scim::UserQuery query, scim::Page page) {
  Params params{company.idp,
                array_literal(company.domains),
                uuid_or_none(query.id),
                query.user_name,
                query.external_id,
                query.email,
                std::to_string(page.start - 1),
                std::to_string(page.count)};
  append_filter(params, query.rest);
  Result<Rows> result = co_await run(database, kFindUsers, std::move(params));
  if (!result) co_return result.failure();
  scim::List<scim::User> found;
  for (const auto& row : result->rows) {
    found.total = static_cast<int>(number(row, 0));
    if (row.at(1)) found.items.push_back(user_of(row));
  }
  co_return found;
}

Task<Result<ScimResult<scim::User>>> scim_create_user(Database& database, ScimCompany company,
                                                      scim::UserChange user) {
  Params params{company.idp, array_literal(company.domains)};
  append(params, user);
  params.push_back(boolean(user.is_active));
  Result<Rows> result = co_await run(database, kCreateUser, std::move(params));
  co_return written_user(result);
}

Task<Result<ScimResult<scim::User>>> scim_change_user(Database& database, ScimCompany company,
                                                      std::string id, scim::UserChange change) {
  Params params{company.idp, array_literal(company.domains), std::move(id)};
  append(params, change);
  params.emplace_back(change.adds_email ? "t" : "f");
  params.push_back(change.only_email);
  params.push_back(boolean(change.is_active));
  Result<Rows> result = co_await run(database, kChangeUser, std::move(params));
  co_return written_user(result);
}

Task<Result<bool>> scim_delete_user(Database& database, ScimCompany company, std::string id) {
  Params params{company.idp, array_literal(company.domains), std::move(id)};
  Result<Rows> result = co_await run(database, kDeleteUser, std::move(params));
  if (!result) co_return result.failure();
  co_return result->rows.size() == 1 && is_true(result->rows[0], 0);
}

}  // namespace anteroom::store
