// What the command says of a company in the database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anteroom/asserted_access.h"
#include "anteroom/company_fetches.h"
#include "anteroom/company_links.h"
#include "anteroom/company_proposals.h"
#include "anteroom/domain_proofs.h"
#include "cli/commands/console.h"

namespace anteroom::cli {

/// Why a change was not made; empty: it was.
std::string company_refusal(store::CompanyChange change);

/// All that is said of one.
struct ShownCompany {
  store::CompanyRow row;
  ReadCompany read;
  std::optional<store::FetchState> fetch;
  std::vector<store::MetadataVersion> versions;
  std::vector<store::CompanyLink> links;
  std::optional<store::HandIn> handed_in;
  std::vector<store::DomainProof> proofs;
  std::vector<store::Proposal> proposals;
  store::TooManyGroups too_many_groups;
};
std::string company_text(const ShownCompany& shown, const Settings& settings);
Json company_json(const ShownCompany& shown, const Settings& settings);

/// "proven", or what the last look found.
std::string proof_text(const store::DomainProof& proof);

/// Puts a value where a path with dots leads. What reads as JSON is such a value, else a text.
/// Abort where the path leads through something that has no keys.
void set_value(Json& settings, const std::string& path, const std::string& value);

/// "a, b"
std::string joined_words(const std::vector<std::string>& words);

/// What the administrator of a company enters at the identity provider.
Json for_the_customer(const ServiceProviderSettings& sp, const std::string& company);
std::string for_the_customer_text(const Json& values);

}  // namespace anteroom::cli
