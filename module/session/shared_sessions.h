// The layout of the shared memory behind SessionCache.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "session/session_change.h"

namespace anteroom::nginx {

/// Memory comes in units of one size, so that whatever is evicted makes room for whatever comes.
struct SharedUnit {
  SharedUnit* next;  ///< of the same record, or of the free ones
  std::array<char, 200> bytes;
};

struct SharedEntry;

/// A place in one bucket's chain.
struct ChainLink {
  SharedEntry* next;
  SharedEntry** back;  ///< what points at this entry
};

/// A place in a ring; the ring's beginning is one too.
struct RingLink {
  RingLink* next;
  RingLink* previous;

  void clear() { next = previous = this; }
  [[nodiscard]] bool is_empty() const { return next == this; }
  void insert_behind(RingLink& other);
  void unlink();
};

/// One remembered answer: the first of its units. A common record fits into two.
struct SharedEntry {
  SharedUnit* next;
  RingLink use;  ///< most recently used first
  ChainLink by_hash;
  ChainLink by_user;  ///< unused in a negative entry
  TokenHash hash;
  std::int64_t fetched_at_us;
  UserId user;
  std::uint16_t length;  ///< of the record
  bool is_negative;
  std::array<char, 65> bytes;

  /// Replaces what is in `record`.
  void read(std::string& record) const;
};
static_assert(sizeof(SharedEntry) <= sizeof(SharedUnit));

/// What is read without the lock: each number is whole by itself.
struct SessionNews {
  std::atomic<std::uint64_t> epoch;
  std::atomic<std::int64_t> listening_since_us;  ///< 0: nobody listens
  std::atomic<std::int64_t> listener_beat_us;
  std::atomic<pid_t> listener;
  std::atomic<std::uint64_t> company_changes;  ///< heard of, or missed perhaps
};

/// The root of the zone.
struct SharedSessions : SessionNews {
  using Unlocked = const SessionNews;

  std::atomic<std::int64_t> forget_before_us;  ///< whatever was fetched up to then does not count
  /// What the last changes were about: that of epoch N stands at N modulo the size.
  std::array<SessionChange, 1024> changes;

  /// `memory` is all that there will ever be for what is remembered.
  void construct(std::span<std::byte> memory);
  /// Forgets everything, whatever state it is in. All who watch are told that anything may have
  /// changed; answers that are under way are not kept.
  void rebuild();

  SharedEntry* find(const TokenHash& hash);
  SharedEntry* find_user(const UserId& user);
  /// Unlinks and frees.
  void remove(SharedEntry* entry);
  /// nullptr if the memory is not to be had without evicting what is worth more.
  SharedEntry* insert(const TokenHash& hash, const UserId& user, std::string_view record);
  void touch(SharedEntry* entry);
  /// Begins the next epoch.
  void note(const SessionChange& change);

 private:
  void clear();
  bool make_room(std::size_t units, bool is_negative);
  [[nodiscard]] std::size_t free_count() const;
  SharedUnit* take_unit();
  SharedEntry* write(std::string_view record);
  void give_back(SharedUnit* unit);
  SharedEntry*& bucket_of(const TokenHash& hash);
  SharedEntry*& bucket_of(const UserId& user);

  std::span<SharedEntry*> by_hash_;
  std::span<SharedEntry*> by_user_;
  RingLink live_;
  RingLink negative_;  ///< bounded, evicted first: junk cookies cannot throw out live sessions
  std::size_t negative_count_;
  std::span<SharedUnit> units_;
  std::size_t used_count_;  ///< the units from there on have never been taken
  SharedUnit* returned_;
  std::size_t returned_count_;
};

}  // namespace anteroom::nginx
