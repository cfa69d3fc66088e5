// What a service needs: lines for the journal, and the signals that stop it.
#pragma once

#include <chrono>
#include <csignal>
#include <string_view>

#include "anteroom/ports.h"

namespace anteroom::services {

/// Lines for the journal; quiet: complaints only.
class LineLog : public Log {
 public:
  explicit LineLog(bool is_quiet) : is_quiet_(is_quiet) {}
  void write(LogLevel level, std::string_view line) override;

 private:
  bool is_quiet_;
};

/// SIGTERM and SIGINT are held back until somebody asks: what has been begun is finished.
class StopSignals {
 public:
  StopSignals();
  [[nodiscard]] bool are_there() const { return wait_for(std::chrono::seconds(0)); }
  /// True as soon as there is one; false after `time` without.
  [[nodiscard]] bool wait_for(std::chrono::seconds time) const;

 private:
  sigset_t set_{};
  mutable bool is_stopping_ = false;
};

}  // namespace anteroom::services
