#include "monitoring/node_meter.h"

namespace anteroom::nginx {

namespace {

using metrics::Series;
using metrics::Snapshot;

// Of the database's answer about people. It is asked twice as often and more.
constexpr std::chrono::minutes kLongestKnown{2};

// Two builds whose numbers mean other things must not count in the same memory: a reload may load
// another module into the same nginx. FNV-1a over all that gives the numbers their meaning.
std::uint64_t layout() {
  std::uint64_t hash = 14695981039346656037u;
  const auto mix = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  };
  for (const std::string_view code : metrics::codes()) mix(std::string(code) + ",");
  for (const std::int64_t bound : metrics::kBounds) mix(std::to_string(bound) + ",");
  mix(std::to_string(metrics::kCounters) + "," + std::to_string(sizeof(SharedMetrics)) + ",2");
  return hash;
}

void add_to(metrics::Histogram& sum, const SharedHistogram& one) {
  for (std::size_t i = 0; i < metrics::kBuckets; ++i) sum.buckets[i] += one.buckets[i];
  sum.sum_us += one.sum_us;
}

void add_to(Snapshot& sum, const WorkerMetrics& worker) {
  for (std::size_t i = 0; i < metrics::kCounters; ++i) sum.counters[i] += worker.counters[i];
  add_to(sum.statements, worker.statements);
  add_to(sum.verifications, worker.verifications);
  if (!is_alive(worker.owner)) return;
  ++sum.workers;
  sum.connections.in_use += worker.connections_in_use;
  sum.connections.limit += worker.connections_limit;
  sum.connections.waiting += worker.statements_waiting;
}

constexpr Series kAllSeries[] = {Series::started,          Series::returned,
                                 Series::ended_at_start,   Series::ended_at_response,
                                 Series::ended_at_session, Series::refused};

// What counts for those that have found no room. It is there from the beginning.
std::size_t rest_of(Series series) {
  return series == Series::refused ? SharedMetrics::kNoIdp : SharedMetrics::kOtherIdps;
}

bool is_unused_rest(const SharedSeries& one) {
  const SeriesKey key = SeriesKey::unpacked(one.key);
  return one.count == 0 && key.code == 0 && key.idp == rest_of(key.series);
}

metrics::SeriesCount series_count(const MetricsNumbers& shared, const SharedSeries& one) {
  const SeriesKey key = SeriesKey::unpacked(one.key);
  metrics::SeriesCount count{key.series, "", "", one.count};
  const bool is_by_idp = key.series != Series::refused;
  const bool is_by_code = key.series != Series::started && key.series != Series::returned;
  if (is_by_idp && key.idp < shared.idp_count) count.idp = shared.idps[key.idp].text();
  if (is_by_code && key.code < metrics::codes().size()) count.code = metrics::codes()[key.code];
  return count;
}

}  // namespace

ngx_shm_zone_t* NodeMeter::add_zone(ngx_conf_t* cf) {
  static std::string name = "auth_saml_metrics_" + std::to_string(layout());
  ngx_str_t zone_name{name.size(), reinterpret_cast<u_char*>(name.data())};
  // The slab's own bookkeeping takes a few pages more.
  const std::size_t bytes = sizeof(SharedMetrics) + sizeof(SharedMetrics) / 16 + 8 * ngx_pagesize;
  auto* kept = static_cast<ngx_str_t*>(ngx_palloc(cf->pool, sizeof(ngx_str_t)));
  if (kept == nullptr) return nullptr;
  kept->data = ngx_pstrdup(cf->pool, &zone_name);
  kept->len = zone_name.len;
  if (kept->data == nullptr) return nullptr;
  ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, kept, bytes, &ngx_http_auth_saml_module);
  if (zone != nullptr) zone->init = prepare_zone<SharedMetrics>;
  return zone;
}

NodeMeter::NodeMeter(const ngx_shm_zone_t* zone, const DatabaseSettings& database,
                     const CompanyDirectory& companies)
    : zone_(zone), shared_(&zone_.unlocked()), own_(&shared_->claim(ngx_pid)) {
  own_->connections_limit = database.pool_size;
  for (const Series series : kAllSeries) shared_->find(series, rest_of(series), 0);
  const auto root = zone_.lock();
  const SharedMetrics::Names known = root->names();
  for (const auto& company : companies.all()) {
    const std::size_t index = root->intern(company->name, known);
    if (index == SharedMetrics::kOtherIdps) continue;
    idps_.emplace(company->name, index);
    // They stand at zero from the beginning: the first of a kind is a change too.
    shared_->find(Series::started, index, 0);
    shared_->find(Series::returned, index, 0);
  }
}

NodeMeter::~NodeMeter() {
  if (own_->owner == ngx_pid) own_->owner = 0;
}

void NodeMeter::add(SharedHistogram& histogram, std::chrono::microseconds took) {
  histogram.buckets[metrics::bucket_of(took)].fetch_add(1, std::memory_order_relaxed);
  histogram.sum_us.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
}

void NodeMeter::add(Series series, std::size_t idp, std::size_t code) {
  SharedCount* count = shared_->find(series, idp, code);
  if (count == nullptr) count = shared_->find(series, rest_of(series), 0);
  if (count != nullptr) count->fetch_add(1, std::memory_order_relaxed);
}

std::size_t NodeMeter::index_of(std::string_view idp) {
  if (idp.empty()) return SharedMetrics::kNoIdp;
  if (const auto found = idps_.find(idp); found != idps_.end()) return found->second;
  // One of the database's, of which something happens here for the first time: so they are in the
  // order of use, and one that comes when there is no room is among the others.
  const auto root = zone_.lock();
  const std::size_t index =
      root->intern(idp, root->names(), SharedMetrics::kIdps - SharedMetrics::kKeptForConfigured);
  idps_.emplace(idp, index);
  return index;
}

void NodeMeter::started(std::string_view idp) {
  add(Series::started, index_of(idp), 0);
}

void NodeMeter::returned(std::string_view idp) {
  add(Series::returned, index_of(idp), 0);
}

void NodeMeter::ended(std::string_view idp, Stage stage, Code code) {
  add(metrics::series_of(stage), index_of(idp), metrics::index_of(code));
}

void NodeMeter::refused(Code code) {
  add(Series::refused, SharedMetrics::kNoIdp, metrics::index_of(code));
}

void NodeMeter::clock_seen(std::string_view idp, std::chrono::milliseconds offset) {
  SharedIdp& shared = shared_->idps[index_of(idp)];
  shared.clock_offset_ms = offset.count();
  shared.has_clock_offset = true;
}

void NodeMeter::people_waiting(const metrics::PeopleWaiting& people, Time now) {
  shared_->people_waiting = people.count;
  shared_->waiting_since_us = people.since ? people.since->time_since_epoch().count() : 0;
  shared_->people_counted_at_us = now.time_since_epoch().count();
}

void NodeMeter::upkeep_seen(std::chrono::seconds behind, Time now) {
  shared_->upkeep_behind_s = behind.count();
  shared_->upkeep_seen_at_us = now.time_since_epoch().count();
}

void NodeMeter::database_seen(metrics::DatabaseState state, int schema_version) {
  shared_->schema_version = schema_version;
  shared_->database = state;
}

Snapshot NodeMeter::snapshot(Time now) const {
  Snapshot all;
  all.now = now;
  for (const WorkerMetrics& worker : shared_->workers) add_to(all, worker);
  for (const SharedSeries& one : shared_->series) {
    if (one.key != 0 && !is_unused_rest(one)) all.series.push_back(series_count(*shared_, one));
  }
  const std::size_t idps = shared_->idp_count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < idps; ++i) {
    const SharedIdp& idp = shared_->idps[i];
    if (!idp.has_clock_offset) continue;
    all.clocks.push_back({std::string(idp.text()), std::chrono::milliseconds(idp.clock_offset_ms)});
  }
  const Time counted_at(Time::duration(shared_->people_counted_at_us));
  if (now - counted_at < kLongestKnown) {
    const std::int64_t since = shared_->waiting_since_us;
    all.people = {shared_->people_waiting, std::nullopt};
    if (since != 0) all.people->since = Time(Time::duration(since));
  }
  if (now - Time(Time::duration(shared_->upkeep_seen_at_us)) < kLongestKnown) {
    all.upkeep_behind = std::chrono::seconds(shared_->upkeep_behind_s);
  }
  all.build = {ANTEROOM_VERSION, NGINX_VERSION};
  return all;
}

}  // namespace anteroom::nginx
