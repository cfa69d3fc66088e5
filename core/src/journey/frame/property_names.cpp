#include "journey/frame/property_names.h"

#include "access/levels.h"
#include "anteroom/grants.h"

namespace anteroom::journey {

std::vector<std::string> keys_in_grants(std::string_view grants) {
  std::vector<std::string> keys;
  for_each_grant(grants, [&keys](const Grant& grant) {
    if (!grant.is_everywhere()) keys.emplace_back(grant.property);
  });
  return keys;
}

std::vector<std::string> keys_for_refusal(const AccessSettings& access, const SessionFields& who,
                                          const Requirement& requirement) {
  std::vector<std::string> keys = keys_in_grants(who.properties);
  if (!access::level_at(access, who.properties, requirement.property, who.closed).empty()) {
    keys.emplace_back(requirement.property);
  }
  return keys;
}

void name_property(pages::Values& values, std::string_view key, const store::PropertyNames& names) {
  const auto found = names.find(key);
  const bool is_named = found != names.end() && !found->second.name.empty();
  const bool is_all = key == kAllProperties;
  values.text["property"] = is_all ? "" : is_named ? found->second.name : std::string(key);
  values.text["property_key"] = is_named && found->second.is_shared ? std::string(key) : "";
}

std::string name_of_property(std::string_view key, const store::PropertyNames& names) {
  const auto found = names.find(key);
  if (found == names.end() || found->second.name.empty()) return std::string(key);
  return found->second.name + (found->second.is_shared ? " (" + std::string(key) + ")" : "");
}

std::vector<std::string> keys_in_asserted(const std::vector<AssertedGrant>& grants) {
  std::vector<std::string> keys;
  for (const AssertedGrant& grant : grants) {
    if (grant.property != kAllProperties) keys.push_back(grant.property);
  }
  return keys;
}

std::vector<pages::Values> named_grants(std::string_view grants,
                                        const store::PropertyNames& names) {
  std::vector<pages::Values> entries;
  for_each_grant(grants, [&](const Grant& grant) {
    pages::Values entry;
    name_property(entry, grant.property, names);
    entry.text["level"] = grant.level;
    entries.push_back(std::move(entry));
  });
  return entries;
}

}  // namespace anteroom::journey
