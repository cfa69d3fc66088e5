// The small ports of one worker process.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "anteroom/ports.h"
#include "session/session_cache.h"

namespace anteroom::nginx {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
};

/// The kernel's generator. Nonces of sealed values, of which every stranger's redirect needs one,
/// come from a larger draw; whatever stands for somebody has another size and is drawn by itself.
/// One process only: made after the fork.
class SystemRandom final : public Random {
 public:
  [[nodiscard]] bool fill(std::span<std::uint8_t> bytes) override;

 private:
  static constexpr std::size_t kNonceBytes = 24;
  std::array<std::uint8_t, 16 * kNonceBytes> drawn_{};
  std::size_t left_ = 0;
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
