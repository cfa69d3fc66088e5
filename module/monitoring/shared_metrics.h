// The layout of the shared memory behind NodeMeter. Whatever is written after a worker has started
// is one atomic number, for which nobody takes the lock.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "anteroom/metrics.h"

namespace anteroom::nginx {

using SharedCount = std::atomic<std::uint64_t>;
static_assert(SharedCount::is_always_lock_free);

struct SharedHistogram {
  std::array<SharedCount, metrics::kBuckets> buckets;
  SharedCount sum_us;
};

/// One worker's own: what others count stands on other lines of the processor's cache. The next
/// worker that takes it counts on from there.
struct alignas(128) WorkerMetrics {
  std::atomic<pid_t> owner;  ///< 0: free
  std::array<SharedCount, metrics::kCounters> counters;
  SharedHistogram statements, verifications;
  // Of the owner, if it lives.
  std::atomic<std::int64_t> connections_in_use, connections_limit, statements_waiting;
};

/// One of the counters that come to be when they are first needed.
struct SharedSeries {
  std::atomic<std::uint32_t> key;  ///< 0: free
  SharedCount count;
};

struct SharedIdp {
  std::array<char, 64> name;  ///< padded with NUL
  [[nodiscard]] std::string_view text() const;
  std::atomic<std::int64_t> clock_offset_ms;
  std::atomic<bool> has_clock_offset;
};

struct MetricsNumbers {
  static constexpr std::size_t kWorkers = 128;  ///< those of two generations; the last is for more
  static constexpr std::size_t kSeries = 8192;
  static constexpr std::size_t kIdps = 256;
  static constexpr std::size_t kKeptForConfigured = 56;
  /// Stand for no IdP, and for all that have no room.
  static constexpr std::size_t kNoIdp = 0;
  static constexpr std::size_t kOtherIdps = 1;

  std::array<WorkerMetrics, kWorkers> workers;
  std::array<SharedSeries, kSeries> series;
  std::array<SharedIdp, kIdps> idps;
  std::atomic<std::size_t> idp_count;
  // What the listener finds out.
  std::atomic<std::int64_t> people_waiting, waiting_since_us, people_counted_at_us;
  std::atomic<std::int64_t> upkeep_behind_s, upkeep_seen_at_us;
  std::atomic<metrics::DatabaseState> database;
  std::atomic<int> schema_version;

  /// A free place of a worker, or the common one.
  WorkerMetrics& claim(pid_t pid);
  /// nullptr if there is no room.
  SharedCount* find(metrics::Series kind, std::size_t idp, std::size_t code);
};

/// The root of the zone.
struct SharedMetrics : MetricsNumbers {
  using Unlocked = MetricsNumbers;

  void construct(std::span<std::byte> memory);
  /// Nothing is lost: a name counts once it has been written whole.
  void rebuild() {}
  /// Those that have a place among `idps`.
  using Names = std::unordered_map<std::string_view, std::size_t>;
  [[nodiscard]] Names names() const;
  /// A name's place, taken if it has none and fewer than `most` are; kOtherIdps: there is no room.
  /// `known`: names().
  std::size_t intern(std::string_view name, const Names& known, std::size_t most = kIdps);
};

/// What a series' key says.
struct SeriesKey {
  metrics::Series series;
  std::size_t idp;
  std::size_t code;

  [[nodiscard]] std::uint32_t packed() const;
  static SeriesKey unpacked(std::uint32_t key);
};

bool is_alive(pid_t pid);

}  // namespace anteroom::nginx
