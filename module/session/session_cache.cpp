#include "session/session_cache.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "anteroom/session.h"

namespace anteroom::nginx {

namespace {

using std::chrono::seconds;

// What is trusted without the listener, and for how long an unknown token stays unknown.
constexpr seconds kTrustWithoutListener{5};
// The listener beats every second.
constexpr seconds kListenerSilence{3};
constexpr std::size_t kMaxRecord = 0xffff;

std::int64_t microseconds(Time time) {
  return time.time_since_epoch().count();
}

Time time_of(std::int64_t us) {
  return Time(Time::duration(us));
}

bool is_listener_heard(const SessionNews& shared, Time now) {
  return shared.listening_since_us != 0 &&
         now - time_of(shared.listener_beat_us) < kListenerSilence;
}

bool is_fresh(const SharedSessions& shared, const SharedEntry& entry, Time now, seconds ttl) {
  const Time fetched_at = time_of(entry.fetched_at_us);
  if (fetched_at > now) return false;  // the clock was set back
  const auto age = now - fetched_at;
  if (age < std::min(kTrustWithoutListener, ttl)) return true;
  if (entry.is_negative) return false;
  return age < ttl && is_listener_heard(shared, now) &&
         entry.fetched_at_us >= shared.listening_since_us;
}

}  // namespace

ngx_shm_zone_t* SessionCache::add_zone(ngx_conf_t* cf, std::size_t bytes) {
  // The number is the layout's: a module with another one must not read this memory.
  static ngx_str_t name = ngx_string("auth_saml_sessions_9");
  ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, bytes, &ngx_http_auth_saml_module);
  if (zone != nullptr) zone->init = prepare_zone<SharedSessions>;
  return zone;
}

std::optional<Remembered> SessionCache::find(const TokenHash& hash, Time now, seconds ttl,
                                             std::string& record) {
  const auto shared = zone_.lock();
  SharedEntry* entry = shared->find(hash);
  if (entry == nullptr || entry->fetched_at_us <= shared->forget_before_us) return std::nullopt;
  shared->touch(entry);
  entry->read(record);
  return Remembered{time_of(entry->fetched_at_us), is_fresh(*shared, *entry, now, ttl)};
}

void SessionCache::store(const TokenHash& hash, std::string_view record, Time fetched_at,
                         std::uint64_t epoch) {
  if (record.size() > kMaxRecord) return;
  UserId user{};
  if (!record.empty()) {
    const auto session = SessionView::parse(record);
    if (!session) return;
    user = user_id(session->fields().user);
  }
  const auto shared = zone_.lock();
  SharedEntry* old = shared->find(hash);
  if (shared->epoch != epoch) return;
  if (old != nullptr) shared->remove(old);
  SharedEntry* entry = shared->insert(hash, user, record);
  if (entry != nullptr) entry->fetched_at_us = microseconds(fetched_at);
}

std::uint64_t SessionCache::epoch() const {
  return zone_.unlocked().epoch;
}

bool SessionCache::changes_since(std::uint64_t& epoch, std::vector<SessionChange>& changes) const {
  if (zone_.unlocked().epoch == epoch) return true;
  const auto shared = zone_.lock();
  const std::uint64_t since = std::exchange(epoch, shared->epoch);
  if (epoch - since > shared->changes.size()) return false;
  for (std::uint64_t i = since + 1; i <= epoch; ++i) {
    changes.push_back(shared->changes[i % shared->changes.size()]);
  }
  return true;
}

void SessionCache::forget(const TokenHash& hash) {
  const auto shared = zone_.lock();
  shared->note({SessionChange::Kind::session, hash, {}});
  SharedEntry* entry = shared->find(hash);
  if (entry != nullptr) shared->remove(entry);
}

void SessionCache::forget_user(std::string_view user) {
  const UserId id = user_id(user);
  const auto shared = zone_.lock();
  shared->note({SessionChange::Kind::user, {}, id});
  for (;;) {
    SharedEntry* entry = shared->find_user(id);
    if (entry == nullptr) return;
    shared->remove(entry);
  }
}

// Entries become untrusted rather than freed one by one: the lock is held for an instant only.
void SessionCache::forget_all() {
  const auto shared = zone_.lock();
  shared->note({});
  shared->forget_before_us = std::chrono::duration_cast<Time::duration>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
}

void SessionCache::companies_changed() {
  const auto shared = zone_.lock();
  ++shared->company_changes;
}

// Where the one that listened before still does, nothing was missed in between: what is remembered
// stays trusted (a reload). Else whatever was fetched before now may have been revoked unheard.
void SessionCache::take_over_listening(Time now) {
  const auto shared = zone_.lock();
  const bool is_seamless = is_listener_heard(*shared, now) && shared->listener != 0 &&
                           shared->listener != ngx_pid && kill(shared->listener, 0) == 0;
  if (!is_seamless) {
    shared->listening_since_us = microseconds(now);
    shared->note({});
    ++shared->company_changes;
  }
  shared->listener = ngx_pid;
  shared->listener_beat_us = microseconds(now);
}

bool SessionCache::is_listening_here() const {
  return zone_.unlocked().listener == ngx_pid;
}

bool SessionCache::is_listened(Time now) const {
  return is_listener_heard(zone_.unlocked(), now);
}

void SessionCache::beat(Time now) {
  const auto shared = zone_.lock();
  if (shared->listener == ngx_pid) shared->listener_beat_us = microseconds(now);
}

void SessionCache::stop_listening() {
  const auto shared = zone_.lock();
  if (shared->listener != ngx_pid) return;
  shared->listener = 0;
  shared->listening_since_us = 0;
}

}  // namespace anteroom::nginx
