#pragma once

#include "anteroom/ports.h"

namespace anteroom {

/// OpenSSL's generator.
class SystemRandom : public Random {
 public:
  [[nodiscard]] bool fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace anteroom
