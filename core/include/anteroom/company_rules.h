// What may become of a company in the database, judged before the database is asked: the same for
// commands and for Manage. Nothing here throws.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/companies.h"

namespace anteroom {

/// Of identity providers (configuration.md, Presets).
inline constexpr std::array<const char*, 6> kPresets{"entra",  "adfs",     "okta",
                                                     "google", "keycloak", "generic"};

enum class CompanyFault {
  none,
  bad_name,
  name_is_configured,  ///< what the configuration has goes first on every node
  bad_domain,
  public_domain,
  domain_is_configured,
  below_configured,  ///< the domain is below one of the configuration's, which may be meant
  private_key,       ///< where metadata was expected
  not_text,          ///< likewise
  bad_metadata,
  entity_id_is_configured,
  bad_settings,
  bad_contact,
  too_many_contacts,
};

struct CompanyVerdict {
  CompanyFault fault = CompanyFault::none;
  std::string why;  ///< for operators and support, in English; may have several lines

  [[nodiscard]] bool is_good() const { return fault == CompanyFault::none; }
};

/// a-z, 0-9 and inner hyphens, at most 63: what a company may be called, in rows and in YAML.
[[nodiscard]] bool is_company_name(std::string_view name);

[[nodiscard]] CompanyVerdict judge_company_name(const Settings& settings, const std::string& name);

/// Lower case ASCII is expected. `is_meant`: though it is below another company's.
[[nodiscard]] CompanyVerdict judge_company_domain(const Settings& settings,
                                                  const std::string& company,
                                                  const std::string& domain, bool is_meant);

/// Who is to be told at a company.
struct JudgedContacts {
  CompanyVerdict verdict;
  std::string bad;                     ///< the first that is no address
  std::vector<std::string> addresses;  ///< canonical, each once
};
/// As people write them. Cheap.
[[nodiscard]] JudgedContacts judge_company_contacts(const std::vector<std::string>& given);

/// A row's settings, as if it were live.
[[nodiscard]] CompanyVerdict judge_company_settings(const Settings& settings, store::CompanyRow row,
                                                    Time now);

struct JudgedMetadata {
  CompanyVerdict verdict;
  IdpMetadata metadata;              ///< of good ones
  std::vector<std::string> remarks;  ///< what is odd in it, for operators and support
  store::NewMetadata kept;           ///< good ones as they are kept
};

/// Whether a text may be metadata at all; where not, it is nothing to keep or to show. Cheap.
[[nodiscard]] CompanyVerdict judge_metadata_text(const std::string& xml);

/// A row's metadata, as if it were live. Takes a millisecond for each certificate.
[[nodiscard]] JudgedMetadata judge_company_metadata(const Settings& settings, store::CompanyRow row,
                                                    Time now);

}  // namespace anteroom
