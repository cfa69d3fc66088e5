#include "journey/manage/choices.h"

#include <algorithm>
#include <map>

#include "access/levels.h"
#include "anteroom/saml.h"

namespace anteroom::journey {

namespace {

constexpr std::size_t kDay = 10;  // "2026-05-04"

}  // namespace

Reach::Reach(const AccessSettings& access, std::string_view grants, std::string_view level) {
  const auto needed = access::rank(access, level);
  if (!needed) return;
  for_each_grant(grants, [&](const Grant& grant) {
    const auto held = access::rank(access, grant.level);
    if (!held || *held < *needed) return;
    if (grant.is_everywhere()) is_everywhere_ = true;
    keys_.emplace_back(grant.property);
  });
  std::sort(keys_.begin(), keys_.end());
}

bool Reach::has(std::string_view property) const {
  return is_everywhere_ || std::binary_search(keys_.begin(), keys_.end(), property);
}

std::optional<std::vector<std::string>> Reach::among() const {
  return is_everywhere_ ? std::nullopt : std::optional(keys_);
}

std::vector<std::string> Reach::among(std::vector<std::string> keys) const {
  std::erase_if(keys, [this](const std::string& key) { return !has(key); });
  return keys;
}

pages::Values choice(std::string value, std::string label, std::string_view chosen) {
  const bool is_chosen = value == chosen;
  return {{{"value", std::move(value)}, {"label", std::move(label)}}, {{"is_chosen", is_chosen}}};
}

std::vector<std::string> property_labels(const std::vector<store::Property>& properties) {
  std::map<std::string_view, int> count;
  for (const store::Property& property : properties) ++count[property.name];
  std::vector<std::string> labels;
  labels.reserve(properties.size());
  for (const auto& [key, name] : properties) {
    std::string& label = labels.emplace_back(name.empty() ? key : name);
    if (!name.empty() && count[name] > 1) label.append(" (").append(key).append(")");
  }
  return labels;
}

std::vector<pages::Values> property_choices(const std::vector<store::Property>& properties,
                                            std::string_view chosen) {
  std::vector<pages::Values> choices;
  choices.reserve(properties.size());
  const std::vector<std::string> labels = property_labels(properties);
  for (std::size_t i = 0; i < properties.size(); ++i) {
    choices.push_back(choice(properties[i].key, labels[i], chosen));
  }
  return choices;
}

std::vector<pages::Values> level_choices(const AccessSettings& access, std::string_view highest,
                                         std::string_view chosen) {
  std::vector<pages::Values> choices;
  const auto last = access::rank(access, highest);
  for (std::size_t i = 0; last && i <= *last; ++i) {
    choices.push_back(choice(access.levels[i], access.levels[i], chosen));
  }
  return choices;
}

std::string readable_day(std::string_view iso) {
  return std::string(iso.substr(0, kDay));
}

bool has_way_to_sign_on(const CompanyDirectory& companies, std::string_view canonical_email) {
  return companies.by_domain(std::string(saml::email_domain(canonical_email))) != nullptr;
}

Message way_to_sign_on(const CompanyDirectory& companies, std::string_view canonical_email) {
  const std::string domain(saml::email_domain(canonical_email));
  const IdentityProvider* idp = companies.by_domain(domain);
  if (idp == nullptr) return {"signs_in_nowhere"_message, {{"domain", domain}}};
  if (idp->button_of.empty()) return {"signs_in_at"_message, {{"company", idp->display_name}}};
  return {"signs_in_with"_message, {{"provider", idp->button_of}, {"company", idp->display_name}}};
}

}  // namespace anteroom::journey
