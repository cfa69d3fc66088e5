// Whether a domain is its company's, proven by a TXT record that only whoever runs the domain can
// make.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/companies.h"

namespace anteroom {

/// The record's owner name: "_anteroom-challenge.example.com".
[[nodiscard]] std::string challenge_name(std::string_view domain);

/// What a record has to say; nullopt if the random source failed. Each domain of each company has
/// one of its own.
[[nodiscard]] std::optional<std::string> new_challenge(Random& random);

/// Whether one of these texts is it. White space and quotes around it, which some consoles add, do
/// not matter.
[[nodiscard]] bool has_challenge(const std::vector<std::string>& texts, std::string_view challenge);

namespace store {

/// How it stands with a domain's proof. Times as ISO 8601, empty: never.
struct DomainProof {
  std::string domain, challenge, asked_by;
  std::string owner;  ///< the company that has the domain; empty: none
  std::string checked_at, proven_at;
  std::string missing_since;  ///< it was proven, and the record is gone
  std::string outcome;        ///< of the last look (look_outcome); empty: there was none
  std::string found;          ///< likewise: texts that say something else, or where an alias leads
  std::string detail;         ///< likewise, as a sentence in English

  [[nodiscard]] bool is_proven() const { return !proven_at.empty() && missing_since.empty(); }
};
Task<Result<std::vector<DomainProof>>> proofs_of_company(Database& database, std::string company);

/// As changes of companies (companies.h); too_many: fifty of the company are asked for.
Task<Result<CompanyChange>> ask_for_proof(Database& database, const Actor& actor,
                                          const AccessSettings& access, std::string company,
                                          std::string domain, std::string challenge);
/// Unless the company has the domain.
Task<Result<CompanyChange>> refuse_domain(Database& database, const Actor& actor,
                                          const AccessSettings& access, std::string company,
                                          std::string domain);

/// It is looked up at once, by whoever refreshes companies. Also same: that was done a moment ago.
Task<Result<CompanyChange>> look_at_domain(Database& database, const Actor& actor,
                                           const AccessSettings& access, std::string company,
                                           std::string domain);

/// What is to be looked up now. Whoever has it has two minutes for it.
struct DueLook {
  std::string company, domain, challenge;
  bool was_proven = false;   ///< once, whatever was found since
  int failures = 0;          ///< in a row, before this: nobody answered
  std::chrono::seconds age;  ///< since it was asked for
  std::string lease;         ///< says that it is ours
};
/// Those that have been due for longest; nothing that somebody has already.
Task<Result<std::vector<DueLook>>> begin_looks(Database& database, int limit);
/// This one, due or not.
Task<Result<std::vector<DueLook>>> begin_look(Database& database, std::string company,
                                              std::string domain);
/// What came of it; as in DomainProof.
struct EndedLook {
  std::string outcome, found, detail;
  bool is_answered = false;                   ///< else nobody knows whether the record is there
  std::optional<std::chrono::seconds> pause;  ///< none: it is not looked up again by itself
};
Task<Result<Done>> end_look(Database& database, DueLook due, EndedLook ended);

/// A domain of a live company that is not proven any more.
struct MissingProof {
  std::string company, domain;
  Time since;
  std::string detail;
};
Task<Result<std::vector<MissingProof>>> missing_proofs(Database& database,
                                                       std::chrono::seconds age);
/// Writes a letter to each recipient, one for each time that it went. True: it is written now.
Task<Result<bool>> warn_of_missing_proof(Database& database,
                                         const std::vector<std::string>& recipients,
                                         MissingProof missing);

}  // namespace store

/// What came of a look.
namespace look_outcome {
inline constexpr std::string_view kProven = "proven";
inline constexpr std::string_view kNoName = "no_name";    ///< no such name (NXDOMAIN)
inline constexpr std::string_view kNoText = "no_text";    ///< it has no TXT record
inline constexpr std::string_view kOther = "other_text";  ///< its TXT records say something else
inline constexpr std::string_view kNoAnswer = "no_answer";
inline constexpr std::string_view kServerFailure = "server_failure";
inline constexpr std::string_view kServerRefused = "server_refused";
}  // namespace look_outcome

}  // namespace anteroom
