#include "anteroom/companies.h"

#include <algorithm>
#include <iterator>

#include "anteroom/store.h"
#include "store/actor.h"
#include "store/rows.h"
#include "text/ascii.h"

namespace anteroom::store {

namespace {

constexpr Statement kChanged{"changed_companies",
                             "SELECT name, display_name, state, domains, settings, metadata,"
                             " version FROM anteroom.changed_companies($1::bigint, $2::int)",
                             Lane::door};
constexpr Statement kList{"list_companies",
                          "SELECT name, display_name, state, domains, settings, '', version"
                          " FROM anteroom.list_companies($1, $2::int)"};
constexpr Statement kFind{"find_company",
                          "SELECT name, display_name, state, domains, settings, metadata, version"
                          " FROM anteroom.find_company($1)"};
constexpr Statement kVersions{"metadata_versions",
                              "SELECT number, entity_id, fingerprints, brought_by, brought_at,"
                              " is_in_force FROM anteroom.metadata_versions($1)"};
constexpr Statement kAdd{"add_company", "SELECT anteroom.add_company($1, $2, $3)"};
constexpr Statement kChange{"change_company",
                            "SELECT anteroom.change_company($1, $2::bigint, $3, $4::jsonb, $5)"};
constexpr Statement kBring{"bring_metadata",
                           "SELECT anteroom.bring_metadata($1, $2, $3, $4::text[], $5)"};
constexpr Statement kGive{"give_domain",
                          "SELECT outcome, owner FROM anteroom.give_domain($1, $2, $3)"};
constexpr Statement kWithdraw{"withdraw_domain", "SELECT anteroom.withdraw_domain($1, $2, $3)"};
constexpr Statement kState{"set_company_state",
                           "SELECT outcome, sessions FROM anteroom.set_company_state($1, $2, $3)"};

constexpr std::pair<std::string_view, CompanyChange> kChanges[] = {
    {"added", CompanyChange::done},
    {"changed", CompanyChange::done},
    {"kept", CompanyChange::done},
    {"given", CompanyChange::done},
    {"withdrawn", CompanyChange::done},
    {"same", CompanyChange::same},
    {"has_it", CompanyChange::same},
    {"not_its", CompanyChange::same},
    {"name_taken", CompanyChange::name_taken},
    {"changed_meanwhile", CompanyChange::changed_meanwhile},
    {"entity_id_taken", CompanyChange::entity_id_taken},
    {"taken", CompanyChange::domain_taken},
    {"no_metadata", CompanyChange::no_metadata},
    {"no_domain", CompanyChange::no_domain},
    {"still_live", CompanyChange::still_live}};

CompanyRow company_of(const std::vector<Cell>& row) {
  return {text(row, 0), text(row, 1), text(row, 2),  text::words(text(row, 3)),
          text(row, 4), text(row, 5), number(row, 6)};
}

CompanyChange change_of(const std::string& name) {
  return by_name(kChanges, name, CompanyChange::no_company);
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

// Of a statement that answers with one word.
Task<Result<CompanyChange>> change(Database& database, const Statement& statement, Params params) {
  Result<Rows> result = co_await run(database, statement, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(statement);
  co_return change_of(text(result->rows[0], 0));
}

}  // namespace

Task<Result<std::vector<CompanyRow>>> changed_companies(Database& database, long version,
                                                        int limit) {
  return companies(database, kChanged, {std::to_string(version), std::to_string(limit)});
}

Task<Result<std::vector<CompanyRow>>> list_companies(Database& database, std::string after,
                                                     int limit) {
  return companies(database, kList, {std::move(after), std::to_string(limit)});
}

Task<Result<std::optional<CompanyRow>>> find_company(Database& database, std::string name) {
  Params params{std::move(name)};
  Result<std::vector<CompanyRow>> found = co_await companies(database, kFind, std::move(params));
  if (!found) co_return found.failure();
  if (found->empty()) co_return std::optional<CompanyRow>();
  co_return std::optional(std::move(found->front()));
}

Task<Result<std::vector<MetadataVersion>>> metadata_versions(Database& database, std::string name) {
  Params params{std::move(name)};
  Result<Rows> result = co_await run(database, kVersions, std::move(params));
  if (!result) co_return result.failure();
  std::vector<MetadataVersion> versions;
  for (const auto& row : result->rows) {
    versions.push_back({static_cast<int>(number(row, 0)), text(row, 1), text(row, 2), text(row, 3),
                        text(row, 4), is_true(row, 5)});
  }
  co_return versions;
}

Task<Result<CompanyChange>> add_company(Database& database, std::string name,
                                        std::string display_name, std::string actor) {
  return change(database, kAdd, {std::move(name), std::move(display_name), std::move(actor)});
}

Task<Result<CompanyChange>> change_company(Database& database, CompanyRow row, std::string actor) {
  return change(database, kChange,
                {std::move(row.name), std::to_string(row.version), std::move(row.display_name),
                 std::move(row.settings), std::move(actor)});
}

Task<Result<CompanyChange>> bring_metadata(Database& database, std::string name,
                                           NewMetadata metadata, std::string actor) {
  return change(database, kBring,
                {std::move(name), std::move(metadata.xml), std::move(metadata.entity_id),
                 array_literal(metadata.fingerprints), std::move(actor)});
}

Task<Result<DomainChange>> give_domain(Database& database, std::string name, std::string domain,
                                       std::string actor) {
  Params params{std::move(name), std::move(domain), std::move(actor)};
  Result<Rows> result = co_await run(database, kGive, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kGive);
  co_return DomainChange{change_of(text(result->rows[0], 0)), text(result->rows[0], 1)};
}

Task<Result<CompanyChange>> withdraw_domain(Database& database, std::string name,
                                            std::string domain, std::string actor) {
  return change(database, kWithdraw, {std::move(name), std::move(domain), std::move(actor)});
}

Task<Result<StateChange>> set_company_state(Database& database, std::string name, std::string state,
                                            std::string actor) {
  Params params{std::move(name), std::move(state), std::move(actor)};
  Result<Rows> result = co_await run(database, kState, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(kState);
  co_return StateChange{change_of(text(result->rows[0], 0)),
                        static_cast<int>(number(result->rows[0], 1))};
}

}  // namespace anteroom::store
