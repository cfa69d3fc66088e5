// How long to wait before the next attempt: doubling from 100 ms to 5 s, spread by up to a half.
#pragma once

#include <algorithm>
#include <chrono>

#include "ngx.h"

namespace anteroom::nginx {

class Backoff {
 public:
  std::chrono::milliseconds next() {
    const auto delay = delay_;
    delay_ = std::min(delay_ * 2, std::chrono::milliseconds(5000));
    return delay / 2 + std::chrono::milliseconds(ngx_random() % (delay.count() / 2 + 1));
  }
  void reset() { delay_ = kFirst; }

 private:
  static constexpr std::chrono::milliseconds kFirst{100};
  std::chrono::milliseconds delay_ = kFirst;
};

}  // namespace anteroom::nginx
