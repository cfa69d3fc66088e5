#include "companies/verifier_cache.h"

#include <exception>

namespace anteroom::companies {

Result<VerifierCache::Verifier> VerifierCache::make(const Company& company) const {
  if (!company->closed.empty()) return Failure{kCompanyClosed, company->closed};
  try {
    return Verifier(std::make_shared<const saml::CompanyVerifier>(ours_, company));
  } catch (const std::exception& error) {
    return Failure{kCompanyClosed, error.what()};
  }
}

VerifierCache::EntryPointer VerifierCache::entry_of(const Company& company) {
  const std::lock_guard lock(mutex_);
  const auto known = by_name_.find(company->name);
  if (known != by_name_.end() && (*known->second)->company == company) {
    recent_.splice(recent_.begin(), recent_, known->second);
    return recent_.front();
  }
  if (known != by_name_.end()) {
    recent_.erase(known->second);
    by_name_.erase(known);
  }
  recent_.push_front(std::make_shared<Entry>(company));
  by_name_.emplace(company->name, recent_.begin());
  if (recent_.size() > most_) {
    by_name_.erase(recent_.back()->company->name);
    recent_.pop_back();
  }
  return recent_.front();
}

Result<VerifierCache::Verifier> VerifierCache::of(const Company& company) {
  const EntryPointer entry = entry_of(company);
  const std::lock_guard lock(entry->making);
  if (!entry->made) entry->made.emplace(make(company));
  return *entry->made;
}

std::optional<Result<VerifierCache::Verifier>> VerifierCache::made(const Company& company) const {
  EntryPointer entry;
  {
    const std::lock_guard lock(mutex_);
    const auto known = by_name_.find(company->name);
    if (known == by_name_.end() || (*known->second)->company != company) return std::nullopt;
    entry = *known->second;
  }
  const std::unique_lock lock(entry->making, std::try_to_lock);
  return lock ? entry->made : std::nullopt;
}

std::size_t VerifierCache::size() const {
  const std::lock_guard lock(mutex_);
  return recent_.size();
}

}  // namespace anteroom::companies
