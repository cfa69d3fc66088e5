// What somebody may do where, as sessions, the database and apps have it: "key=level,key=level".
#pragma once

#include <algorithm>
#include <string_view>

namespace anteroom {

/// In the place of a property's key: at all of them. No property has this name.
inline constexpr std::string_view kAllProperties = "*";

struct Grant {
  std::string_view property;  ///< key
  std::string_view level;

  [[nodiscard]] bool is_everywhere() const { return property == kAllProperties; }
};

/// Calls `visit` with each grant of the text. What has no '=' is left out; a key ends at the first
/// one (neither keys nor levels hold ',' or '=').
template <class Visit>
void for_each_grant(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string_view grant = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto equals = grant.find('=');
    if (equals == std::string_view::npos) continue;
    visit(Grant{grant.substr(0, equals), grant.substr(equals + 1)});
  }
}

}  // namespace anteroom
