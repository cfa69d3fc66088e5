#include "cli/commands/expiry_warnings.h"

#include "anteroom/metrics.h"
#include "anteroom/outbox.h"
#include "cli/blocking_ports.h"

namespace anteroom::cli {

namespace {

// Metadata that is refreshed gets a new end with every refresh.
bool is_refreshed(const Settings& settings, const metrics::Expiry& expiry) {
  const IdentityProvider* idp = settings.idp_by_name(expiry.idp);
  return expiry.what == metrics::Expiry::What::idp_metadata && idp != nullptr &&
         !idp->metadata_source.url.empty();
}

}  // namespace

Status warn_of_expiries(Database& database, const Settings& settings, Time now, Log& log) {
  for (const metrics::Expiry& expiry : metrics::expiries(settings)) {
    const auto threshold = metrics::warning_before(expiry.at, now);
    if (!threshold || is_refreshed(settings, expiry)) continue;
    const auto left = std::chrono::floor<std::chrono::days>(expiry.at - now).count();
    store::ExpiryWarning warning{
        metrics::name_of(expiry.what), expiry.idp, expiry.fingerprint, expiry.at, *threshold,
        static_cast<int>(left)};
    const auto written =
        wait(store::warn_of_expiry(database, settings.mail->warn, std::move(warning)));
    if (!written) return written.failure();
    if (!*written) continue;
    log.write(LogLevel::warning, std::string("ends in ") + std::to_string(left) +
                                     " days: what=" + metrics::name_of(expiry.what) +
                                     " idp=" + expiry.idp + " certificate=" + expiry.fingerprint);
  }
  return Done{};
}

}  // namespace anteroom::cli
