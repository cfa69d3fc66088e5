#include "journey/frame/once_a_minute.h"

namespace anteroom::journey {

namespace {

constexpr std::chrono::minutes kInterval{1};
constexpr std::size_t kMaxRemembered = 1000;

}  // namespace

bool OnceAMinute::is_first(const std::string& key, Time now) {
  // What lies ahead was seen before the clock was set back.
  const auto is_over = [now](const auto& entry) {
    return entry.second > now || now - entry.second >= kInterval;
  };
  if (const auto seen = seen_.find(key); seen != seen_.end()) {
    if (!is_over(*seen)) return false;
    seen->second = now;
    return true;
  }
  if (seen_.size() >= kMaxRemembered) std::erase_if(seen_, is_over);
  if (seen_.size() >= kMaxRemembered) return false;
  seen_.emplace(key, now);
  return true;
}

}  // namespace anteroom::journey
