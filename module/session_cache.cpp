#include "session_cache.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "anteroom/session.h"
#include "shared_sessions.h"
#include "shared_zone.h"

namespace anteroom::nginx {

namespace {

using std::chrono::seconds;

// What is trusted without the listener, and for how long an unknown token stays unknown.
constexpr seconds kTrustWithoutListener{5};
// The listener beats every second.
constexpr seconds kListenerSilence{3};
constexpr std::size_t kMaxRecord = 0xffff;

class Lock {
 public:
  explicit Lock(ngx_slab_pool_t* slab) : slab_(slab) { ngx_shmtx_lock(&slab_->mutex); }
  ~Lock() { ngx_shmtx_unlock(&slab_->mutex); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  ngx_slab_pool_t* slab_;
};

std::int64_t microseconds(Time time) {
  return time.time_since_epoch().count();
}

Time time_of(std::int64_t us) {
  return Time(Time::duration(us));
}

bool is_listener_heard(const SharedSessions& shared, Time now) {
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

UserId user_id(std::string_view text) {
  UserId id{};
  std::copy_n(text.begin(), std::min(text.size(), id.size()), id.begin());
  return id;
}

ngx_shm_zone_t* SessionCache::add_zone(ngx_conf_t* cf, std::size_t bytes) {
  // The number is the layout's: a module with another one must not read this memory.
  static ngx_str_t name = ngx_string("auth_saml_sessions_4");
  ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, bytes, &ngx_http_auth_saml_module);
  if (zone != nullptr) zone->init = prepare_zone<SharedSessions>;
  return zone;
}

SessionCache::SessionCache(ngx_shm_zone_t* zone)
    : shared_(static_cast<SharedSessions*>(zone->data)),
      slab_(reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr)) {}

std::optional<Remembered> SessionCache::find(const TokenHash& hash, Time now, seconds ttl,
                                             std::string& record) {
  const Lock lock(slab_);
  SharedEntry* entry = shared_->find(hash);
  if (entry == nullptr || entry->fetched_at_us <= shared_->forget_before_us) return std::nullopt;
  shared_->touch(entry);
  entry->read(record);
  return Remembered{time_of(entry->fetched_at_us), is_fresh(*shared_, *entry, now, ttl)};
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
  const Lock lock(slab_);
  SharedEntry* old = shared_->find(hash);
  if (shared_->epoch != epoch) return;
  if (old != nullptr) shared_->remove(old);
  SharedEntry* entry = shared_->insert(slab_, hash, user, record);
  if (entry != nullptr) entry->fetched_at_us = microseconds(fetched_at);
}

std::uint64_t SessionCache::epoch() const {
  return shared_->epoch;
}

bool SessionCache::changes_since(std::uint64_t& epoch, std::vector<SessionChange>& changes) const {
  if (shared_->epoch == epoch) return true;
  const Lock lock(slab_);
  const std::uint64_t since = std::exchange(epoch, shared_->epoch);
  if (epoch - since > shared_->changes.size()) return false;
  for (std::uint64_t i = since + 1; i <= epoch; ++i) {
    changes.push_back(shared_->changes[i % shared_->changes.size()]);
  }
  return true;
}

void SessionCache::forget(const TokenHash& hash) {
  const Lock lock(slab_);
  shared_->note({SessionChange::Kind::session, hash, {}});
  SharedEntry* entry = shared_->find(hash);
  if (entry != nullptr) shared_->remove(entry);
}

void SessionCache::forget_user(std::string_view user) {
  const UserId id = user_id(user);
  const Lock lock(slab_);
  shared_->note({SessionChange::Kind::user, {}, id});
  for (;;) {
    SharedEntry* entry = shared_->find_user(id);
    if (entry == nullptr) return;
    shared_->remove(entry);
  }
}

// Entries become untrusted rather than freed one by one: the lock is held for an instant only.
void SessionCache::forget_all() {
  const Lock lock(slab_);
  shared_->note({});
  shared_->forget_before_us = std::chrono::duration_cast<Time::duration>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count();
}

// Where the one that listened before still does, nothing was missed in between: what is remembered
// stays trusted (a reload). Else whatever was fetched before now may have been revoked unheard.
void SessionCache::take_over_listening(Time now) {
  const Lock lock(slab_);
  const bool is_seamless = is_listener_heard(*shared_, now) && shared_->listener != 0 &&
                           shared_->listener != ngx_pid && kill(shared_->listener, 0) == 0;
  if (!is_seamless) {
    shared_->listening_since_us = microseconds(now);
    shared_->note({});
  }
  shared_->listener = ngx_pid;
  shared_->listener_beat_us = microseconds(now);
}

bool SessionCache::is_listening_here() const {
  return shared_->listener == ngx_pid;
}

bool SessionCache::is_listened(Time now) const {
  return is_listener_heard(*shared_, now);
}

void SessionCache::beat(Time now) {
  const Lock lock(slab_);
  if (shared_->listener == ngx_pid) shared_->listener_beat_us = microseconds(now);
}

void SessionCache::stop_listening() {
  const Lock lock(slab_);
  if (shared_->listener != ngx_pid) return;
  shared_->listener = 0;
  shared_->listening_since_us = 0;
}

}  // namespace anteroom::nginx
