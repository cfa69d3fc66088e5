#include "services/warnings.h"

#include <unistd.h>

#include <array>

#include "anteroom/company_fetches.h"
#include "anteroom/domain_proofs.h"
#include "anteroom/metrics.h"
#include "anteroom/outbox.h"
#include "host/blocking_ports.h"
#include "host/files.h"
#include "services/metadata_copy.h"
#include "services/metadata_rules.h"

namespace anteroom::services {

namespace {

// Somebody may be moving their name servers.
constexpr std::chrono::seconds kMissingFor = std::chrono::hours(24);

// Metadata that is refreshed gets a new end with every refresh.
bool is_refreshed(const CompanyDirectory& companies, const metrics::Expiry& expiry) {
  const IdentityProvider* idp = companies.by_name(expiry.idp);
  return expiry.what == metrics::Expiry::What::idp_metadata && idp != nullptr &&
         !idp->metadata_source.url.empty();
}

std::string machine() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Status warn_of_expiry(Database& database, const Settings& settings, const metrics::Expiry& expiry,
                      Time now, Log& log) {
  const auto threshold = metrics::warning_before(expiry.at, now);
  if (!threshold) return Done{};
  const auto left = std::chrono::floor<std::chrono::days>(expiry.at - now).count();
  store::ExpiryWarning warning{
      metrics::name_of(expiry.what), expiry.idp, expiry.fingerprint, expiry.at, *threshold,
      static_cast<int>(left)};
  const auto written =
      wait(store::warn_of_expiry(database, settings.mail->warn, std::move(warning)));
  if (!written) return written.failure();
  if (!*written) return Done{};
  log.write(LogLevel::warning, std::string("ends in ") + std::to_string(left) +
                                   " days: what=" + metrics::name_of(expiry.what) +
                                   " idp=" + expiry.idp + " certificate=" + expiry.fingerprint);
  return Done{};
}

Status warn_of_expiries(Database& database, const Settings& settings,
                        const CompanyDirectory& companies, Time now, Log& log) {
  for (const metrics::Expiry& expiry : metrics::expiries(settings.service_provider, companies)) {
    if (is_refreshed(companies, expiry)) continue;
    if (Status told = warn_of_expiry(database, settings, expiry, now, log); !told) return told;
  }
  return Done{};
}

// What nginx's account may not read is nothing to be alarmed about.
std::optional<store::StaleMetadata> stale_metadata_of(const MetadataSource& source, Time now) {
  MetadataState state;
  try {
    state = read_metadata_state(source);
  } catch (const FileError&) {
    return std::nullopt;
  }
  const auto since = last_heard_of(source, state);
  if (!since || now - *since < stale_after(source.refresh_every)) return std::nullopt;
  const auto days = std::chrono::floor<std::chrono::days>(now - *since).count();
  return store::StaleMetadata{source.idp, machine(), *since, static_cast<int>(days), state.error};
}

Status write_of_stale(Database& database, const Settings& settings, store::StaleMetadata stale,
                      Log& log) {
  const std::string said =
      "metadata not refreshed for " + std::to_string(stale.days) + " days: idp=" + stale.idp;
  const auto written =
      wait(store::warn_of_stale_metadata(database, settings.mail->warn, std::move(stale)));
  if (!written) return written.failure();
  if (*written) log.write(LogLevel::warning, said);
  return Done{};
}

Status warn_of_stale_metadata(Database& database, const Settings& settings,
                              const CompanyDirectory& companies, Time now, Log& log) {
  for (const auto& company : companies.all()) {
    const IdentityProvider& idp = *company;
    if (idp.metadata_source.url.empty()) continue;
    auto stale = stale_metadata_of(idp.metadata_source, now);
    if (!stale) continue;
    if (Status told = write_of_stale(database, settings, std::move(*stale), log); !told)
      return told;
  }
  return Done{};
}

// Of companies in the database, which no machine refreshes by itself.
Status warn_of_stale_fetches(Database& database, const Settings& settings,
                             const CompanyDirectory& configured, Time now, Log& log) {
  const auto fetches = wait(store::stale_fetches(database, stale_after({})));
  if (!fetches) return fetches.failure();
  for (const store::StaleFetch& fetch : *fetches) {
    if (configured.by_name(fetch.company) != nullptr) continue;  // that one counts
    const auto days = std::chrono::floor<std::chrono::days>(now - fetch.since).count();
    store::StaleMetadata stale{fetch.company, "", fetch.since, static_cast<int>(days), fetch.error};
    if (Status told = write_of_stale(database, settings, std::move(stale), log); !told) return told;
  }
  return Done{};
}

// What was proven once, and is not any more: nobody is cut off by it.
Status warn_of_missing_proofs(Database& database, const Settings& settings, Log& log) {
  const auto missing = wait(store::missing_proofs(database, kMissingFor));
  if (!missing) return missing.failure();
  for (const store::MissingProof& one : *missing) {
    const auto written = wait(store::warn_of_missing_proof(database, settings.mail->warn, one));
    if (!written) return written.failure();
    if (*written) {
      log.write(LogLevel::warning,
                "domain not proven any more: idp=" + one.company + " domain=" + one.domain);
    }
  }
  return Done{};
}

}  // namespace

// Of a name that the configuration has, that company counts.
Status Warnings::warn_of_companies(const Settings& settings, const CompanyDirectory& configured,
                                   Time now) {
  const auto known = companies_.look(database_, settings, now);
  if (!known) return known.failure();
  for (const auto& [name, ends] : **known) {
    if (configured.by_name(name) != nullptr) continue;
    for (const metrics::Expiry& expiry : ends) {
      if (Status told = warn_of_expiry(database_, settings, expiry, now, log_); !told) return told;
    }
  }
  return Done{};
}

Status Warnings::write(const std::shared_ptr<const Settings>& settings, Time now) {
  const CompanyDirectory configured(settings);
  if (Status told = warn_of_expiries(database_, *settings, configured, now, log_); !told) {
    return told;
  }
  if (Status told = warn_of_companies(*settings, configured, now); !told) return told;
  if (Status told = warn_of_stale_metadata(database_, *settings, configured, now, log_); !told) {
    return told;
  }
  if (Status told = warn_of_stale_fetches(database_, *settings, configured, now, log_); !told) {
    return told;
  }
  return warn_of_missing_proofs(database_, *settings, log_);
}

}  // namespace anteroom::services
