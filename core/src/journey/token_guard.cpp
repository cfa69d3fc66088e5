#include "journey/token_guard.h"

#include <algorithm>

namespace anteroom::journey {

namespace {

constexpr std::size_t kMaxRemembered = 1000;  // far more than there are companies' tokens

}  // namespace

bool TokenGuard::may_look_up(const TokenHash& token, Time now) {
  if (good_.contains(token)) return true;
  refill(now);
  if (credits_ == 0) return false;
  --credits_;
  return true;
}

void TokenGuard::note(const TokenHash& token, bool is_good) {
  if (!is_good) {
    good_.erase(token);
    return;
  }
  if (good_.size() >= kMaxRemembered) good_.clear();
  if (good_.insert(token).second) credits_ = std::min(credits_ + 1, kBurst);
}

void TokenGuard::refill(Time now) {
  // A clock that was set back begins anew.
  if (!refilled_at_ || now < *refilled_at_) refilled_at_ = now;
  const auto more = (now - *refilled_at_) / kOneMoreAfter;
  credits_ = static_cast<int>(std::min<decltype(more)>(kBurst, credits_ + more));
  *refilled_at_ += more * kOneMoreAfter;
}

}  // namespace anteroom::journey
