// Companies that the database keeps: what support connects, and what every node knows of it within
// two seconds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/settings.h"
#include "anteroom/task.h"

namespace anteroom {

namespace store {

/// A company as it is kept.
struct CompanyRow {
  std::string name, display_name;
  std::string state;                 ///< "draft", "live", "suspended", "archived"
  std::vector<std::string> domains;  ///< lower case ASCII, the first that was given first
  std::string settings;              ///< a JSON object: keys of an entry of identity_providers
  std::string metadata;              ///< XML; empty: there is none, or nobody may sign on there
  long version = 0;                  ///< grows with every change to any company
};

/// Those that have changed since a version, in the order in which they did.
Task<Result<std::vector<CompanyRow>>> changed_companies(Database& database, long version,
                                                        int limit);

/// By name, behind `after`.
Task<Result<std::vector<CompanyRow>>> list_companies(Database& database, std::string after,
                                                     int limit);
Task<Result<std::optional<CompanyRow>>> find_company(Database& database, std::string name);

/// A version of a company's metadata.
struct MetadataVersion {
  int number = 0;
  std::string entity_id;
  std::string fingerprints;  ///< SHA-256 of its signing certificates, separated by spaces
  std::string brought_by, brought_at;
  bool is_in_force = false;
};
/// The newest first.
Task<Result<std::vector<MetadataVersion>>> metadata_versions(Database& database, std::string name);

/// What came of a change.
enum class CompanyChange {
  done,
  same,               ///< it was so
  no_company,         ///< or it is archived
  name_taken,         ///< by an archived one, too
  changed_meanwhile,  ///< somebody else has changed it since it was read
  entity_id_taken,    ///< another company has the metadata's
  domain_taken,       ///< another company has it
  no_metadata,        ///< so that nobody could sign on there
  no_domain,          ///< likewise
  still_live,         ///< it is suspended before it is archived
};

// Each is audited; `actor` is whom the audit trail names.
Task<Result<CompanyChange>> add_company(Database& database, std::string name,
                                        std::string display_name, std::string actor);
/// Nothing where it is not as it was in the row.
Task<Result<CompanyChange>> change_company(Database& database, CompanyRow row, std::string actor);

struct NewMetadata {
  std::string xml, entity_id;
  std::vector<std::string> fingerprints;
};
/// In force at once; the versions before are kept.
Task<Result<CompanyChange>> bring_metadata(Database& database, std::string name,
                                           NewMetadata metadata, std::string actor);

struct DomainChange {
  CompanyChange change = CompanyChange::no_company;
  std::string owner;  ///< who has it
};
Task<Result<DomainChange>> give_domain(Database& database, std::string name, std::string domain,
                                       std::string actor);
Task<Result<CompanyChange>> withdraw_domain(Database& database, std::string name,
                                            std::string domain, std::string actor);

struct StateChange {
  CompanyChange change = CompanyChange::no_company;
  int sessions = 0;  ///< that have ended
};
/// "live", "suspended" or "archived".
Task<Result<StateChange>> set_company_state(Database& database, std::string name, std::string state,
                                            std::string actor);

}  // namespace store

/// IdentityProvider::closed of one that is suspended.
inline constexpr std::string_view kSuspended = "support has suspended it";

/// A row as the journey knows companies, with what is wrong or odd in it for operators.
struct ReadCompany {
  IdentityProvider company;
  std::vector<Problem> problems;
};

/// By the rules of the configuration. What is wrong closes the company. Never throws.
[[nodiscard]] ReadCompany read_company(const store::CompanyRow& row, const Settings& settings,
                                       Time now);

/// The same as nodes have it; nullptr: draft and archived ones are nobody's business but support's.
[[nodiscard]] std::shared_ptr<const IdentityProvider> as_nodes_know(const store::CompanyRow& row,
                                                                    const Settings& settings,
                                                                    Time now);

/// Domains that nobody may be given: anyone can have an address there.
[[nodiscard]] bool is_public_mail_domain(std::string_view domain);

}  // namespace anteroom
