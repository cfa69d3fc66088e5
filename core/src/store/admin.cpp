#include "anteroom/people.h"

#include <cstdlib>

#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kListPeople{
    "list_people",
    "SELECT id, email, name, state, idp, subject, created_at, last_sign_on_at, grants"
    " FROM anteroom.list_people($1, $2::boolean, $3::int)"};
constexpr Statement kFindPerson{
    "find_person",
    "SELECT id, email, name, state, idp, subject, created_at, last_sign_on_at, grants"
    " FROM anteroom.person_with($1)"};
constexpr Statement kAddUser{"add_user", "SELECT anteroom.add_user($1, $2, $3)"};
constexpr Statement kProvision{"provision",
                               "SELECT anteroom.provision($1, $2, $3, $4::text[], nullif($5, "
                               "'')::timestamptz, $6, $7::text[])"};
constexpr Statement kDisable{"disable_user", "SELECT anteroom.disable_user($1, $2)"};
constexpr Statement kEnable{"switch_on", "SELECT anteroom.switch_on($1, $2, $3::boolean)"};
constexpr Statement kEndOfCompany{"end_company_sessions",
                                  "SELECT anteroom.end_company_sessions($1, $2)"};
constexpr Statement kUnpin{"unpin_user", "SELECT anteroom.unpin_user($1, $2)"};
constexpr Statement kUnpinCompany{
    "unpin_company", "SELECT people, sessions FROM anteroom.unpin_company($1, $2, $3::boolean)"};
constexpr Statement kCheckImport{"check_import", "SELECT anteroom.check_import($1::jsonb)"};
constexpr Statement kImport{"import_users",
                            "SELECT anteroom.import_users($1::jsonb, $2, $3::text[])"};

Person person_of(const std::vector<Cell>& row) {
  return {text(row, 0), text(row, 1), text(row, 2), text(row, 3), text(row, 4),
          text(row, 5), text(row, 6), text(row, 7), text(row, 8)};
}

Task<Result<std::string>> one_value(Database& database, const Statement& statement, Params params) {
  Result<Rows> result = co_await run(database, statement, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return Failure{code::kInternal, "expected one row"};
  co_return std::string(text(result->rows[0], 0));
}

Task<Result<bool>> one_bool(Database& database, const Statement& statement, Params params) {
  Result<std::string> value = co_await one_value(database, statement, std::move(params));
  if (!value) co_return value.failure();
  co_return *value == "t";
}

}  // namespace

Task<Result<std::vector<Person>>> list_people(Database& database, PeopleFilter filter) {
  Params params{filter.search, filter.only_waiting ? "t" : "f", std::to_string(filter.limit)};
  Result<Rows> result = co_await run(database, kListPeople, std::move(params));
  if (!result) co_return result.failure();
  std::vector<Person> people;
  for (const auto& row : result->rows) people.push_back(person_of(row));
  co_return people;
}

Task<Result<std::optional<Person>>> find_person(Database& database, std::string email) {
  Params params{std::move(email)};
  Result<Rows> result = co_await run(database, kFindPerson, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<Person>();
  co_return std::optional<Person>(person_of(result->rows[0]));
}

Task<Result<bool>> add_user(Database& database, std::string email, std::string name,
                            std::string actor) {
  Params params{std::move(email), std::move(name), std::move(actor)};
  return one_bool(database, kAddUser, std::move(params));
}

Task<Result<Provisioned>> provision(Database& database, Provision p) {
  Params params{p.email,
                p.name,
                p.level,
                array_literal(p.properties),
                p.expires_at,
                p.actor,
                array_literal(p.levels)};
  const Result<std::string> answer = co_await one_value(database, kProvision, std::move(params));
  if (!answer) co_return answer.failure();
  constexpr std::string_view kNoProperty = "no_property ";  // and its key
  using Outcome = Provisioned::Outcome;
  if (answer->starts_with(kNoProperty)) {
    co_return Provisioned{Outcome::no_property, answer->substr(kNoProperty.size())};
  }
  if (*answer == "disabled") co_return Provisioned{Outcome::user_disabled, ""};
  if (*answer == "in_the_past") co_return Provisioned{Outcome::in_the_past, ""};
  if (*answer == "provisioned") co_return Provisioned{};
  co_return Failure{code::kInternal, "provision: " + *answer};
}

Task<Result<bool>> disable_user(Database& database, std::string email, std::string actor) {
  Params params{std::move(email), std::move(actor)};
  return one_bool(database, kDisable, std::move(params));
}

Task<Result<Enabled>> enable_user(Database& database, std::string email, std::string actor,
                                  bool is_against_directory) {
  Params params{std::move(email), std::move(actor), is_against_directory ? "t" : "f"};
  Result<std::string> answer = co_await one_value(database, kEnable, std::move(params));
  if (!answer) co_return answer.failure();
  using Outcome = Enabled::Outcome;
  if (*answer == "enabled") co_return Enabled{};
  if (*answer == "not_disabled") co_return Enabled{Outcome::not_disabled, ""};
  co_return Enabled{Outcome::off_by_directory, std::move(*answer)};
}

Task<Result<int>> end_company_sessions(Database& database, std::string idp, std::string actor) {
  Params params{std::move(idp), std::move(actor)};
  Result<std::string> count = co_await one_value(database, kEndOfCompany, std::move(params));
  if (!count) co_return count.failure();
  co_return static_cast<int>(std::strtol(count->c_str(), nullptr, 10));
}

Task<Result<bool>> unpin_user(Database& database, std::string email, std::string actor) {
  Params params{std::move(email), std::move(actor)};
  return one_bool(database, kUnpin, std::move(params));
}

Task<Result<Unpinned>> unpin_company(Database& database, std::string idp, std::string actor,
                                     bool is_preview) {
  Params params{std::move(idp), std::move(actor), is_preview ? "t" : "f"};
  Result<Rows> result = co_await run(database, kUnpinCompany, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return Failure{code::kInternal, "expected one row"};
  const auto& row = result->rows[0];
  co_return Unpinned{static_cast<int>(number(row, 0)), static_cast<int>(number(row, 1))};
}

Task<Result<std::optional<std::string>>> check_import(Database& database, std::string rows_json) {
  Params params{std::move(rows_json)};
  Result<Rows> result = co_await run(database, kCheckImport, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return Failure{code::kInternal, "expected one row"};
  co_return std::optional<std::string>(result->rows[0].at(0));
}

Task<Result<int>> import_users(Database& database, std::string rows_json, std::string actor,
                               std::vector<std::string> levels) {
  Params params{std::move(rows_json), std::move(actor), array_literal(levels)};
  Result<std::string> count = co_await one_value(database, kImport, std::move(params));
  if (!count) co_return count.failure();
  co_return static_cast<int>(std::strtol(count->c_str(), nullptr, 10));
}

}  // namespace anteroom::store
