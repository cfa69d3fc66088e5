// What a node knows about itself: how it reads for Prometheus, and whether it is ready. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/company_directory.h"
#include "anteroom/http.h"
#include "anteroom/meter.h"
#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom::metrics {

/// What is counted without labels of its own.
enum class Counter : std::uint8_t {
  gate_allow,
  gate_sign_on,
  gate_waiting_room,
  gate_forbidden,
  gate_step_up,
  gate_unavailable,
  gate_unknown_host,
  look_up_remembered,  ///< this node knew the session
  look_up_joined,      ///< somebody else's question was under way
  look_up_asked,       ///< the database was asked
  database_unavailable,
  database_refused,
  queue_full_database,
  queue_full_threads,
};
inline constexpr std::size_t kCounters = 14;

/// Upper bounds of a histogram's buckets, microseconds; one without a bound follows.
inline constexpr std::array<std::int64_t, 12> kBounds = {500,     1'000,   2'500,     5'000,
                                                         10'000,  25'000,  50'000,    100'000,
                                                         250'000, 500'000, 1'000'000, 2'500'000};
inline constexpr std::size_t kBuckets = kBounds.size() + 1;

/// The bucket that a duration belongs to.
[[nodiscard]] std::size_t bucket_of(std::chrono::microseconds took);

struct Histogram {
  std::array<std::uint64_t, kBuckets> buckets{};  ///< each on its own
  std::uint64_t sum_us = 0;
};

/// What is counted by identity provider, or by code.
enum class Series : std::uint8_t {
  started = 1,
  returned,
  ended_at_start,
  ended_at_response,
  ended_at_session,
  refused,  ///< by code only
};
[[nodiscard]] Series series_of(Stage stage);

/// The codes that are told apart. One that is not among them counts as the first, "other".
[[nodiscard]] std::span<const std::string_view> codes();
[[nodiscard]] std::size_t index_of(Code code);

struct SeriesCount {
  Series series = Series::started;
  std::string idp;        ///< empty for Series::refused
  std::string_view code;  ///< empty for started and returned
  std::uint64_t count = 0;
};

struct ClockOffset {
  std::string idp;
  std::chrono::milliseconds offset{0};
};

/// As the database had it when it was last asked.
struct PeopleWaiting {
  std::int64_t count = 0;
  std::optional<Time> since;  ///< of the one who has waited longest
};

struct Expiry {
  enum class What : std::uint8_t { idp_signing, idp_metadata, own_signing, own_decryption };
  What what = What::idp_signing;
  std::string idp;          ///< empty for our own
  std::string fingerprint;  ///< first 16 hex digits of the certificate's SHA-256; empty: metadata
  Time at;
};
/// As metrics, letters and the log call it.
[[nodiscard]] const char* name_of(Expiry::What what);
/// Of what a company's metadata holds.
[[nodiscard]] std::vector<Expiry> expiries_of(const IdentityProvider& company);
/// Of everything that ends at a time of its own; not of companies that are suspended.
[[nodiscard]] std::vector<Expiry> expiries(const ServiceProviderSettings& sp,
                                           const CompanyDirectory& companies);
/// Our own, and of companies' those kMostExpiries that end first, and as many that ended last.
[[nodiscard]] std::vector<Expiry> nearest(std::vector<Expiry> all, Time now);
inline constexpr std::size_t kMostExpiries = 100;

/// Whether people are to be told by now: 60, 30 or 7 days before, the one that was passed last.
/// Nothing before that, and nothing after the end.
[[nodiscard]] std::optional<int> warning_before(Time end, Time now);

struct Connections {
  std::int64_t in_use = 0;
  std::int64_t limit = 0;
  std::int64_t waiting = 0;  ///< statements
};

struct Build {
  std::string version;
  std::string nginx;
};

/// All workers of one node, at one time.
struct Snapshot {
  Time now;
  std::array<std::uint64_t, kCounters> counters{};
  Histogram statements;
  Histogram verifications;
  std::vector<SeriesCount> series;
  std::vector<ClockOffset> clocks;
  Connections connections;
  std::int64_t workers = 0;
  std::optional<PeopleWaiting> people;
  std::optional<std::chrono::seconds> upkeep_behind;  ///< what has expired is still there
  std::vector<Expiry> expiries;
  Build build;
};

inline constexpr const char* kContentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// OpenMetrics 1.0.0 text.
[[nodiscard]] std::string render(const Snapshot& snapshot);

/// What the node last found out about the database.
enum class DatabaseState : std::uint8_t { not_asked, reachable, unreachable, schema_too_old };

struct Condition {
  bool has_started = false;  ///< else nothing else is known
  DatabaseState database = DatabaseState::not_asked;
  bool is_pool_down = false;
  bool is_listening = false;
  int schema_version = 0;  ///< 0: not known
  CompaniesKnown companies;
  std::vector<Expiry> expiries;
  Time now;
};

/// 200, or 503 if nobody new can be let in; JSON that names what is amiss.
[[nodiscard]] Response ready(const Condition& condition);
/// 200: this process answers.
[[nodiscard]] Response live();

}  // namespace anteroom::metrics
