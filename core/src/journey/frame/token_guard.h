// What forged tokens of directories may cost.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/scim.h"

namespace anteroom::journey {

/// Knows the tokens of all companies. One that is not among them is worth a look at the database at
/// most ten times a second if it carries our MAC; else it was made up, or is of a version that made
/// them without one, or under a key that was retired: then once in ten seconds. Whoever sends how
/// many, a flood keeps out no directory. One worker's, on its own thread.
class TokenGuard {
 public:
  enum class Answer {
    known,
    unknown,
    ask,   ///< look all tokens up, then call learn()
    wait,  ///< that is being done: try again
  };

  Answer look_for(const store::ScimTokenKey& token, bool has_mac, Time now);
  /// All tokens there are; nullopt: that could not be had.
  void learn(std::optional<std::vector<store::ScimTokenKey>> tokens);
  /// It was known, and is not good any more.
  void forget(const store::ScimTokenKey& token) { known_.erase(token); }

 private:
  std::set<store::ScimTokenKey> known_;
  std::optional<Time> asked_at_;
  bool is_asking_ = false;
};

}  // namespace anteroom::journey
