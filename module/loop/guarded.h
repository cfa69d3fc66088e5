// No exception crosses a C frame: what is called by nginx runs in here.
#pragma once

#include <exception>

#include "ngx.h"

namespace anteroom::nginx {

inline void log_exception(const char* where, const char* what) noexcept {
  ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0, "anteroom: internal error in %s: %s", where,
                what);
}

/// Runs `body`; if it throws, logs and returns `denied`.
template <class T, class Body>
T guarded(const char* where, T denied, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& error) {
    log_exception(where, error.what());
  } catch (...) {
    log_exception(where, "unknown exception");
  }
  return denied;
}

template <class Body>
void guarded(const char* where, Body body) noexcept {
  guarded(where, 0, [&] {
    body();
    return 0;
  });
}

}  // namespace anteroom::nginx
