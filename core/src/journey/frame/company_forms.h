// What is shown and taken of a company's connection, whoever has it before them: support, or its
// administrator.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/company_rules.h"
#include "anteroom/domain_proofs.h"
#include "anteroom/pages.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

inline constexpr std::size_t kMaxCompanyName = 64;  ///< one more than a name may have
inline constexpr std::size_t kMaxDomain = 300;      ///< likewise of a domain, and some white space

/// `identifier` … `metadata_url`: what a company's administrator enters.
void add_our_values(const Context& context, const std::string& name, pages::Values& values);

/// The `preset` of settings; that of one that says none where there is none.
std::string preset_in(const std::string& settings);

/// A domain as it is kept and, where that differs, as people write it: `domain`, `spelt`.
pages::Values domain_values(const std::string& domain);

/// How it stands with its proof: `record`, `challenge`, `is_proven`; else `look`, `found` and `at`.
void add_proof(const store::DomainProof& proof, pages::Values& values);

/// `fingerprint` each.
std::vector<pages::Values> key_values(const std::vector<std::string>& fingerprints);
std::vector<pages::Values> remark_values(const std::vector<std::string>& remarks);

/// Metadata that was sent, as a text or a file.
struct GivenMetadata {
  std::string name;         ///< the company's, where the form has it
  std::string link, offer;  ///< as the page of set_up/ has them
  std::string xml;
  long version = -1;  ///< of the company, as the page showed it
  bool is_confirmed = false;
};
/// nullopt: that is no such form.
std::optional<GivenMetadata> given_metadata(const Exchange& exchange);

/// That of no company, where it is not a number.
long version_in(std::string_view text);

/// As nodes would read it: parsing and loading keys is for the thread pool.
Task<Result<JudgedMetadata>> judge_in_pool(Exchange& exchange, store::CompanyRow row);

/// Why it cannot be used.
Message metadata_message(const CompanyVerdict& verdict);

/// A link for testing signing on there; empty: there is no randomness.
std::string test_link_for(const Exchange& exchange, const std::string& company);

}  // namespace anteroom::journey
