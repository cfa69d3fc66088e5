// Fakes for what cannot be caused on purpose: the clock, and failing randomness.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "anteroom/ports.h"

namespace anteroom::test {

class FakeClock : public Clock {
 public:
  explicit FakeClock(Time start = Time(std::chrono::seconds(1'800'000'000))) : now_(start) {}
  [[nodiscard]] Time now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ += by; }

 private:
  Time now_;
};

/// Counts up, so that each value differs and runs repeat. Can be told to fail.
class FakeRandom : public Random {
 public:
  bool is_broken = false;
  [[nodiscard]] bool fill(std::span<std::uint8_t> bytes) override {
    if (is_broken) return false;
    for (auto& byte : bytes) {
      state_ = state_ * 1664525u + 1013904223u;
      byte = static_cast<std::uint8_t>(state_ >> 24);
    }
    return true;
  }

 private:
  std::uint32_t state_ = 1;
};

class FakeLog : public Log {
 public:
  std::vector<std::string> lines;
  void write(LogLevel, std::string_view line) override { lines.emplace_back(line); }
  [[nodiscard]] bool has(std::string_view text) const {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  }
};

}  // namespace anteroom::test
