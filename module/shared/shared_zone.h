// A shared memory zone with one structure at its root: the only place that sees nginx's slab and
// its lock.
#pragma once

#include <cstddef>
#include <new>
#include <span>

#include "ngx.h"
#include "shared/zone_guard.h"

namespace anteroom::nginx {

/// The zone's init: `zone->data` is the root, the one of before over a reload. A new one begins
/// zeroed, and then constructs itself in all the memory there is. Only the master allocates: a
/// worker that dies cannot leave nginx's own lists half changed.
template <class Shared>
ngx_int_t prepare_zone(ngx_shm_zone_t* zone, void* old) noexcept {
  if (old != nullptr) {  // a reload: the memory, and all in it, is the same
    zone->data = old;
    return NGX_OK;
  }
  auto* slab = reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
  if (zone->shm.exists) {
    zone->data = slab->data;
    return NGX_OK;
  }
  using Root = ZoneRoot<Shared>;
  const std::size_t bytes = slab->pfree * ngx_pagesize;
  void* memory = bytes < sizeof(Root) ? nullptr : ngx_slab_alloc(slab, bytes);  // whole pages
  if (memory == nullptr) return NGX_ERROR;
  auto* root = new (memory) Root{};
  root->shared.construct(std::span(static_cast<std::byte*>(memory), bytes).subspan(sizeof(Root)));
  slab->data = root;
  zone->data = root;
  return NGX_OK;
}

struct SlabMutex {
  ngx_shmtx_t* mutex;
  void lock() const { ngx_shmtx_lock(mutex); }
  void unlock() const { ngx_shmtx_unlock(mutex); }
};

template <class Shared>
class Zone {
 public:
  explicit Zone(const ngx_shm_zone_t* zone)
      : root_(static_cast<ZoneRoot<Shared>*>(zone->data)),
        mutex_{&reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr)->mutex} {}

  [[nodiscard]] ZoneGuard<Shared, SlabMutex> lock() const { return {*root_, mutex_}; }
  /// What nobody needs the lock for.
  [[nodiscard]] typename Shared::Unlocked& unlocked() const { return root_->shared; }

 private:
  ZoneRoot<Shared>* root_;
  SlabMutex mutex_;
};

}  // namespace anteroom::nginx
