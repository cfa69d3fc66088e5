// The small ports of one worker process.
#pragma once

#include "anteroom/ports.h"
#include "session_cache.h"

namespace anteroom::nginx {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
};

class SystemRandom final : public Random {
 public:
  [[nodiscard]] bool fill(std::span<std::uint8_t> bytes) override;
};

/// nginx's error log.
class ErrorLog final : public Log {
 public:
  void write(LogLevel level, std::string_view line) override;
};

class CacheMemory final : public SessionMemory {
 public:
  explicit CacheMemory(SessionCache& cache) : cache_(cache) {}
  void forget(const TokenHash& hash) override { cache_.forget(hash); }

 private:
  SessionCache& cache_;
};

}  // namespace anteroom::nginx
