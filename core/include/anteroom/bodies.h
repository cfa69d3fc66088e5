// How much of a body a request to one of our endpoints may bring: known before any of it is read.
#pragma once

#include <cstddef>

#include "anteroom/http.h"
#include "anteroom/settings.h"

namespace anteroom {

enum class BodySize {
  none,   ///< answered without being read
  form,   ///< what a page of ours sends
  large,  ///< a Response, a list of people, what a directory sends
};

/// Bytes. (A Response with 1,200 groups is 180 kB.)
constexpr std::size_t max_bytes(BodySize size) {
  constexpr std::size_t kKilobyte = 1024;
  switch (size) {
    case BodySize::none:
      return 0;
    case BodySize::form:
      return 64 * kKilobyte;
    case BodySize::large:
      break;
  }
  return 512 * kKilobyte;
}

/// By path, method, host, and whether the request brings what it is answered for.
[[nodiscard]] BodySize body_size(const Settings& settings, const RequestHead& request);

}  // namespace anteroom
