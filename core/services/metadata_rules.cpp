#include "services/metadata_rules.h"

#include <algorithm>
#include <array>
#include <vector>

#include "host/system_random.h"

namespace anteroom::services {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds kFirstRetry = 5min;
constexpr seconds kLeastPause = 15min;

}  // namespace

std::string difference(const std::optional<IdpMetadata>& before, const IdpMetadata& after) {
  using Certificates = std::vector<IdpCertificate>;
  const Certificates old = before ? before->certificates : Certificates();
  std::string text;
  const auto list = [&](const char* what, const Certificates& those, const Certificates& others) {
    for (const IdpCertificate& one : those) {
      if (std::find(others.begin(), others.end(), one) != others.end()) continue;
      text += (text.empty() ? "" : ", ") + std::string(what) + one.fingerprint;
    }
  };
  list("new key ", after.certificates, old);
  list("key gone ", old, after.certificates);
  if (text.empty()) text = "the same keys";
  for (const std::string& remark : after.remarks) text += "; " + remark;
  return text;
}

seconds pause_before_next(seconds refresh_every, int failures,
                          const std::optional<Time>& valid_until, Time now, double spread) {
  seconds pause = refresh_every;
  if (failures > 0) {
    pause = std::min(pause, kFirstRetry * (1 << std::min(failures - 1, 10)));
  } else if (valid_until) {
    const auto left = std::chrono::duration_cast<seconds>(*valid_until - now);
    pause = std::min(pause, std::max(left / 4, kLeastPause));
  }
  const auto jitter = std::chrono::duration<double>(pause) * 0.1 * (2 * spread - 1);
  return pause + std::chrono::duration_cast<seconds>(jitter);
}

void say_refreshed(Log& log, const std::string& company, const Refreshed& done) {
  if (done.outcome == Refreshed::Outcome::changed) {
    log.write(LogLevel::info, company + ": new metadata: " + done.detail);
  } else if (done.outcome == Refreshed::Outcome::failed) {
    log.write(LogLevel::warning,
              company + ": metadata not refreshed, the last good one stays: " + done.detail);
  }
}

double any_spread() {
  std::array<std::uint8_t, 2> bytes{};
  if (!SystemRandom().fill(bytes)) return 0.5;
  return (bytes[0] * 256 + bytes[1]) / 65535.0;
}

seconds stale_after(seconds refresh_every) {
  return std::max<seconds>(std::chrono::days(3), refresh_every * 3);
}

}  // namespace anteroom::services
