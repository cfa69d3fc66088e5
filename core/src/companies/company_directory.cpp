#include "anteroom/company_directory.h"

#include <algorithm>
#include <utility>

namespace anteroom {

CompanyDirectory::CompanyDirectory(const std::shared_ptr<const Settings>& settings,
                                   const std::vector<Company>& from_database) {
  all_.reserve(settings->identity_providers.size() + from_database.size());
  for (const IdentityProvider& company : settings->identity_providers) {
    add(Company(settings, &company));
  }
  for (const Company& company : from_database) add_from_database(company);
  // An entity ID goes before another company's alias for it.
  for (std::uint32_t place = 0; place < all_.size(); ++place) {
    for (const std::string& issuer : all_[place]->logout.issuers) {
      logout_issuers_.emplace(issuer, place);
    }
  }
}

void CompanyDirectory::add(Company company) {
  const auto place = static_cast<std::uint32_t>(all_.size());
  names_.emplace(company->name, place);
  for (const std::string& domain : company->domains) domains_.emplace(domain, place);
  if (const std::string& entity_id = company->metadata.entity_id; !entity_id.empty()) {
    entity_ids_.emplace(entity_id, place);
    logout_issuers_.emplace(entity_id, place);
  }
  allows_unsolicited_ = allows_unsolicited_ || company->allow_unsolicited;
  all_.push_back(std::move(company));
}

// As it is, or a copy without what is another's.
void CompanyDirectory::add_from_database(const Company& company) {
  const auto told = [&](const IdentityProvider& owner, const std::string& what) {
    conflicts_.push_back(company->name + ": " + what + " is " + owner.name + "'s already");
  };
  if (const IdentityProvider* owner = by_name(company->name)) {
    return told(*owner, "the name");
  }
  const auto is_taken = [&](const std::string& domain) { return by_domain(domain) != nullptr; };
  const std::string& entity_id = company->metadata.entity_id;
  const IdentityProvider* namesake = entity_id.empty() ? nullptr : by_entity_id(entity_id);
  if (namesake == nullptr && std::ranges::none_of(company->domains, is_taken)) return add(company);
  auto own = std::make_shared<IdentityProvider>(*company);
  std::erase_if(own->domains, is_taken);
  for (const std::string& domain : company->domains) {
    if (is_taken(domain)) told(*by_domain(domain), domain);
  }
  if (namesake != nullptr) {
    told(*namesake, "the entity ID " + entity_id);
    if (own->closed.empty()) own->closed = "its entity ID is another company's, " + namesake->name;
  }
  add(std::move(own));
}

const IdentityProvider* CompanyDirectory::find(const Index& index, std::string_view key) const {
  const auto found = index.find(key);
  return found == index.end() ? nullptr : all_[found->second].get();
}

const IdentityProvider* CompanyDirectory::by_name(std::string_view name) const {
  return find(names_, name);
}

const IdentityProvider* CompanyDirectory::by_domain(std::string_view lower_case_domain) const {
  return find(domains_, lower_case_domain);
}

const IdentityProvider* CompanyDirectory::by_entity_id(std::string_view entity_id) const {
  return find(entity_ids_, entity_id);
}

const IdentityProvider* CompanyDirectory::by_logout_issuer(std::string_view issuer) const {
  return find(logout_issuers_, issuer);
}

std::string CompanyDirectory::display_name(const std::string& name) const {
  const IdentityProvider* company = by_name(name);
  return company == nullptr ? name : company->display_name;
}

CompanyDirectory::Company CompanyDirectory::share(const IdentityProvider& company) const {
  return all_[names_.at(company.name)];
}

const IdentityProvider* CompanyDirectory::only() const {
  return all_.size() == 1 ? all_.front().get() : nullptr;
}

}  // namespace anteroom
