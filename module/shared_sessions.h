// The layout of the shared memory behind SessionCache. The caller of every function holds the lock.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "session_cache.h"

namespace anteroom::nginx {

/// Memory comes in units of one size, so that whatever is evicted makes room for whatever comes.
struct SharedUnit {
  SharedUnit* next;  ///< of the same record, or of the free ones
  std::array<char, 200> bytes;
};

/// One remembered answer: the first of its units. A common record fits into two.
struct SharedEntry {
  SharedUnit* next;
  ngx_rbtree_node_t by_hash;
  ngx_rbtree_node_t by_user;  ///< unused in a negative entry
  ngx_queue_t use;            ///< most recently used first
  TokenHash hash;
  std::int64_t fetched_at_us;
  UserId user;
  std::uint16_t length;  ///< of the record
  bool is_negative;
  std::array<char, 24> bytes;

  /// Replaces what is in `record`.
  void read(std::string& record) const;
};
static_assert(sizeof(SharedEntry) <= sizeof(SharedUnit));

/// The root of the zone.
struct SharedSessions {
  ngx_rbtree_t by_hash;
  ngx_rbtree_node_t hash_sentinel;
  ngx_rbtree_t by_user;
  ngx_rbtree_node_t user_sentinel;
  ngx_queue_t live;
  ngx_queue_t negative;  ///< bounded, evicted first: junk cookies cannot throw out live sessions
  ngx_uint_t negative_count;
  SharedUnit* free_units;
  ngx_uint_t free_count;
  ngx_atomic_t epoch;
  std::int64_t listening_since_us;  ///< 0: nobody listens
  std::int64_t listener_beat_us;
  std::int64_t forget_before_us;  ///< whatever was fetched up to then does not count
  ngx_pid_t listener;
  /// What the last changes were about: that of epoch N stands at N modulo the size.
  std::array<SessionChange, 256> changes;

  void construct();
  SharedEntry* find(const TokenHash& hash);
  SharedEntry* find_user(const UserId& user);
  /// Unlinks and frees.
  void remove(SharedEntry* entry);
  /// nullptr if the memory is not to be had without evicting what is worth more.
  SharedEntry* insert(ngx_slab_pool_t* slab, const TokenHash& hash, const UserId& user,
                      std::string_view record);
  void touch(SharedEntry* entry);
  /// Begins the next epoch.
  void note(const SessionChange& change);

 private:
  bool make_room(ngx_slab_pool_t* slab, ngx_uint_t units, bool is_negative);
  bool add_page(ngx_slab_pool_t* slab);
  SharedUnit* take_unit();
  SharedEntry* write(ngx_slab_pool_t* slab, std::string_view record);
  void give_back(SharedUnit* unit);
};

}  // namespace anteroom::nginx
