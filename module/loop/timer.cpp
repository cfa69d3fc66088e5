#include "loop/timer.h"

#include <algorithm>

#include "loop/guarded.h"

namespace anteroom::nginx {

Timer::Timer(TimerKind kind, std::function<void()> expired) : expired_(std::move(expired)) {
  owner_.connection.fd = static_cast<ngx_socket_t>(-1);
  owner_.timer = this;
  event_.handler = on_event;
  event_.data = &owner_;
  event_.log = ngx_cycle->log;
  event_.cancelable = kind == TimerKind::background ? 1 : 0;
}

void Timer::start(std::chrono::milliseconds delay) {
  stop();
  ngx_add_timer(&event_, static_cast<ngx_msec_t>(std::max<std::int64_t>(delay.count(), 0)));
}

void Timer::start_with_others(std::chrono::milliseconds delay) {
  constexpr ngx_msec_t kGrain = 100;
  const ngx_msec_t due = ngx_current_msec + static_cast<ngx_msec_t>(delay.count());
  start(delay + std::chrono::milliseconds((kGrain - due % kGrain) % kGrain));
}

void Timer::stop() {
  if (event_.timer_set != 0) ngx_del_timer(&event_);
}

void Timer::on_event(ngx_event_t* event) noexcept {
  guarded("a timer", [event] {
    // A copy: what is called may destroy the timer.
    const auto expired = static_cast<Owner*>(event->data)->timer->expired_;
    expired();
  });
}

}  // namespace anteroom::nginx
