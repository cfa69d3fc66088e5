// The lock of a structure in shared memory, and what becomes of it when a process dies inside.
#pragma once

#include <atomic>

namespace anteroom::nginx {

/// What stands at the root of a zone.
template <class Shared>
struct ZoneRoot {
  std::atomic<bool> is_changing;  ///< somebody is inside the lock, or has died there
  Shared shared;
};

/// The only way to what the lock guards. The lock of a dead process is opened (by nginx's master):
/// whoever comes next finds its mark, and makes the structure anew before reading any of it.
template <class Shared, class Mutex>
class ZoneGuard {
 public:
  ZoneGuard(ZoneRoot<Shared>& root, Mutex mutex) : root_(root), mutex_(mutex) {
    mutex_.lock();
    if (root_.is_changing.load(std::memory_order_relaxed)) root_.shared.rebuild();
    root_.is_changing.store(true, std::memory_order_relaxed);
    // A process dies between two of its own instructions: their order is all that matters.
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  ~ZoneGuard() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    root_.is_changing.store(false, std::memory_order_relaxed);
    mutex_.unlock();
  }
  ZoneGuard(const ZoneGuard&) = delete;
  ZoneGuard& operator=(const ZoneGuard&) = delete;

  Shared* operator->() const { return &root_.shared; }
  Shared& operator*() const { return root_.shared; }

 private:
  ZoneRoot<Shared>& root_;
  Mutex mutex_;
};

}  // namespace anteroom::nginx
