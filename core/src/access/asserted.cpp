#include <algorithm>

#include "anteroom/asserted_access.h"
#include "anteroom/settings.h"

namespace anteroom {

std::vector<AssertedGrant> given_for(const AssertedAccess& table,
                                     const std::vector<std::string>& values) {
  std::vector<std::string> sorted = values;
  std::ranges::sort(sorted);
  std::vector<AssertedGrant> grants;
  for (const ValueAccess& row : table.values) {
    if (!std::ranges::binary_search(sorted, row.value)) continue;
    for (const std::string& property : row.properties) {
      grants.push_back({row.value, property, row.level});
    }
  }
  return grants;
}

Asserted read_asserted(
    const AssertedAccess& table,
    const std::map<std::string, std::vector<std::string>, std::less<>>& attributes) {
  if (table.values.empty()) return {};
  const auto said = attributes.find(table.attribute);
  if (said != attributes.end()) return {Asserted::Kind::said, given_for(table, said->second)};
  const bool is_too_many =
      table.attribute == kEntraGroups && attributes.find(kEntraGroupsLink) != attributes.end();
  if (!is_too_many) return {Asserted::Kind::said};
  std::vector<std::string> all;
  for (const ValueAccess& row : table.values) all.push_back(row.value);
  return {Asserted::Kind::too_many, given_for(table, all)};
}

}  // namespace anteroom
