#include <algorithm>
#include <iterator>

#include "anteroom/companies.h"
#include "anteroom/metrics.h"
#include "crypto/pem.h"

namespace anteroom::metrics {

namespace {

// The first 16 digits, as people compare them.
std::string shortened(std::string fingerprint) {
  constexpr std::size_t kDigits = 16;
  fingerprint.erase(std::remove(fingerprint.begin(), fingerprint.end(), ':'), fingerprint.end());
  return fingerprint.substr(0, kDigits);
}

void add(std::vector<Expiry>& all, Expiry::What what, const std::string& idp,
         const std::string& fingerprint, Time end) {
  Expiry one{what, idp, shortened(fingerprint), end};
  // Metadata may hold a certificate twice; a series may not be.
  const bool is_known = std::any_of(all.begin(), all.end(), [&](const Expiry& other) {
    return other.what == one.what && other.idp == one.idp && other.fingerprint == one.fingerprint;
  });
  if (!is_known) all.push_back(std::move(one));
}

void add_own(std::vector<Expiry>& all, Expiry::What what, const KeyPair& pair) {
  if (pair.stage == KeyStage::previous) return;  // it is on its way out
  const auto der = crypto::pem_to_der_certificate(pair.certificate_pem);
  if (!der) return;  // the configuration was checked
  if (const auto facts = crypto::certificate_facts(*der)) {
    add(all, what, "", facts->sha256_fingerprint, facts->not_after);
  }
}

}  // namespace

const char* name_of(Expiry::What what) {
  switch (what) {
    case Expiry::What::idp_signing:
      return "idp_signing";
    case Expiry::What::idp_metadata:
      return "idp_metadata";
    case Expiry::What::own_signing:
      return "own_signing";
    case Expiry::What::own_decryption:
      break;
  }
  return "own_decryption";
}

std::vector<Expiry> expiries_of(const IdentityProvider& company) {
  std::vector<Expiry> all;
  for (const IdpCertificate& one : company.metadata.certificates) {
    add(all, Expiry::What::idp_signing, company.name, one.fingerprint, one.not_after);
  }
  if (const auto& until = company.metadata.valid_until) {
    all.push_back({Expiry::What::idp_metadata, company.name, "", *until});
  }
  return all;
}

std::vector<Expiry> expiries(const ServiceProviderSettings& sp, const CompanyDirectory& companies) {
  std::vector<Expiry> all;
  for (const auto& company : companies.all()) {
    if (company->closed == kSuspended) continue;
    std::vector<Expiry> own = expiries_of(*company);
    std::move(own.begin(), own.end(), std::back_inserter(all));
  }
  if (sp.signing) add_own(all, Expiry::What::own_signing, *sp.signing);
  for (const KeyPair& pair : sp.decryption) add_own(all, Expiry::What::own_decryption, pair);
  return all;
}

std::vector<Expiry> nearest(std::vector<Expiry> all, Time now) {
  std::vector<Expiry> shown, ended, ending;
  for (Expiry& one : all) {
    const bool is_own =
        one.what == Expiry::What::own_signing || one.what == Expiry::What::own_decryption;
    (is_own ? shown : one.at <= now ? ended : ending).push_back(std::move(one));
  }
  const auto add = [&shown](std::vector<Expiry>& those, auto comes_first) {
    const auto end =
        those.begin() + static_cast<std::ptrdiff_t>(std::min(kMostExpiries, those.size()));
    std::partial_sort(those.begin(), end, those.end(), comes_first);
    std::move(those.begin(), end, std::back_inserter(shown));
  };
  add(ending, [](const Expiry& a, const Expiry& b) { return a.at < b.at; });
  add(ended, [](const Expiry& a, const Expiry& b) { return a.at > b.at; });
  return shown;
}

std::optional<int> warning_before(Time end, Time now) {
  if (now >= end) return std::nullopt;
  for (const int days : {7, 30, 60}) {
    if (now + std::chrono::days(days) >= end) return days;
  }
  return std::nullopt;
}

}  // namespace anteroom::metrics
