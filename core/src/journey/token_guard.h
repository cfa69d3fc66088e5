// What forged tokens of directories may cost.
#pragma once

#include <optional>
#include <set>

#include "anteroom/ports.h"

namespace anteroom::journey {

/// Whether a token is looked up at all: one that was good lately always is; of the others, which
/// anybody can make up, as many as a short burst and then a steady trickle. One worker's, on its
/// own thread.
class TokenGuard {
 public:
  static constexpr int kBurst = 20;
  static constexpr std::chrono::seconds kOneMoreAfter{1};

  /// False: nothing is to be looked up now.
  bool may_look_up(const TokenHash& token, Time now);
  /// What the look-up said.
  void note(const TokenHash& token, bool is_good);

 private:
  void refill(Time now);

  int credits_ = kBurst;
  std::optional<Time> refilled_at_;
  std::set<TokenHash> good_;
};

}  // namespace anteroom::journey
