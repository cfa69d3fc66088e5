// One decision as one line: what was done, then key=value. nginx-conf/manual/monitoring.md
// describes it.
#pragma once

#include <string>
#include <string_view>

#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom::journey {

class LogLine {
 public:
  /// `what`: fixed words, "refused" or "signed on".
  explicit LogLine(std::string_view what) : text_(what) {}

  /// An empty value is left out. One that holds more than letters, digits and plain punctuation is
  /// quoted, with \" and \\ for what would end that: nobody can add a key of their own. At most
  /// `max` bytes of the value, control characters as '?'.
  LogLine& add(std::string_view key, std::string_view value, std::size_t max = 200);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Nobody signs on there until operators do something about it.
void log_closed(Log& log, const IdentityProvider& company, std::string_view why);

}  // namespace anteroom::journey
