#include <algorithm>

#include "anteroom/metrics.h"
#include "anteroom/site.h"
#include "metrics/exposition.h"

namespace anteroom::metrics {

namespace {

constexpr double kSecondsOfDay = 86400.0;
constexpr int kMicroseconds = 6;

double seconds_of(std::int64_t microseconds) {
  return static_cast<double>(microseconds) / 1e6;
}

double seconds_between(Time from, Time to) {
  return seconds_of((to - from).count());
}

/// One value of a label, and what counts it.
struct Labelled {
  Counter counter;
  std::string_view value;
};

constexpr Labelled kOutcomes[] = {{Counter::gate_allow, "allow"},
                                  {Counter::gate_sign_on, "sign_on"},
                                  {Counter::gate_waiting_room, "waiting_room"},
                                  {Counter::gate_forbidden, "forbidden"},
                                  {Counter::gate_step_up, "step_up"},
                                  {Counter::gate_unavailable, "unavailable"},
                                  {Counter::gate_unknown_host, "unknown_host"}};
constexpr Labelled kLookUps[] = {{Counter::look_up_remembered, "remembered"},
                                 {Counter::look_up_joined, "joined"},
                                 {Counter::look_up_asked, "asked"}};
constexpr Labelled kDatabaseFailures[] = {{Counter::database_unavailable, "unavailable"},
                                          {Counter::database_refused, "refused"}};
constexpr Labelled kQueues[] = {{Counter::queue_full_database, "database"},
                                {Counter::queue_full_threads, "threads"}};

template <std::size_t N>
void counters(Exposition& out, const Snapshot& snapshot, std::string_view family,
              std::string_view help, std::string_view label, const Labelled (&values)[N]) {
  out.family(family, "counter", help);
  for (const auto& [counter, value] : values) {
    out.sample("_total", {{label, value}}, snapshot.counters[static_cast<std::size_t>(counter)]);
  }
}

void histogram(Exposition& out, const Histogram& values, std::string_view family,
               std::string_view help) {
  out.family(family, "histogram", help);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    count += values.buckets[i];
    const std::string bound =
        i < kBounds.size() ? decimal(seconds_of(kBounds[i]), kMicroseconds) : "+Inf";
    out.sample("_bucket", {{"le", bound}}, count);
  }
  out.sample("_sum", {}, static_cast<double>(values.sum_us) / 1e6, kMicroseconds);
  out.sample("_count", {}, count);
}

std::string_view stage_of(Series series) {
  switch (series) {
    case Series::ended_at_start:
      return "start";
    case Series::ended_at_response:
      return "response";
    case Series::ended_at_session:
      return "session";
    default:
      return "";
  }
}

void by_idp(Exposition& out, const Snapshot& snapshot, Series series, std::string_view family,
            std::string_view help) {
  out.family(family, "counter", help);
  for (const SeriesCount& one : snapshot.series) {
    if (one.series == series) out.sample("_total", {{"idp", one.idp}}, one.count);
  }
}

void sign_ons(Exposition& out, const Snapshot& snapshot) {
  by_idp(out, snapshot, Series::started, "anteroom_sign_ons_started",
         "People who left for an identity provider.");
  by_idp(out, snapshot, Series::returned, "anteroom_sign_ons_returned",
         "Answers to that which came back; started minus returned never did.");
  out.family("anteroom_sign_ons_ended", "counter",
             "Sign-ons that ended: at which stage, with which code.");
  for (const SeriesCount& one : snapshot.series) {
    const std::string_view stage = stage_of(one.series);
    if (stage.empty()) continue;
    out.sample("_total", {{"idp", one.idp}, {"stage", stage}, {"code", one.code}}, one.count);
  }
  out.family("anteroom_refusals", "counter", "Answers with a reference number, by code.");
  for (const SeriesCount& one : snapshot.series) {
    if (one.series == Series::refused) out.sample("_total", {{"code", one.code}}, one.count);
  }
}

void database(Exposition& out, const Snapshot& snapshot) {
  histogram(out, snapshot.statements, "anteroom_database_statement_seconds",
            "From sending a statement to its answer.");
  counters(out, snapshot, "anteroom_database_failures",
           "Statements without an answer, or refused by the server.", "reason", kDatabaseFailures);
  out.family("anteroom_database_connections_in_use", "gauge", "Connections with a statement.");
  out.sample("", {}, snapshot.connections.in_use);
  out.family("anteroom_database_connections_limit", "gauge", "pool_size of all workers.");
  out.sample("", {}, snapshot.connections.limit);
  out.family("anteroom_database_statements_waiting", "gauge",
             "Statements before a free connection.");
  out.sample("", {}, snapshot.connections.waiting);
  counters(out, snapshot, "anteroom_queue_refusals", "Turned away because a queue was full.",
           "queue", kQueues);
}

void upkeep(Exposition& out, const Snapshot& snapshot) {
  out.family("anteroom_housekeeping_behind_seconds", "gauge",
             "How long what has expired has waited to be removed from the database.");
  if (snapshot.upkeep_behind) out.sample("", {}, snapshot.upkeep_behind->count());
}

void people(Exposition& out, const Snapshot& snapshot) {
  out.family("anteroom_people_waiting", "gauge", "People in the Waiting Room, on all nodes.");
  if (snapshot.people) out.sample("", {}, snapshot.people->count);
  out.family("anteroom_longest_wait_seconds", "gauge", "Of whoever has waited longest; 0: nobody.");
  if (!snapshot.people) return;
  const auto& since = snapshot.people->since;
  out.sample("", {}, since ? std::max(0.0, seconds_between(*since, snapshot.now)) : 0.0, 0);
}

void certificates(Exposition& out, const Snapshot& snapshot) {
  out.family("anteroom_expiry_days", "gauge",
             "Days until a certificate or an identity provider's metadata ends; negative: since.");
  for (const Expiry& one : snapshot.expiries) {
    out.sample("",
               {{"what", name_of(one.what)}, {"idp", one.idp}, {"certificate", one.fingerprint}},
               seconds_between(snapshot.now, one.at) / kSecondsOfDay, 2);
  }
  out.family("anteroom_idp_clock_offset_seconds", "gauge",
             "Our clock minus the IssueInstant of the last assertion, its way here included.");
  for (const ClockOffset& one : snapshot.clocks) {
    out.sample("", {{"idp", one.idp}}, static_cast<double>(one.offset.count()) / 1e3, 3);
  }
}

}  // namespace

std::size_t bucket_of(std::chrono::microseconds took) {
  return static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), took.count()) -
                                  kBounds.begin());
}

std::string render(const Snapshot& snapshot) {
  Exposition out;
  counters(out, snapshot, "anteroom_requests", "Requests at the gate, as $auth_saml_outcome.",
           "outcome", kOutcomes);
  counters(out, snapshot, "anteroom_session_look_ups",
           "How it was found out who asks: known to this node, or from the database.", "source",
           kLookUps);
  database(out, snapshot);
  sign_ons(out, snapshot);
  histogram(out, snapshot.verifications, "anteroom_verification_seconds",
            "Verifying one Response in the thread pool.");
  upkeep(out, snapshot);
  people(out, snapshot);
  certificates(out, snapshot);
  out.family("anteroom_workers", "gauge", "Worker processes of this node.");
  out.sample("", {}, snapshot.workers);
  out.family("anteroom_build", "info", "What runs here.");
  out.sample("_info",
             {{"version", snapshot.build.version},
              {"nginx", snapshot.build.nginx},
              {"schema", std::to_string(kSchemaVersion)}},
             std::uint64_t{1});
  return out.finish();
}

}  // namespace anteroom::metrics
