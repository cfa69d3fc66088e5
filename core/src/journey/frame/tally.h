// How many people left for an identity provider: counted in memory, written down now and then.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "anteroom/ports.h"

namespace anteroom::journey {

struct Context;

/// One worker's, on its own thread. What is not written down when the worker ends is lost: a minute
/// of counts.
class Tally {
 public:
  using Counts = std::vector<std::pair<std::string, long>>;

  void add(const std::string& idp, long count = 1) { counts_[idp] += count; }

  /// What is due to be written down, at most once a minute and not within the first; it is
  /// then forgotten here.
  Counts take(Time now);

 private:
  std::map<std::string, long> counts_;
  std::optional<Time> taken_at_;
};

/// Writes down what is due, not waited for; counts it once more if that fails. Whoever leaves or
/// comes back calls it: nothing is written while nobody does.
void write_down_started(Context& context);

}  // namespace anteroom::journey
