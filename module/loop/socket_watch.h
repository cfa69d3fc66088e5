// Watches a descriptor that somebody else (libpq) owns and closes.
#pragma once

#include <functional>

#include "ngx.h"

namespace anteroom::nginx {

/// Level-triggered, because libpq does not promise to read a socket dry.
class SocketWatch {
 public:
  explicit SocketWatch(std::function<void()> ready) : ready_(std::move(ready)) {}
  ~SocketWatch() { stop(); }
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;

  /// False without a free nginx connection or if the event method refuses.
  [[nodiscard]] bool start(int descriptor, bool reads, bool writes);
  /// Changes whether it waits for room to write as well.
  [[nodiscard]] bool wait_for_room(bool writes);
  /// `is_open`: false if the descriptor's owner has closed it already.
  void stop(bool is_open = true);

 private:
  static void on_event(ngx_event_t* event) noexcept;

  std::function<void()> ready_;
  ngx_connection_t* connection_ = nullptr;
};

}  // namespace anteroom::nginx
