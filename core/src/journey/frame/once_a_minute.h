// Once a minute is enough.
#pragma once

#include <map>
#include <string>

#include "anteroom/ports.h"

namespace anteroom::journey {

/// Tells what has not happened within a minute from what has. One worker's, on its own thread.
class OnceAMinute {
 public:
  /// True once a minute for each key; false for new ones too while 1,000 others are remembered.
  bool is_first(const std::string& key, Time now);

 private:
  std::map<std::string, Time> seen_;
};

}  // namespace anteroom::journey
