// A request's body from its first byte until the request has been answered.
#pragma once

#include <functional>
#include <utility>

#include "loop/timer.h"
#include "ngx.h"
#include "request/body_budget.h"

namespace anteroom::nginx {

/// The request's RequestContext owns it.
struct ArrivingBody {
  ArrivingBody(BodyBudget::Share share_, std::function<void()> is_late)
      : share(std::move(share_)), deadline(TimerKind::background, std::move(is_late)) {}

  BodyBudget::Share share;
  Timer deadline;  ///< until it is here
  bool is_here = false;
};

}  // namespace anteroom::nginx
