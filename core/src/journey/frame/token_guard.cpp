#include "journey/frame/token_guard.h"

#include <utility>

namespace anteroom::journey {

namespace {

// A token that was just added is not kept waiting.
constexpr std::chrono::milliseconds kInterval{100};
constexpr std::chrono::seconds kIntervalWithoutMac{10};
// Whoever asked may have gone away before the answer.
constexpr std::chrono::seconds kPatience{5};

}  // namespace

TokenGuard::Answer TokenGuard::look_for(const store::ScimTokenKey& token, bool has_mac, Time now) {
  if (known_.contains(token)) return Answer::known;
  // A clock that was set back begins anew.
  if (asked_at_ && now >= *asked_at_) {
    const auto ago = now - *asked_at_;
    if (is_asking_ && ago < kPatience) return Answer::wait;
    if (!is_asking_ && ago < (has_mac ? kInterval : kIntervalWithoutMac)) return Answer::unknown;
  }
  asked_at_ = now;
  is_asking_ = true;
  return Answer::ask;
}

void TokenGuard::learn(std::optional<std::vector<store::ScimTokenKey>> tokens) {
  is_asking_ = false;
  if (tokens) {
    known_ = {tokens->begin(), tokens->end()};
  } else {
    asked_at_.reset();  // nothing is known: the next one asks
  }
}

}  // namespace anteroom::journey
