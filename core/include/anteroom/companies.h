// Companies that the database keeps: what support connects, and what every node knows of it within
// two seconds.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/actor.h"
#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/settings.h"
#include "anteroom/task.h"

namespace anteroom {

namespace store {

/// What a summary of metadata holds, and by which rules it was made: another number wherever either
/// changes. Of a row with another one the whole is read.
inline constexpr int kSummaryFormat = 1;

/// A company as it is kept.
struct CompanyRow {
  std::string name, display_name;
  std::string state;                 ///< "draft", "live", "suspended", "archived"
  std::vector<std::string> domains;  ///< lower case ASCII, the first that was given first
  std::string settings;              ///< a JSON object: keys of an entry of identity_providers
  std::string metadata;              ///< XML; empty: there is none, or `summary` stands for it
  long version = 0;                  ///< grows with every change to any company
  /// Addresses of who is told there; by find_company() and show_company() alone.
  std::vector<std::string> contacts = {};
  /// By changed_companies() alone: which version of its metadata is in force, 0: none that nodes
  /// need, and what it says without its keys, as NewMetadata::summary.
  int metadata_number = 0;
  std::string summary = {};
};

/// Those that have changed since a version, in the order in which they did.
Task<Result<std::vector<CompanyRow>>> changed_companies(Database& database, long version,
                                                        int limit);

/// The XML of that version of a company's metadata.
Task<Result<std::optional<std::string>>> metadata_of_company(Database& database, std::string name,
                                                             int number);

/// By name, behind `after`.
Task<Result<std::vector<CompanyRow>>> list_companies(Database& database, std::string after,
                                                     int limit);
Task<Result<std::optional<CompanyRow>>> find_company(Database& database, std::string name);

/// A version of a company's metadata.
struct MetadataVersion {
  int number = 0;
  std::string entity_id;
  std::vector<std::string> fingerprints;  ///< SHA-256 of its signing certificates
  std::string brought_by, brought_at;
  bool is_in_force = false;
};
/// The newest first, at most so many, and the one in force.
Task<Result<std::vector<MetadataVersion>>> metadata_versions(Database& database, std::string name,
                                                             int limit);

// What follows is for operators and for those who reach manage.connect_companies at all properties:
// the database decides, whatever the caller thinks, and nobody changes the company that they sign
// on at. Each change is audited.

/// What came of a change.
enum class CompanyChange {
  done,
  same,               ///< it was so
  no_company,         ///< or it is archived
  name_taken,         ///< by an archived one, too
  changed_meanwhile,  ///< somebody else has changed it since it was read
  entity_id_taken,    ///< another company has the metadata's
  domain_taken,       ///< another company has it
  below_another,      ///< the domain is, and nobody has said that it is meant
  no_metadata,        ///< so that nobody could sign on there
  no_domain,          ///< likewise
  still_live,         ///< it is suspended before it is archived
  own_company,        ///< the actor signs on at it
  above_own_level,    ///< a table of it would give more than the actor holds there
  no_link,            ///< the link does not hold any more (company_links.h)
  too_many,           ///< links, domains that are to be proven, or acts that wait
  proposed,           ///< it waits for a second person (company_proposals.h)
  own_proposal,       ///< nobody confirms what they have proposed
  no_proposal,        ///< there is none that holds
  not_allowed,
};

struct NewCompany {
  std::string name, display_name;
  std::string settings = "{}";  ///< as in CompanyRow
};
Task<Result<CompanyChange>> add_company(Database& database, const Actor& actor,
                                        const AccessSettings& access, NewCompany company);
/// Nothing where it is not as it was in the row.
Task<Result<CompanyChange>> change_company(Database& database, const Actor& actor,
                                           const AccessSettings& access, CompanyRow row);

/// Who is told there, by a letter, when it goes live: canonical addresses, at most ten.
Task<Result<CompanyChange>> set_company_contacts(Database& database, const Actor& actor,
                                                 const AccessSettings& access, std::string name,
                                                 const std::vector<std::string>& contacts);

struct NewMetadata {
  std::string xml, entity_id;
  std::vector<std::string> fingerprints;
  /// JSON of kSummaryFormat: what nodes know of it before somebody signs on there; empty where it
  /// is too much, and they read the whole.
  std::string summary;
};
/// In force at once; the versions before are kept. `version`: as in CompanyRow, when it was judged.
Task<Result<CompanyChange>> bring_metadata(Database& database, const Actor& actor,
                                           const AccessSettings& access, std::string name,
                                           long version, NewMetadata metadata);

struct DomainChange {
  CompanyChange change = CompanyChange::not_allowed;
  std::string owner;  ///< who has it, or the one above
  std::string above;  ///< below_another: the domain that it is below
};
/// `is_meant`: though it is below another company's.
Task<Result<DomainChange>> give_domain(Database& database, Actor actor, AccessSettings access,
                                       std::string name, std::string domain, bool is_meant);
Task<Result<CompanyChange>> withdraw_domain(Database& database, const Actor& actor,
                                            const AccessSettings& access, std::string name,
                                            std::string domain);

struct StateChange {
  CompanyChange change = CompanyChange::not_allowed;
  int sessions = 0;  ///< that have ended
};
/// "live", "suspended" or "archived". `version`: nothing where it is not as it was then.
Task<Result<StateChange>> set_company_state(Database& database, Actor actor, AccessSettings access,
                                            std::string name, std::optional<long> version,
                                            std::string state);

/// What is said of metadata and certificates that end in this time, as letters do first.
inline constexpr std::chrono::hours kEndsSoon{60 * 24};

struct CompanyFilter {
  std::string search;  ///< part of a name or of a domain; empty: all
  std::string state;   ///< empty: all but the archived
  /// Of those: "waiting" (something handed in, or an act that waits for a second person),
  /// "ends_soon" (within kEndsSoon, or over), "failing" (somebody was turned away in the last 24
  /// hours); empty: all.
  std::string only;
  std::string after;  ///< the last name of the page before
  int limit = 0;
};
/// A company in Manage's list.
struct CompanyLine {
  std::string name, display_name, state;
  std::vector<std::string> domains;
  int people = 0;  ///< at most 1,000 are counted
  std::string last_sign_on;
  int refused = 0;             ///< in the last 24 hours, of the newest 200
  std::string commonest;       ///< the code of most of them
  bool has_handed_in = false;  ///< something waits for support (company_links.h)
  bool has_proposal = false;   ///< something waits for a second person (company_proposals.h)
  /// When nobody can sign on there any more unless new metadata comes; nothing: it does not say.
  std::optional<Time> ends_at = {};
  bool ends_by_certificate = false;  ///< rather than by validUntil
};
/// By name.
Task<Result<std::vector<CompanyLine>>> search_companies(Database& database, Actor actor,
                                                        AccessSettings access,
                                                        CompanyFilter filter);

/// Without metadata; nothing for whoever may not.
Task<Result<std::optional<CompanyRow>>> show_company(Database& database, const Actor& actor,
                                                     const AccessSettings& access,
                                                     std::string name);

/// At most 1,000 of each are counted.
struct CompanyPeople {
  int people = 0, sessions = 0;
  int others = 0;  ///< unless it is live: with an address in its domains, not its own
};
Task<Result<CompanyPeople>> people_of_company(Database& database, Actor actor,
                                              AccessSettings access, std::string name);

/// What was done to a company.
struct CompanyEvent {
  std::string at, kind, actor, detail;
};
/// The newest first.
Task<Result<std::vector<CompanyEvent>>> history_of_company(Database& database, Actor actor,
                                                           AccessSettings access, std::string name,
                                                           int limit);

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
