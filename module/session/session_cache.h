// What this node remembers of sessions: nginx shared memory, common to all workers, kept over a
// reload.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ngx.h"
#include "session/session_change.h"
#include "session/shared_sessions.h"
#include "shared/shared_zone.h"

namespace anteroom::nginx {

/// A remembered answer of the database. An empty record: there is no such live session.
struct Remembered {
  Time fetched_at;
  bool is_fresh = false;  ///< may be used without asking again
};

/// Every call takes the zone's lock for a few memory accesses and nothing else.
class SessionCache {
 public:
  /// Registers the zone while a configuration is read; nullptr after a logged error.
  static ngx_shm_zone_t* add_zone(ngx_conf_t* cf, std::size_t bytes);

  explicit SessionCache(const ngx_shm_zone_t* zone) : zone_(zone) {}

  /// Copies the record into `record` (emptied for a negative answer). nullopt: nothing known.
  std::optional<Remembered> find(const TokenHash& hash, Time now, std::chrono::seconds ttl,
                                 std::string& record);

  /// `fetched_at` and `epoch` as they were before the database was asked: an answer that a
  /// notification may have overtaken is not kept.
  void store(const TokenHash& hash, std::string_view record, Time fetched_at, std::uint64_t epoch);

  /// Grows with every notification.
  [[nodiscard]] std::uint64_t epoch() const;

  /// Appends what has changed since `epoch` and moves that to now. False if that is too long ago to
  /// be known: anything may have changed.
  bool changes_since(std::uint64_t& epoch, std::vector<SessionChange>& changes) const;

  void forget(const TokenHash& hash);
  void forget_user(std::string_view user);
  void forget_all();

  /// Something about companies has changed.
  void companies_changed();
  /// Grows with each of them.
  [[nodiscard]] std::uint64_t company_changes() const { return zone_.unlocked().company_changes; }

  // The listener's state. One process listens per node; a new one takes over from the old one.
  void take_over_listening(Time now);
  [[nodiscard]] bool is_listening_here() const;
  /// Somebody on this node listens, as far as one can tell.
  [[nodiscard]] bool is_listened(Time now) const;
  void beat(Time now);
  void stop_listening();

 private:
  Zone<SharedSessions> zone_;
};

}  // namespace anteroom::nginx
