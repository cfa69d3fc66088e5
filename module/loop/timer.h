// A timer of nginx's event loop that stops when it is destroyed.
#pragma once

#include <chrono>
#include <functional>

#include "ngx.h"

namespace anteroom::nginx {

enum class TimerKind {
  keeps_worker,  ///< a worker that is to quit waits for it: something is owed to a request
  background,    ///< does not hold up a worker that is to quit
};

class Timer {
 public:
  Timer(TimerKind kind, std::function<void()> expired);
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Restarts it if it runs.
  void start(std::chrono::milliseconds delay);
  /// Up to a tenth of a second later: timers of many people end together, in one wake-up.
  void start_with_others(std::chrono::milliseconds delay);
  void stop();
  [[nodiscard]] bool is_running() const { return event_.timer_set != 0; }

 private:
  static void on_event(ngx_event_t* event) noexcept;

  ngx_event_t event_{};
  // nginx's debug log reads a connection where an event's data points.
  struct Owner {
    ngx_connection_t connection{};
    Timer* timer = nullptr;
  } owner_;
  std::function<void()> expired_;
};

}  // namespace anteroom::nginx
