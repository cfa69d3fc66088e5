// All companies that a process knows, found by what identifies them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom {

/// Immutable: whoever holds one sees no change until they ask for another. Costs a company some
/// hundred bytes; a look-up does not get slower with their number.
class CompanyDirectory {
 public:
  using Company = std::shared_ptr<const IdentityProvider>;

  /// Those of the configuration, which it keeps alive, then those of the database. What two of them
  /// claim is the configuration's, or else the first one's: of the other's domains such a one is
  /// left out, a whole company where it is the name, and one with another's entity ID is closed.
  explicit CompanyDirectory(const std::shared_ptr<const Settings>& settings,
                            const std::vector<Company>& from_database = {});

  // nullptr where there is none; alive as long as the directory.
  [[nodiscard]] const IdentityProvider* by_name(std::string_view name) const;
  /// Subdomains are other domains: only what is registered matches.
  [[nodiscard]] const IdentityProvider* by_domain(std::string_view lower_case_domain) const;
  [[nodiscard]] const IdentityProvider* by_entity_id(std::string_view entity_id) const;
  /// Whoever's logout messages bear this issuer: an entity ID, or one of SingleLogout::issuers.
  [[nodiscard]] const IdentityProvider* by_logout_issuer(std::string_view issuer) const;

  /// What people call it; of one that is not there (any more), its name.
  [[nodiscard]] std::string display_name(const std::string& name) const;

  /// In the order of the configuration, then of the database.
  [[nodiscard]] const std::vector<Company>& all() const { return all_; }
  /// What a company of the database claims in vain, one sentence each, for operators.
  [[nodiscard]] const std::vector<std::string>& conflicts() const { return conflicts_; }
  /// The same company, for who outlives the directory.
  [[nodiscard]] Company share(const IdentityProvider& company) const;
  /// The only one; nullptr where there are none or several.
  [[nodiscard]] const IdentityProvider* only() const;

  /// Whether any may send Responses that nobody has asked for.
  [[nodiscard]] bool allows_unsolicited() const { return allows_unsolicited_; }

 private:
  using Index = std::unordered_map<std::string_view, std::uint32_t>;

  void add(Company company);
  void add_from_database(const Company& company);
  [[nodiscard]] const IdentityProvider* find(const Index& index, std::string_view key) const;

  std::vector<Company> all_;
  std::vector<std::string> conflicts_;
  Index names_, domains_, entity_ids_, logout_issuers_;  ///< of texts that the companies own
  bool allows_unsolicited_ = false;
};

/// How a process knows the companies of the database.
struct CompaniesKnown {
  enum class How {
    from_database,
    as_kept,     ///< as the node kept them: the database could not be asked since the start
    not_at_all,  ///< nor was anything kept
  };
  How how = How::from_database;
  std::optional<Time> kept_at = std::nullopt;  ///< as_kept
};

}  // namespace anteroom
