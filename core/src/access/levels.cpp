#include "access/levels.h"

#include <algorithm>

namespace anteroom::access {

namespace {

constexpr std::string_view kEverywhere = "*";

}  // namespace

std::optional<std::size_t> rank(const AccessSettings& access, std::string_view level) {
  const auto found = std::find(access.levels.begin(), access.levels.end(), level);
  if (found == access.levels.end()) return std::nullopt;
  return static_cast<std::size_t>(found - access.levels.begin());
}

std::string_view level_at(const AccessSettings& access, std::string_view properties,
                          std::string_view property) {
  std::string_view best;
  std::optional<std::size_t> best_rank;
  while (!properties.empty()) {
    const auto comma = properties.find(',');
    const std::string_view grant = properties.substr(0, comma);
    properties =
        comma == std::string_view::npos ? std::string_view{} : properties.substr(comma + 1);
    const auto equals = grant.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = grant.substr(0, equals);
    if (key != kEverywhere && key != property) continue;
    const std::string_view level = grant.substr(equals + 1);
    const auto level_rank = rank(access, level);
    if (level_rank && (!best_rank || *level_rank > *best_rank)) {
      best = level;
      best_rank = level_rank;
    }
  }
  return best;
}

bool meets(const AccessSettings& access, const SessionFields& session,
           const Requirement& requirement) {
  std::string_view held = session.access_level;
  if (requirement.has_property) {
    // "*" is how a grant for all properties is written, never the name of one.
    if (requirement.property.empty() || requirement.property == kEverywhere) return false;
    held = level_at(access, session.properties, requirement.property);
  }
  const auto held_rank = rank(access, held);
  if (!held_rank) return false;
  if (!requirement.level) return true;
  const auto needed_rank = rank(access, *requirement.level);
  return needed_rank && *held_rank >= *needed_rank;
}

}  // namespace anteroom::access
