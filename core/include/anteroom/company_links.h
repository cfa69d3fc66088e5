// Links by which a company's administrator, without an account, hands in its connection; and what
// was handed in.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "anteroom/companies.h"

namespace anteroom::store {

/// How long a link holds.
inline constexpr std::chrono::seconds kLinkLife = std::chrono::hours(72);

/// Of the database a link's holder is known by two hashes: of the link's token until it is opened,
/// and from then on of what the browser that opened it keeps.
struct NewLink {
  std::string company;
  TokenHash token{};
  std::string sent_to;  ///< canonical; empty: whoever made it passes it on
  std::string sealed;   ///< the token, for the letter alone (mail::seal_link())
};
/// As changes of companies (companies.h); too_many: ten of the company hold.
Task<Result<CompanyChange>> make_link(Database& database, const Actor& actor,
                                      const AccessSettings& access, NewLink link);
/// It ends, and whoever has opened it is out.
Task<Result<CompanyChange>> end_link(Database& database, const Actor& actor,
                                     const AccessSettings& access, std::string company,
                                     long number);

/// One that holds. Times as ISO 8601.
struct CompanyLink {
  long number = 0;
  std::string sent_to, made_by, made_at;
  std::string opened_at;  ///< empty: not yet
  std::string ends_at;
};
/// The newest first.
Task<Result<std::vector<CompanyLink>>> links_of_company(Database& database, std::string company);

/// What waits for support. Times as ISO 8601.
struct HandIn {
  std::string handed_in_at;  ///< empty: only metadata waits, nobody has said that it is all
  std::string offered_by, offered_at;  ///< of that metadata; empty: there is none
  std::string xml, entity_id;
  std::vector<std::string> fingerprints;
};
Task<Result<std::optional<HandIn>>> hand_in_of_company(Database& database, std::string company);
/// Support has seen to it: what was not taken is thrown away.
Task<Result<CompanyChange>> close_hand_in(Database& database, const Actor& actor,
                                          const AccessSettings& access, std::string company);

enum class Opening {
  opened,  ///< by this browser, from now on
  again,   ///< this browser has opened it before
  used,    ///< another one has
  ended,   ///< or there never was such a link
};
struct OpenedLink {
  Opening opening = Opening::ended;
  long link = 0;
};
/// `browser`: the hash of what the browser keeps, which may have opened other links, too.
Task<Result<OpenedLink>> open_link(Database& database, AccessSettings access, std::string client,
                                   TokenHash token, TokenHash browser);

/// Whoever has opened a link, as the functions that follow ask for it.
struct LinkHolder {
  TokenHash browser{};
  std::string client_address;
  std::optional<long> link = {};  ///< its number; none: the one that the browser opened last
};

/// What the link's holder is shown of the company. Times as ISO 8601.
struct CompanyByLink {
  CompanyRow row;  ///< without metadata and contacts
  long link = 0;
  std::string ends_at;
  std::string handed_in_at;               ///< empty: nothing waits for support
  std::string entity_id;                  ///< of the metadata in force; empty: there is none
  std::vector<std::string> fingerprints;  ///< likewise
  std::string offered_entity_id;          ///< of metadata that waits for support
  std::vector<std::string> offered_fingerprints;
  std::string offer;  ///< which metadata that is; empty: none waits
};
/// Nothing where the browser has opened none that holds.
Task<Result<std::optional<CompanyByLink>>> company_by_link(Database& database,
                                                           const LinkHolder& holder);

// Changes by a link's holder: no_link where it does not hold any more.

/// In force at once of a draft that nobody has handed in; else it waits for support. Nothing where
/// the company, or the metadata that waits, is not as it was: `version`, `offer`.
Task<Result<CompanyChange>> hand_in_metadata(Database& database, const AccessSettings& access,
                                             const LinkHolder& holder, long version,
                                             std::string offer, NewMetadata metadata);
/// `challenge`: what its record is to say, unless it was asked for before.
Task<Result<CompanyChange>> ask_for_domain(Database& database, const AccessSettings& access,
                                           const LinkHolder& holder, std::string domain,
                                           std::string challenge);
Task<Result<CompanyChange>> take_domain_back(Database& database, const AccessSettings& access,
                                             const LinkHolder& holder, std::string domain);
/// Soon rather than later.
Task<Result<CompanyChange>> look_again(Database& database, const LinkHolder& holder,
                                       std::string domain);
/// A draft whose domains are all proven, and nobody else's, goes live without support: true. Else
/// nothing was done. `version`: of the company, when it was judged.
Task<Result<bool>> go_live_by_link(Database& database, const AccessSettings& access,
                                   const LinkHolder& holder, long version);
/// Support is told.
Task<Result<CompanyChange>> hand_in(Database& database, const AccessSettings& access,
                                    const LinkHolder& holder);

}  // namespace anteroom::store
