// The layout of the shared memory behind SessionCache. The caller of every function holds the lock.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "session_cache.h"

namespace anteroom::nginx {

/// One remembered answer. The record's bytes follow it.
struct SharedEntry {
  ngx_rbtree_node_t by_hash;
  ngx_rbtree_node_t by_user;  ///< unused in a negative entry
  ngx_queue_t use;            ///< most recently used first
  TokenHash hash;
  UserId user;
  std::int64_t fetched_at_us;
  std::uint16_t length;
  bool is_negative;

  [[nodiscard]] char* bytes() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] std::string_view record() { return {bytes(), length}; }
};

/// The root of the zone.
struct SharedSessions {
  ngx_rbtree_t by_hash;
  ngx_rbtree_node_t hash_sentinel;
  ngx_rbtree_t by_user;
  ngx_rbtree_node_t user_sentinel;
  ngx_queue_t live;
  ngx_queue_t negative;  ///< bounded, evicted first: junk cookies cannot throw out live sessions
  ngx_uint_t negative_count;
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
  void remove(ngx_slab_pool_t* slab, SharedEntry* entry);
  /// nullptr if the memory is not to be had without evicting what is worth more.
  SharedEntry* insert(ngx_slab_pool_t* slab, const TokenHash& hash, const UserId& user,
                      std::string_view record);
  void touch(SharedEntry* entry);
  /// Begins the next epoch.
  void note(const SessionChange& change);
};

}  // namespace anteroom::nginx
