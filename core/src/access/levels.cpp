#include "access/levels.h"

#include <algorithm>

#include "anteroom/grants.h"

namespace anteroom::access {

namespace {

template <class Counts>
std::string_view highest_of(const AccessSettings& access, std::string_view grants, Counts counts) {
  std::string_view best;
  std::optional<std::size_t> best_rank;
  for_each_grant(grants, [&](const Grant& grant) {
    if (!counts(grant)) return;
    const auto level_rank = rank(access, grant.level);
    if (!level_rank || (best_rank && *level_rank <= *best_rank)) return;
    best = grant.level;
    best_rank = level_rank;
  });
  return best;
}

// Whether a list of keys has this one, or stands for all.
bool is_among(std::string_view keys, std::string_view property) {
  if (keys == kAllProperties) return property != kAllProperties;
  while (!keys.empty()) {
    const auto comma = std::min(keys.find(','), keys.size());
    if (keys.substr(0, comma) == property) return true;
    keys.remove_prefix(std::min(comma + 1, keys.size()));
  }
  return false;
}

}  // namespace

std::optional<std::size_t> rank(const AccessSettings& access, std::string_view level) {
  const auto found = std::find(access.levels.begin(), access.levels.end(), level);
  if (found == access.levels.end()) return std::nullopt;
  return static_cast<std::size_t>(found - access.levels.begin());
}

std::string_view level_at(const AccessSettings& access, std::string_view grants,
                          std::string_view property, std::string_view closed) {
  if (is_among(closed, property)) return {};
  return highest_of(access, grants, [property](const Grant& grant) {
    return grant.is_everywhere() || grant.property == property;
  });
}

std::string_view highest_level(const AccessSettings& access, std::string_view grants) {
  return highest_of(access, grants, [](const Grant&) { return true; });
}

bool meets(const AccessSettings& access, const SessionFields& session,
           const Requirement& requirement) {
  std::string_view held = session.access_level;
  if (requirement.has_property) {
    // "*" is how a grant for all properties is written, never the name of one.
    if (requirement.property.empty() || requirement.property == kAllProperties) return false;
    held = level_at(access, session.properties, requirement.property, session.closed);
  }
  const auto held_rank = rank(access, held);
  if (!held_rank) return false;
  if (!requirement.level) return true;
  const auto needed_rank = rank(access, *requirement.level);
  return needed_rank && *held_rank >= *needed_rank;
}

}  // namespace anteroom::access
