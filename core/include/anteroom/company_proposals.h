// Acts at companies in the database that wait for a second person (companies.two_people): going
// live, and of a company that has been live other metadata, another domain or another address of
// metadata. Whoever does one proposes it; somebody else confirms it, and it is done.
#pragma once

#include <string>
#include <vector>

#include "anteroom/companies.h"

namespace anteroom::store {

enum class ProposedAct { live, metadata, domain, settings };

/// One that holds: its company is as it was, and whoever proposed it still may. Times as ISO 8601.
struct Proposal {
  long number = 0;
  ProposedAct act = ProposedAct::live;
  std::string domain;          ///< of domain
  bool is_meant = false;       ///< likewise: though it is below another company's
  std::string xml, entity_id;  ///< of metadata
  std::vector<std::string> fingerprints;
  std::string settings;  ///< of settings: all that there will be
  std::string details;   ///< for people: what there was and will be
  std::string proposed_by, proposed_at, ends_at;
  bool is_own = false;  ///< the actor has proposed it
};
/// The oldest first; nothing for whoever may not.
Task<Result<std::vector<Proposal>>> proposals_of_company(Database& database, const Actor& actor,
                                                         const AccessSettings& access,
                                                         std::string company);
/// Does it. As the act itself, also own_proposal and no_proposal.
Task<Result<CompanyChange>> confirm_proposal(Database& database, const Actor& actor,
                                             const AccessSettings& access, std::string company,
                                             long number);
/// By anybody who may, whoever proposed it among them.
Task<Result<CompanyChange>> drop_proposal(Database& database, const Actor& actor,
                                          const AccessSettings& access, std::string company,
                                          long number);

}  // namespace anteroom::store
