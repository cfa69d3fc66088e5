#include "anteroom/company_directory.h"

#include <utility>

namespace anteroom {

CompanyDirectory::CompanyDirectory(const std::shared_ptr<const Settings>& settings) {
  all_.reserve(settings->identity_providers.size());
  for (const IdentityProvider& company : settings->identity_providers) {
    add(Company(settings, &company));
  }
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
