// What Manage's forms offer to choose from, and how they say what a database row holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/company_directory.h"
#include "anteroom/grants.h"
#include "anteroom/pages.h"
#include "anteroom/properties.h"
#include "anteroom/settings.h"

namespace anteroom::journey {

/// So many are offered to choose from; with more of them, they are found by what is typed.
inline constexpr std::size_t kMostOffered = 40;

/// Where grants (grants.h) reach a level.
class Reach {
 public:
  Reach(const AccessSettings& access, std::string_view grants, std::string_view level);

  /// At properties that nobody has thought of yet, too.
  [[nodiscard]] bool is_everywhere() const { return is_everywhere_; }
  [[nodiscard]] bool has(std::string_view property) const;
  /// As the database is asked: nullopt for all.
  [[nodiscard]] std::optional<std::vector<std::string>> among() const;
  /// Those of `keys` that it has.
  [[nodiscard]] std::vector<std::string> among(std::vector<std::string> keys) const;

 private:
  bool is_everywhere_ = false;
  std::vector<std::string> keys_;  // sorted
};

/// What options say: names, those that stand for several properties with the key.
std::vector<std::string> property_labels(const std::vector<store::Property>& properties);

/// One <option>: `value`, `label`, `is_chosen`.
pages::Values choice(std::string value, std::string label, std::string_view chosen);

std::vector<pages::Values> property_choices(const std::vector<store::Property>& properties,
                                            std::string_view chosen);

/// The levels up to `highest`.
std::vector<pages::Values> level_choices(const AccessSettings& access, std::string_view highest,
                                         std::string_view chosen);

/// "2026-05-04" of an ISO 8601 time.
std::string readable_day(std::string_view iso);

/// False: nobody with an address of this one's domain can, yet.
bool has_way_to_sign_on(const CompanyDirectory& companies, std::string_view canonical_email);

/// How somebody with this address will sign on.
Message way_to_sign_on(const CompanyDirectory& companies, std::string_view canonical_email);

}  // namespace anteroom::journey
