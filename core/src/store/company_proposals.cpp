#include "anteroom/company_proposals.h"

#include <utility>

#include "anteroom/store.h"
#include "store/company_change.h"
#include "store/rows.h"
#include "text/ascii.h"

namespace anteroom::store {

namespace {

constexpr Statement kProposals{
    "proposals_of_company",
    "SELECT number, act, domain, is_meant, xml, entity_id, fingerprints, settings, details,"
    " proposer, proposed_at, ends_at, is_own"
    " FROM anteroom.proposals_of_company($1::anteroom.actor, $2)"};
constexpr Statement kConfirm{
    "confirm_proposal", "SELECT anteroom.confirm_proposal($1::anteroom.actor, $2, $3::bigint)"};
constexpr Statement kDrop{"drop_proposal",
                          "SELECT anteroom.drop_proposal($1::anteroom.actor, $2, $3::bigint)"};

constexpr std::pair<std::string_view, ProposedAct> kActs[] = {{"live", ProposedAct::live},
                                                              {"metadata", ProposedAct::metadata},
                                                              {"domain", ProposedAct::domain}};

Proposal proposal_of(const std::vector<Cell>& row) {
  Proposal one;
  one.number = number(row, 0);
  one.act = by_name(kActs, text(row, 1), ProposedAct::settings);
  one.domain = text(row, 2);
  one.is_meant = is_true(row, 3);
  one.xml = text(row, 4);
  one.entity_id = text(row, 5);
  one.fingerprints = text::words(text(row, 6));
  one.settings = text(row, 7);
  one.details = text(row, 8);
  one.proposed_by = text(row, 9);
  one.proposed_at = text(row, 10);
  one.ends_at = text(row, 11);
  one.is_own = is_true(row, 12);
  return one;
}

}  // namespace

Task<Result<std::vector<Proposal>>> proposals_of_company(Database& database, const Actor& actor,
                                                         const AccessSettings& access,
                                                         std::string company) {
  Params params{company_actor(actor, access), std::move(company)};
  Result<Rows> result = co_await run(database, kProposals, std::move(params));
  if (!result) co_return result.failure();
  std::vector<Proposal> proposals;
  for (const auto& row : result->rows) proposals.push_back(proposal_of(row));
  co_return proposals;
}

Task<Result<CompanyChange>> confirm_proposal(Database& database, const Actor& actor,
                                             const AccessSettings& access, std::string company,
                                             long number) {
  return change_of_company(
      database, kConfirm,
      {company_actor(actor, access), std::move(company), std::to_string(number)});
}

Task<Result<CompanyChange>> drop_proposal(Database& database, const Actor& actor,
                                          const AccessSettings& access, std::string company,
                                          long number) {
  return change_of_company(
      database, kDrop, {company_actor(actor, access), std::move(company), std::to_string(number)});
}

}  // namespace anteroom::store
