// Verifiers of the companies whose people sign on here, made when they are needed.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "anteroom/company_directory.h"
#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/saml.h"

namespace anteroom::companies {

/// What this company says of itself is of no use: nobody signs on there, and everybody else does.
inline constexpr Code kCompanyClosed{"company_closed"};

/// Of those used last, one for each company: another version of it takes the place of the one
/// before. Safe to use from many threads at once; whoever waits waits for their own company.
class VerifierCache {
 public:
  using Company = CompanyDirectory::Company;
  using Verifier = std::shared_ptr<const saml::CompanyVerifier>;

  VerifierCache(saml::OwnKeys ours, std::size_t most) : ours_(std::move(ours)), most_(most) {}

  /// Made now where it is not there: a millisecond of work, not for an event loop. Fails with
  /// kCompanyClosed and an operator's message where its data is of no use. nullopt: it is known by
  /// a summary alone, and open() has to come first.
  std::optional<Result<Verifier>> of(const Company& company);

  /// The same for any company; `xml` is the metadata of one that is known by its summary.
  Result<Verifier> open(const Company& company, const std::string& xml);

  /// What of() gives, if it was made before.
  [[nodiscard]] std::optional<Result<Verifier>> made(const Company& company) const;

  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    explicit Entry(Company company_) : company(std::move(company_)) {}
    const Company company;
    std::mutex making;  // held by whoever makes it, and by nobody for long afterwards
    std::optional<Result<Verifier>> made;  // guarded by mutex_
  };
  using EntryPointer = std::shared_ptr<Entry>;
  using Recent = std::list<EntryPointer>;

  // Counts as a use; nullptr: there is none. mutex_ is held.
  EntryPointer known_entry(const Company& company);
  EntryPointer entry_of(const Company& company);
  [[nodiscard]] std::optional<Result<Verifier>> made_in(const Entry& entry) const;
  [[nodiscard]] Result<Verifier> make(const Company& company, const std::string& xml) const;

  const saml::OwnKeys ours_;
  const std::size_t most_;
  mutable std::mutex mutex_;  // of what follows, and of what was made; never held meanwhile
  Recent recent_;             // last used first
  std::unordered_map<std::string, Recent::iterator> by_name_;
};

}  // namespace anteroom::companies
