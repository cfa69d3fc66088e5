#include <algorithm>
#include <iterator>

#include "anteroom/people.h"
#include "store/actor.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kSearch{
    "search_people",
    "SELECT id, email, name, state, idp, created_at, last_sign_on_at, grants"
    " FROM anteroom.search_people($1::anteroom.actor, $2, $3::boolean, $4, $5::int)"};
constexpr Statement kSee{"see_person",
                         "SELECT id, email, name, state, idp, created_at, last_sign_on_at, grants"
                         " FROM anteroom.see_person($1::anteroom.actor, $2)"};
constexpr Statement kWithoutRequest{
    "waiting_without_request",
    "SELECT id, email, name, state, idp, created_at, last_sign_on_at, grants"
    " FROM anteroom.waiting_without_request($1::anteroom.actor, $2::int)"};
constexpr Statement kShow{"show_person",
                          "SELECT part, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10"
                          " FROM anteroom.show_person($1::anteroom.actor, $2::uuid)"};
constexpr Statement kChangeGrant{
    "change_grant", "SELECT anteroom.change_grant($1::anteroom.actor, $2::uuid, $3, $4, $5)"};
constexpr Statement kSetDisabled{
    "set_disabled", "SELECT anteroom.set_disabled($1::anteroom.actor, $2::uuid, $3::boolean)"};
constexpr Statement kEndSessions{"end_sessions",
                                 "SELECT anteroom.end_sessions($1::anteroom.actor, $2::uuid, $3)"};

constexpr std::pair<std::string_view, PersonChange> kChanges[] = {
    {"done", PersonChange::done},
    {"above_own_level", PersonChange::above_own_level},
    {"own_account", PersonChange::own_account},
    {"no_property", PersonChange::no_property},
    {"no_level", PersonChange::no_level},
    {"not_found", PersonChange::not_found},
    {"in_the_past", PersonChange::in_the_past},
    {"bad_expiry", PersonChange::bad_expiry},
    {"own_request", PersonChange::own_request},
    {"off_by_directory", PersonChange::off_by_directory}};

// From the column that is the id.
Person person_of(const std::vector<Cell>& row, std::size_t at) {
  return {text(row, at),     text(row, at + 1), text(row, at + 2),
          text(row, at + 3), text(row, at + 4), "",
          text(row, at + 5), text(row, at + 6), text(row, at + 7)};
}

void add_part(PersonDetail& detail, const std::vector<Cell>& row) {
  const std::string& part = text(row, 0);
  if (part == "person") {
    detail.person = person_of(row, 1);
    detail.person.subject = text(row, 9);
    detail.is_off_by_people = text(row, 10).starts_with("people");
    detail.is_off_by_directory = text(row, 10).find("scim:") != std::string::npos;
  } else if (part == "grant") {
    detail.grants.push_back({text(row, 1), text(row, 2), text(row, 3), text(row, 4), text(row, 5),
                             text(row, 6), text(row, 7) == "true", text(row, 8),
                             text(row, 9) == "true"});
  } else if (part == "session") {
    detail.sessions.push_back({text(row, 1), text(row, 2), text(row, 3), text(row, 4), text(row, 5),
                               text(row, 6), text(row, 7), text(row, 8)});
  } else {
    detail.history.push_back(
        {text(row, 1), text(row, 2), text(row, 3), text(row, 4), text(row, 5), text(row, 6)});
  }
}

Task<Result<PersonChange>> change(Database& database, const Statement& statement, Params params) {
  Result<Rows> result = co_await run(database, statement, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return Failure{code::kInternal, "expected one row"};
  co_return by_name(kChanges, text(result->rows[0], 0), PersonChange::not_allowed);
}

std::vector<Person> people_of(const Rows& result) {
  std::vector<Person> people;
  std::transform(result.rows.begin(), result.rows.end(), std::back_inserter(people),
                 [](const auto& row) { return person_of(row, 0); });
  return people;
}

}  // namespace

Task<Result<std::vector<Person>>> search_people(Database& database, Actor actor,
                                                AccessSettings access, std::string search,
                                                bool only_waiting, std::string after_email,
                                                int limit) {
  Params params{actor_literal(actor, access, access.process_requests), std::move(search),
                only_waiting ? "t" : "f", std::move(after_email), std::to_string(limit)};
  Result<Rows> result = co_await run(database, kSearch, std::move(params));
  if (!result) co_return result.failure();
  co_return people_of(*result);
}

Task<Result<std::optional<Person>>> see_person(Database& database, Actor actor,
                                               AccessSettings access, std::string email) {
  Params params{actor_literal(actor, access, access.process_requests), std::move(email)};
  Result<Rows> result = co_await run(database, kSee, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<Person>();
  co_return std::optional(person_of(result->rows[0], 0));
}

Task<Result<std::vector<Person>>> waiting_without_request(Database& database, Actor actor,
                                                          AccessSettings access, int limit) {
  Params params{actor_literal(actor, access, access.process_requests), std::to_string(limit)};
  Result<Rows> result = co_await run(database, kWithoutRequest, std::move(params));
  if (!result) co_return result.failure();
  co_return people_of(*result);
}

Task<Result<std::optional<PersonDetail>>> show_person(Database& database, Actor actor,
                                                      AccessSettings access, std::string user) {
  Params params{actor_literal(actor, access, access.process_requests),
                uuid_or_nobody(std::move(user))};
  Result<Rows> result = co_await run(database, kShow, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<PersonDetail>();
  PersonDetail detail;
  for (const auto& row : result->rows) add_part(detail, row);
  co_return std::optional(std::move(detail));
}

Task<Result<PersonChange>> change_grant(Database& database, Actor actor, AccessSettings access,
                                        GrantChange c) {
  Params params{actor_literal(actor, access, access.process_requests), uuid_or_nobody(c.user),
                c.property, c.level, c.expires_at};
  Result<PersonChange> changed = co_await change(database, kChangeGrant, std::move(params));
  co_return changed;
}

Task<Result<PersonChange>> set_disabled(Database& database, Actor actor, AccessSettings access,
                                        std::string user, bool is_disabled) {
  Params params{actor_literal(actor, access, access.process_requests),
                uuid_or_nobody(std::move(user)), is_disabled ? "t" : "f"};
  Result<PersonChange> changed = co_await change(database, kSetDisabled, std::move(params));
  co_return changed;
}

Task<Result<PersonChange>> end_sessions(Database& database, Actor actor, AccessSettings access,
                                        std::string user, std::string reference) {
  Params params{actor_literal(actor, access, access.process_requests),
                uuid_or_nobody(std::move(user)), std::move(reference)};
  Result<PersonChange> changed = co_await change(database, kEndSessions, std::move(params));
  co_return changed;
}

}  // namespace anteroom::store
