#include "monitoring/shared_metrics.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>

namespace anteroom::nginx {

namespace {

constexpr unsigned kCodeBits = 8;
constexpr unsigned kIdpBits = 16;

// Somebody may have died here before, and left another name's beginning.
void set_name(SharedIdp& idp, std::string_view name) {
  idp.name.fill('\0');
  std::copy_n(name.begin(), std::min(name.size(), idp.name.size()), idp.name.begin());
}

}  // namespace

std::string_view SharedIdp::text() const {
  const std::string_view all(name.data(), name.size());
  return all.substr(0, all.find('\0'));
}

std::uint32_t SeriesKey::packed() const {
  return static_cast<std::uint32_t>(static_cast<std::size_t>(series) << (kCodeBits + kIdpBits) |
                                    idp << kCodeBits | code);
}

SeriesKey SeriesKey::unpacked(std::uint32_t key) {
  return {static_cast<metrics::Series>(key >> (kCodeBits + kIdpBits)),
          (key >> kCodeBits) & ((1u << kIdpBits) - 1), key & ((1u << kCodeBits) - 1)};
}

bool is_alive(pid_t pid) {
  return pid != 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

void SharedMetrics::construct(std::span<std::byte> /*memory*/) {
  set_name(idps[kNoIdp], "");
  set_name(idps[kOtherIdps], "other");
  idp_count = kOtherIdps + 1;
}

SharedMetrics::Names SharedMetrics::names() const {
  Names names;
  for (std::size_t i = 0; i < idp_count; ++i) names.emplace(idps[i].text(), i);
  return names;
}

std::size_t SharedMetrics::intern(std::string_view name, const Names& known, std::size_t most) {
  if (const auto found = known.find(name); found != known.end()) return found->second;
  const std::size_t count = idp_count;
  if (count >= most) return kOtherIdps;
  set_name(idps[count], name);
  idp_count.store(count + 1, std::memory_order_release);  // readers see the name
  return count;
}

WorkerMetrics& MetricsNumbers::claim(pid_t pid) {
  for (std::size_t i = 0; i + 1 < kWorkers; ++i) {
    WorkerMetrics& worker = workers[i];
    pid_t owner = worker.owner;
    if (is_alive(owner) || !worker.owner.compare_exchange_strong(owner, pid)) continue;
    worker.connections_in_use = 0;
    worker.connections_limit = 0;
    worker.statements_waiting = 0;
    return worker;
  }
  return workers.back();
}

SharedCount* MetricsNumbers::find(metrics::Series kind, std::size_t idp, std::size_t code) {
  constexpr std::uint32_t kSpread = 2654435761u;  // Knuth's multiplicative hash
  constexpr std::size_t kMaxProbes = 64;
  const std::uint32_t key = SeriesKey{kind, idp, code}.packed();
  const std::uint32_t spread = key * kSpread;
  std::size_t at = spread % kSeries;
  for (std::size_t probes = 0; probes < kMaxProbes; ++probes, at = (at + 1) % kSeries) {
    std::uint32_t found = series[at].key;
    if (found == key) return &series[at].count;
    if (found != 0) continue;
    if (series[at].key.compare_exchange_strong(found, key) || found == key) {
      return &series[at].count;
    }
  }
  return nullptr;
}

}  // namespace anteroom::nginx
