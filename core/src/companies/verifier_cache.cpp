#include "companies/verifier_cache.h"

#include <exception>

namespace anteroom::companies {

namespace {

using Company = VerifierCache::Company;

bool is_known_by_summary(const IdentityProvider& company) {
  return company.metadata.is_summary && company.closed.empty();
}

// With the keys that its summary leaves out.
Result<Company> completed(const Company& company, const std::string& xml) {
  auto metadata = saml::parse_idp_metadata(xml, Time{}, company->metadata_source.certificate_der);
  if (!metadata) return Failure{kCompanyClosed, metadata.failure().detail};
  if (metadata->entity_id != company->metadata.entity_id) {
    return Failure{kCompanyClosed, "its metadata is another entity's, " + metadata->entity_id};
  }
  auto whole = std::make_shared<IdentityProvider>(*company);
  whole->metadata = std::move(*metadata);
  return Company(std::move(whole));
}

}  // namespace

Result<VerifierCache::Verifier> VerifierCache::make(const Company& company,
                                                    const std::string& xml) const {
  if (!company->closed.empty()) return Failure{kCompanyClosed, company->closed};
  const Result<Company> whole = company->metadata.is_summary ? completed(company, xml) : company;
  if (!whole) return whole.failure();
  try {
    return Verifier(std::make_shared<const saml::CompanyVerifier>(ours_, *whole));
  } catch (const std::exception& error) {
    return Failure{kCompanyClosed, error.what()};
  }
}

VerifierCache::EntryPointer VerifierCache::known_entry(const Company& company) {
  const auto known = by_name_.find(company->name);
  if (known == by_name_.end() || (*known->second)->company != company) return nullptr;
  recent_.splice(recent_.begin(), recent_, known->second);
  return recent_.front();
}

VerifierCache::EntryPointer VerifierCache::entry_of(const Company& company) {
  const std::lock_guard lock(mutex_);
  if (EntryPointer known = known_entry(company)) return known;
  const auto other = by_name_.find(company->name);
  if (other != by_name_.end()) {
    recent_.erase(other->second);
    by_name_.erase(other);
  }
  recent_.push_front(std::make_shared<Entry>(company));
  by_name_.emplace(company->name, recent_.begin());
  if (recent_.size() > most_) {
    by_name_.erase(recent_.back()->company->name);
    recent_.pop_back();
  }
  return recent_.front();
}

std::optional<Result<VerifierCache::Verifier>> VerifierCache::of(const Company& company) {
  if (!is_known_by_summary(*company)) return open(company, "");
  EntryPointer entry;
  {
    const std::lock_guard lock(mutex_);
    entry = known_entry(company);
  }
  if (entry == nullptr) return std::nullopt;
  const std::lock_guard making(entry->making);
  return made_in(*entry);
}

Result<VerifierCache::Verifier> VerifierCache::open(const Company& company,
                                                    const std::string& xml) {
  const EntryPointer entry = entry_of(company);
  const std::lock_guard making(entry->making);
  if (auto known = made_in(*entry)) return std::move(*known);
  Result<Verifier> verifier = make(company, xml);
  const std::lock_guard lock(mutex_);
  return entry->made.emplace(std::move(verifier));
}

std::optional<Result<VerifierCache::Verifier>> VerifierCache::made_in(const Entry& entry) const {
  const std::lock_guard lock(mutex_);
  return entry.made;
}

std::optional<Result<VerifierCache::Verifier>> VerifierCache::made(const Company& company) const {
  const std::lock_guard lock(mutex_);
  const auto known = by_name_.find(company->name);
  if (known == by_name_.end() || (*known->second)->company != company) return std::nullopt;
  return (*known->second)->made;
}

std::size_t VerifierCache::size() const {
  const std::lock_guard lock(mutex_);
  return recent_.size();
}

}  // namespace anteroom::companies
