// Requests that were let through and are still open a while later (event streams, long polls,
// downloads, uploads, WebSockets): each ends with what let it through.
#pragma once

#include "anteroom/gate.h"
#include "loop/timer.h"
#include "ngx.h"

namespace anteroom::nginx {

class Process;
class RequestContext;

/// A request's place in the line of those that were let through just now, oldest first. Most are
/// gone before their turn comes: entering and leaving are a few stores.
class Turn {
 public:
  Turn() = default;
  ~Turn() { leave(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  [[nodiscard]] bool is_in_line() const { return place_.next != nullptr; }
  void leave() {
    if (!is_in_line()) return;
    ngx_queue_remove(&place_);
    place_.next = nullptr;
  }

 private:
  friend class OpenRequests;
  ngx_queue_t place_{};
  ngx_msec_t entered_at_ = 0;
  RequestContext* context_ = nullptr;
};

/// One per worker.
class OpenRequests {
 public:
  explicit OpenRequests(Process& process);
  ~OpenRequests();
  OpenRequests(const OpenRequests&) = delete;
  OpenRequests& operator=(const OpenRequests&) = delete;

  /// To be called when the gate has let the request through, its context says by what.
  void enter(RequestContext& context);

 private:
  void tick();
  [[nodiscard]] Turn& first();
  [[nodiscard]] RequestContext* next_due();
  void watch(RequestContext& context);

  Process& process_;
  ngx_queue_t line_{};
  Timer timer_;
};

}  // namespace anteroom::nginx
