#include "anteroom/companies.h"

#include <algorithm>
#include <iterator>

#include "anteroom/store.h"
#include "store/actor.h"
#include "store/company_change.h"
#include "store/rows.h"
#include "text/ascii.h"

namespace anteroom::store {

namespace {

constexpr Statement kChanged{"changed_companies",
                             "SELECT name, display_name, state, domains, settings, metadata,"
                             " version, '', number, summary"
                             " FROM anteroom.companies_since($1::bigint, $2::int, $3::int)",
                             Lane::door};
constexpr Statement kList{
    "list_companies",
    "SELECT name, display_name, state, domains, settings, '', version, '', 0, ''"
    " FROM anteroom.list_companies($1, $2::int)"};
constexpr Statement kFind{"find_company",
                          "SELECT name, display_name, state, domains, settings, metadata, version,"
                          " contacts, 0, '' FROM anteroom.find_company($1)"};
constexpr Statement kMetadata{"metadata_of_company",
                              "SELECT xml FROM anteroom.metadata_of_company($1, $2::int)"};
constexpr Statement kVersions{"metadata_versions",
                              "SELECT number, entity_id, fingerprints, brought_by, brought_at,"
                              " is_in_force FROM anteroom.metadata_versions($1, $2::int)"};
constexpr Statement kAdd{"add_company",
                         "SELECT anteroom.add_company($1::anteroom.actor, $2, $3, $4::jsonb)"};
constexpr Statement kChange{
    "change_company",
    "SELECT anteroom.change_company($1::anteroom.actor, $2, $3::bigint, $4, $5::jsonb,"
    " $6::boolean)"};
constexpr Statement kContacts{
    "set_company_contacts",
    "SELECT anteroom.set_company_contacts($1::anteroom.actor, $2, $3::text[])"};
constexpr Statement kBring{
    "bring_metadata",
    "SELECT anteroom.bring_metadata($1::anteroom.actor, $2, $3::bigint, $4, $5, $6::text[],"
    " $7::jsonb, $8::boolean)"};
constexpr Statement kGive{"give_domain",
                          "SELECT outcome, owner, above"
                          " FROM anteroom.give_domain($1::anteroom.actor, $2, $3, $4::boolean,"
                          " $5::boolean)"};
constexpr Statement kWithdraw{"withdraw_domain",
                              "SELECT anteroom.withdraw_domain($1::anteroom.actor, $2, $3)"};
constexpr Statement kState{
    "set_company_state",
    "SELECT outcome, sessions"
    " FROM anteroom.set_company_state($1::anteroom.actor, $2, $3::bigint, $4, $5::boolean)"};
constexpr Statement kSearch{
    "search_companies",
    "SELECT name, display_name, state, domains, people, last_sign_on, refused, commonest, "
    "handed_in,"
    " proposed, ends_at, by_certificate"
    " FROM anteroom.search_companies($1::anteroom.actor, $2, $3, $4, $5::int, $6, $7::interval)"};
constexpr Statement kShow{
    "show_company",
    "SELECT name, display_name, state, domains, settings, '', version, contacts, 0, ''"
    " FROM anteroom.show_company($1::anteroom.actor, $2)"};
constexpr Statement kPeople{
    "people_of_company",
    "SELECT people, sessions, others FROM anteroom.people_of_company($1::anteroom.actor, $2)"};
constexpr Statement kHistory{"history_of_company",
                             "SELECT at, kind, actor, detail"
                             " FROM anteroom.history_of_company($1::anteroom.actor, $2, $3::int)"};

int count(const std::vector<Cell>& row, std::size_t column) {
  return static_cast<int>(number(row, column));
}

std::string needs_two(const AccessSettings& access) {
  return access.two_connect_companies ? "true" : "false";
}

std::optional<Time> time_of(const std::vector<Cell>& row, std::size_t column) {
  if (!row.at(column)) return std::nullopt;
  return Time(Time::duration(number(row, column)));
}

CompanyRow company_of(const std::vector<Cell>& row) {
  return {text(row, 0),  text(row, 1), text(row, 2),   text::words(text(row, 3)),
          text(row, 4),  text(row, 5), number(row, 6), text::words(text(row, 7)),
          count(row, 8), text(row, 9)};
}

Task<Result<std::vector<CompanyRow>>> companies(Database& database, const Statement& statement,
                                                Params params) {
  Result<Rows> result = co_await run(database, statement, std::move(params));
  if (!result) co_return result.failure();
  std::vector<CompanyRow> companies;
  std::transform(result->rows.begin(), result->rows.end(), std::back_inserter(companies),
                 company_of);
  co_return companies;
}

Task<Result<std::optional<CompanyRow>>> one_company(Database& database, const Statement& statement,
                                                    Params params) {
  Result<std::vector<CompanyRow>> found =
      co_await companies(database, statement, std::move(params));
  if (!found) co_return found.failure();
  if (found->empty()) co_return std::optional<CompanyRow>();
  co_return std::optional(std::move(found->front()));
}

}  // namespace

Task<Result<std::vector<CompanyRow>>> changed_companies(Database& database, long version,
                                                        int limit) {
  return companies(
      database, kChanged,
      {std::to_string(version), std::to_string(limit), std::to_string(kSummaryFormat)});
}

Task<Result<std::vector<CompanyRow>>> list_companies(Database& database, std::string after,
                                                     int limit) {
  return companies(database, kList, {std::move(after), std::to_string(limit)});
}

Task<Result<std::optional<CompanyRow>>> find_company(Database& database, std::string name) {
  Params params{std::move(name)};
  return one_company(database, kFind, std::move(params));
}

Task<Result<std::optional<std::string>>> metadata_of_company(Database& database, std::string name,
                                                             int number) {
  Params params{std::move(name), std::to_string(number)};
  Result<Rows> result = co_await run(database, kMetadata, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.empty()) co_return std::optional<std::string>();
  co_return std::optional(text(result->rows[0], 0));
}

Task<Result<std::optional<CompanyRow>>> show_company(Database& database, const Actor& actor,
                                                     const AccessSettings& access,
                                                     std::string name) {
  Params params{company_actor(actor, access), std::move(name)};
  return one_company(database, kShow, std::move(params));
}

Task<Result<std::vector<MetadataVersion>>> metadata_versions(Database& database, std::string name,
                                                             int limit) {
  Params params{std::move(name), std::to_string(limit)};
  Result<Rows> result = co_await run(database, kVersions, std::move(params));
  if (!result) co_return result.failure();
  std::vector<MetadataVersion> versions;
  for (const auto& row : result->rows) {
    versions.push_back({count(row, 0), text(row, 1), text::words(text(row, 2)), text(row, 3),
                        text(row, 4), is_true(row, 5)});
  }
  co_return versions;
}

Task<Result<CompanyChange>> add_company(Database& database, const Actor& actor,
                                        const AccessSettings& access, NewCompany company) {
  return change_of_company(database, kAdd,
                           {company_actor(actor, access), std::move(company.name),
                            std::move(company.display_name), std::move(company.settings)});
}

Task<Result<CompanyChange>> change_company(Database& database, const Actor& actor,
                                           const AccessSettings& access, CompanyRow row) {
  return change_of_company(
      database, kChange,
      {company_actor(actor, access), std::move(row.name), std::to_string(row.version),
       std::move(row.display_name), std::move(row.settings), needs_two(access)});
}

Task<Result<CompanyChange>> set_company_contacts(Database& database, const Actor& actor,
                                                 const AccessSettings& access, std::string name,
                                                 const std::vector<std::string>& contacts) {
  return change_of_company(
      database, kContacts,
      {company_actor(actor, access), std::move(name), array_literal(contacts)});
}

Task<Result<CompanyChange>> bring_metadata(Database& database, const Actor& actor,
                                           const AccessSettings& access, std::string name,
                                           long version, NewMetadata metadata) {
  return change_of_company(
      database, kBring,
      {company_actor(actor, access), std::move(name), std::to_string(version),
       std::move(metadata.xml), std::move(metadata.entity_id), array_literal(metadata.fingerprints),
       metadata.summary.empty() ? Cell() : Cell(std::move(metadata.summary)), needs_two(access)});
}

Task<Result<DomainChange>> give_domain(Database& database, Actor actor, AccessSettings access,
                                       std::string name, std::string domain, bool is_meant) {
  Params params{company_actor(actor, access), std::move(name), std::move(domain),
                is_meant ? "true" : "false", needs_two(access)};
  Result<Rows> result = co_await run(database, kGive, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kGive);
  const auto& row = result->rows[0];
  co_return DomainChange{company_change_of(text(row, 0)), text(row, 1), text(row, 2)};
}

Task<Result<CompanyChange>> withdraw_domain(Database& database, const Actor& actor,
                                            const AccessSettings& access, std::string name,
                                            std::string domain) {
  return change_of_company(database, kWithdraw,
                           {company_actor(actor, access), std::move(name), std::move(domain)});
}

Task<Result<StateChange>> set_company_state(Database& database, Actor actor, AccessSettings access,
                                            std::string name, std::optional<long> version,
                                            std::string state) {
  Params params{company_actor(actor, access), std::move(name),
                version ? Cell(std::to_string(*version)) : std::nullopt, std::move(state),
                needs_two(access)};
  Result<Rows> result = co_await run(database, kState, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kState);
  co_return StateChange{company_change_of(text(result->rows[0], 0)), count(result->rows[0], 1)};
}

Task<Result<std::vector<CompanyLine>>> search_companies(Database& database, Actor actor,
                                                        AccessSettings access,
                                                        CompanyFilter filter) {
  Params params{company_actor(actor, access), std::move(filter.search),     std::move(filter.state),
                std::move(filter.after),      std::to_string(filter.limit), std::move(filter.only),
                interval(kEndsSoon)};
  Result<Rows> result = co_await run(database, kSearch, std::move(params));
  if (!result) co_return result.failure();
  std::vector<CompanyLine> lines;
  for (const auto& row : result->rows) {
    lines.push_back({text(row, 0), text(row, 1), text(row, 2), text::words(text(row, 3)),
                     count(row, 4), text(row, 5), count(row, 6), text(row, 7), is_true(row, 8),
                     is_true(row, 9), time_of(row, 10), is_true(row, 11)});
  }
  co_return lines;
}

Task<Result<CompanyPeople>> people_of_company(Database& database, Actor actor,
                                              AccessSettings access, std::string name) {
  Params params{company_actor(actor, access), std::move(name)};
  Result<Rows> result = co_await run(database, kPeople, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kPeople);
  const auto& row = result->rows[0];
  co_return CompanyPeople{count(row, 0), count(row, 1), count(row, 2)};
}

Task<Result<std::vector<CompanyEvent>>> history_of_company(Database& database, Actor actor,
                                                           AccessSettings access, std::string name,
                                                           int limit) {
  Params params{company_actor(actor, access), std::move(name), std::to_string(limit)};
  Result<Rows> result = co_await run(database, kHistory, std::move(params));
  if (!result) co_return result.failure();
  std::vector<CompanyEvent> events;
  for (const auto& row : result->rows) {
    events.push_back({text(row, 0), text(row, 1), text(row, 2), text(row, 3)});
  }
  co_return events;
}

}  // namespace anteroom::store
