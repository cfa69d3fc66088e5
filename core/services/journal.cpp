#include "services/journal.h"

#include <ctime>
#include <iostream>
#include <string>

namespace anteroom::services {

void LineLog::write(LogLevel level, std::string_view line) {
  if (level == LogLevel::info && is_quiet_) return;
  std::string clean(line);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  (level == LogLevel::info ? std::cout : std::cerr) << clean << std::endl;  // NOLINT
}

StopSignals::StopSignals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGTERM);
  sigaddset(&set_, SIGINT);
  sigprocmask(SIG_BLOCK, &set_, nullptr);  // NOLINT(concurrency-mt-unsafe): one thread
}

bool StopSignals::wait_for(std::chrono::seconds time) const {
  const timespec limit{time.count(), 0};
  if (!is_stopping_) is_stopping_ = sigtimedwait(&set_, nullptr, &limit) > 0;
  return is_stopping_;
}

}  // namespace anteroom::services
