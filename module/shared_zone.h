// A shared memory zone with one structure at its root.
#pragma once

#include <new>

#include "ngx.h"

namespace anteroom::nginx {

/// The zone's init: `zone->data` is the Shared at its root, the one of before over a reload. A new
/// one begins zeroed, and then constructs itself.
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
  // nginx's slab gives whole pages to what is larger than half of one.
  void* memory = ngx_slab_calloc(slab, sizeof(Shared));
  if (memory == nullptr) return NGX_ERROR;
  auto* shared = new (memory) Shared{};
  shared->construct();
  slab->data = shared;
  slab->log_nomem = 0;
  zone->data = shared;
  return NGX_OK;
}

}  // namespace anteroom::nginx
