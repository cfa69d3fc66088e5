// What functions that change companies answer.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "anteroom/companies.h"
#include "anteroom/store.h"
#include "store/actor.h"
#include "store/rows.h"

namespace anteroom::store {

inline constexpr std::pair<std::string_view, CompanyChange> kCompanyChanges[] = {
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
    {"below_another", CompanyChange::below_another},
    {"no_metadata", CompanyChange::no_metadata},
    {"no_domain", CompanyChange::no_domain},
    {"still_live", CompanyChange::still_live},
    {"no_company", CompanyChange::no_company},
    {"no_link", CompanyChange::no_link},
    {"too_many", CompanyChange::too_many},
    {"own_company", CompanyChange::own_company},
    {"proposed", CompanyChange::proposed},
    {"own_proposal", CompanyChange::own_proposal},
    {"no_proposal", CompanyChange::no_proposal},
    {"above_own_level", CompanyChange::above_own_level}};

/// Who connects companies, as these functions take it.
inline std::string company_actor(const Actor& actor, const AccessSettings& access) {
  return actor_literal(actor, access, access.connect_companies);
}

inline CompanyChange company_change_of(const std::string& name) {
  return by_name(kCompanyChanges, name, CompanyChange::not_allowed);
}

/// Of a statement that answers with one word.
inline Task<Result<CompanyChange>> change_of_company(Database& database, const Statement& statement,
                                                     Params params) {
  Result<Rows> result = co_await run(database, statement, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return unexpected_rows(statement);
  co_return company_change_of(text(result->rows[0], 0));
}

}  // namespace anteroom::store
