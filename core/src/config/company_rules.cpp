#include "anteroom/company_rules.h"

#include <algorithm>
#include <utility>

#include "anteroom/email.h"
#include "anteroom/saml.h"
#include "config/metadata_summary.h"
#include "text/unicode.h"

namespace anteroom {

namespace {

// The table takes 64 KiB of either, with spaces in between.
constexpr std::size_t kMostSummary = 48u << 10;
constexpr std::size_t kMostSettings = 48u << 10;

const IdentityProvider* configured(const Settings& settings, std::string_view name) {
  const auto& all = settings.identity_providers;
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return at == all.end() ? nullptr : &*at;
}

const IdentityProvider* owner_of(const Settings& settings, const std::string& domain) {
  const auto& all = settings.identity_providers;
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& one) {
    return std::find(one.domains.begin(), one.domains.end(), domain) != one.domains.end();
  });
  return at == all.end() ? nullptr : &*at;
}

// Of the nearest domain that this one is below.
const IdentityProvider* owner_above(const Settings& settings, std::string domain) {
  for (auto dot = domain.find('.'); dot != std::string::npos; dot = domain.find('.')) {
    domain.erase(0, dot + 1);
    if (const IdentityProvider* owner = owner_of(settings, domain)) return owner;
  }
  return nullptr;
}

CompanyVerdict bad(CompanyFault fault, std::string why) {
  return {fault, std::move(why)};
}

std::string errors_of(const ReadCompany& read) {
  std::string wrong;
  for (const Problem& problem : read.problems) {
    if (!problem.is_warning) wrong += (wrong.empty() ? "" : "\n") + to_string(problem);
  }
  return wrong.empty() ? read.company.closed : wrong;
}

store::NewMetadata as_kept(const std::string& xml, const IdpMetadata& metadata) {
  store::NewMetadata kept{xml, metadata.entity_id, {}, config::write_summary(metadata)};
  for (const IdpCertificate& one : metadata.certificates) {
    kept.fingerprints.push_back(one.fingerprint);
  }
  if (kept.summary.size() > kMostSummary) kept.summary.clear();
  return kept;
}

}  // namespace

bool is_company_name(std::string_view name) {
  constexpr std::size_t kLongest = 63;
  if (name.empty() || name.size() > kLongest || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

CompanyVerdict judge_company_name(const Settings& settings, const std::string& name) {
  if (!is_company_name(name)) {
    return bad(CompanyFault::bad_name,
               "'" + name + "' is not a name: a-z, 0-9 and inner hyphens, at most 63");
  }
  if (configured(settings, name) != nullptr) {
    return bad(CompanyFault::name_is_configured,
               name + " is an identity provider in the configuration already");
  }
  return {};
}

CompanyVerdict judge_company_domain(const Settings& settings, const std::string& company,
                                    const std::string& domain, bool is_meant) {
  const auto canonical = canonical_domain(domain);
  if (!canonical || *canonical != domain) {
    return bad(CompanyFault::bad_domain,
               "'" + domain + "' is not an email domain in lower case such as example.com");
  }
  if (is_public_mail_domain(domain)) {
    return bad(CompanyFault::public_domain,
               domain + " is a public mail domain: anyone can have an address there");
  }
  const IdentityProvider* owner = owner_of(settings, domain);
  if (owner != nullptr && owner->name != company) {
    return bad(CompanyFault::domain_is_configured,
               domain + " belongs to " + owner->name + " in the configuration");
  }
  const IdentityProvider* above = is_meant ? nullptr : owner_above(settings, domain);
  if (above == nullptr || above->name == company) return {};
  return bad(CompanyFault::below_configured,
             domain + " is below a domain of " + above->name + " in the configuration");
}

JudgedContacts judge_company_contacts(const std::vector<std::string>& given) {
  constexpr std::size_t kMost = 10;  // as the table says
  JudgedContacts judged;
  for (const std::string& one : given) {
    const auto address = saml::canonical_email(one);
    if (!address) {
      judged.bad = one;
      judged.verdict = bad(CompanyFault::bad_contact, "'" + one + "' is not an email address");
      return judged;
    }
    auto& all = judged.addresses;
    if (std::find(all.begin(), all.end(), *address) == all.end()) all.push_back(*address);
  }
  if (judged.addresses.size() > kMost) {
    judged.verdict = bad(CompanyFault::too_many_contacts, "at most 10 contacts");
  }
  return judged;
}

CompanyVerdict judge_company_settings(const Settings& settings, store::CompanyRow row, Time now) {
  if (row.settings.size() > kMostSettings) {
    return bad(CompanyFault::bad_settings,
               "its settings are longer than 48 kB, certificates in them included");
  }
  row.state = "live";
  const ReadCompany read = read_company(row, settings, now);
  for (const Problem& problem : read.problems) {
    if (!problem.is_warning) return bad(CompanyFault::bad_settings, errors_of(read));
  }
  const std::string& pinned = read.company.metadata_source.certificate_der;
  if (pinned.empty() || row.metadata.empty()) return {};
  const auto parsed = saml::parse_idp_metadata(row.metadata, Time{}, pinned);
  if (parsed) return {};
  return bad(CompanyFault::bad_settings, "of the metadata in force: " + parsed.failure().detail);
}

CompanyVerdict judge_metadata_text(const std::string& xml) {
  if (xml.find("PRIVATE KEY") != std::string::npos) {
    return bad(CompanyFault::private_key,
               "there is a private key in it, which nobody else should have: it was not kept. Ask "
               "for the federation metadata, and that the key be replaced");
  }
  if (!text::is_utf8(xml)) {
    return bad(CompanyFault::not_text, "it is not UTF-8: save it as such and try again");
  }
  return {};
}

JudgedMetadata judge_company_metadata(const Settings& settings, store::CompanyRow row, Time now) {
  JudgedMetadata judged;
  const auto refuse = [&](CompanyFault fault, std::string why) {
    judged.verdict = {fault, std::move(why)};
    return std::move(judged);
  };
  judged.verdict = judge_metadata_text(row.metadata);
  if (!judged.verdict.is_good()) return judged;
  row.state = "live";
  const ReadCompany read = read_company(row, settings, now);
  auto parsed =
      saml::parse_idp_metadata(row.metadata, now, read.company.metadata_source.certificate_der);
  if (!parsed) return refuse(CompanyFault::bad_metadata, parsed.failure().detail);
  for (const IdentityProvider& company : settings.identity_providers) {
    if (company.name != row.name && company.metadata.entity_id == parsed->entity_id) {
      return refuse(CompanyFault::entity_id_is_configured, "the entity ID " + parsed->entity_id +
                                                               " is that of " + company.name +
                                                               " in the configuration");
    }
  }
  if (!read.company.closed.empty()) return refuse(CompanyFault::bad_metadata, errors_of(read));
  for (const Problem& problem : read.problems) judged.remarks.push_back(problem.message);
  judged.kept = as_kept(row.metadata, *parsed);
  judged.metadata = std::move(*parsed);
  return judged;
}

}  // namespace anteroom
