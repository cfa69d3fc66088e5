// What a node keeps on its disk of the companies in the database, so that a worker knows them
// before it has asked, and where it cannot.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "anteroom/companies.h"
#include "anteroom/company_directory.h"
#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom {

/// Stands for all that a row says: as_nodes_know() makes the same of the same.
using RowDigest = TokenHash;
[[nodiscard]] RowDigest digest_of(const store::CompanyRow& row);

/// As they were when the database was asked. What is shown may come of it; whom a company vouches
/// for is decided by what the database has confirmed since.
struct KeptCompanies {
  struct One {
    RowDigest digest{};
    IdentityProvider company;
  };
  std::vector<One> companies;
  Time kept_at;
};

struct ReadKept {
  std::shared_ptr<const KeptCompanies> kept;  ///< null: there is nothing to begin with
  std::string problem;                        ///< why, where there should be something
};
/// Of companies.kept_in. A file that is not ours, was changed, was sealed under a key that is gone
/// or by a version that reads rows otherwise is as none. Read before the fork: all share it.
[[nodiscard]] ReadKept read_kept_companies(const Settings& settings, Time now);

/// Gathers rows of companies, then puts them in the place of what was kept.
class CompanyKeeper {
 public:
  explicit CompanyKeeper(const Settings& settings);

  /// What was taken of the same name before is forgotten.
  void take(const store::CompanyRow& row, bool is_kept);
  /// Blocks: for a Worker's `work`. Sealed under a key derived from the first cookie key, 0600, on
  /// disk before it takes the place of the one before. `nonce`: 24 random bytes.
  [[nodiscard]] Status keep(const std::string& nonce, Time now) const;

 private:
  const Settings& settings_;
  std::map<std::string, std::string> rows_;  ///< by name, packed
};

/// What a process knows of companies when it starts.
struct FirstCompanies {
  std::shared_ptr<const CompanyDirectory> directory;
  std::shared_ptr<const KeptCompanies> kept = nullptr;  ///< is in `directory`
  bool is_keeper = false;  ///< one process of a node writes what the next start begins with
};
[[nodiscard]] FirstCompanies first_companies(const std::shared_ptr<const Settings>& settings,
                                             std::shared_ptr<const KeptCompanies> kept);

}  // namespace anteroom
