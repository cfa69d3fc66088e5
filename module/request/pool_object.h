// A C++ object that lives as long as an nginx pool.
#pragma once

#include <new>
#include <utility>

#include "ngx.h"

namespace anteroom::nginx {

/// Constructs a T in `pool`; nullptr without memory. The cleanup is registered first and armed
/// afterwards, so that a constructor that throws leaves nothing behind. `cleanup_handler<T>` in the
/// pool's list marks it.
template <class T>
void destroy_in_pool(void* data) noexcept {
  static_cast<T*>(data)->~T();
}

template <class T, class... Arguments>
T* make_in_pool(ngx_pool_t* pool, Arguments&&... arguments) {
  static_assert(alignof(T) <= NGX_ALIGNMENT * 2);
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, 0);
  void* memory = ngx_palloc(pool, sizeof(T));
  if (cleanup == nullptr || memory == nullptr) return nullptr;
  T* object = new (memory) T(std::forward<Arguments>(arguments)...);
  cleanup->data = object;
  cleanup->handler = destroy_in_pool<T>;
  return object;
}

/// The T that make_in_pool() put into `pool`, or nullptr. Internal redirects forget a request's
/// module contexts; its pool forgets nothing.
template <class T>
T* find_in_pool(const ngx_pool_t* pool) {
  for (ngx_pool_cleanup_t* cleanup = pool->cleanup; cleanup != nullptr; cleanup = cleanup->next) {
    if (cleanup->handler == destroy_in_pool<T>) return static_cast<T*>(cleanup->data);
  }
  return nullptr;
}

}  // namespace anteroom::nginx
