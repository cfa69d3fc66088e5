// A statement that lost a race against another: PostgreSQL chose it as a deadlock's victim, or our
// own functions found that somebody else was quicker. It was taken back as a whole, and whoever
// runs statements asks again, so that no person has to.
#pragma once

#include <chrono>

#include "anteroom/ports.h"

namespace anteroom {

/// How often one statement is repeated; then its failure is told like any other.
inline constexpr int kMostRepeats = 5;

/// Of a statement that was a transaction of its own.
inline bool has_lost_race(const Failure& failure) {
  return failure.code == code::kDatabaseRefused &&
         (failure.detail.starts_with("40P01") || failure.detail.starts_with("40001"));
}

/// Before the repeat (0: the first). `random` keeps those who lost together apart.
inline std::chrono::milliseconds pause_before_repeat(int repeat, unsigned random) {
  return std::chrono::milliseconds(1 + random % (10U << static_cast<unsigned>(repeat)));
}

}  // namespace anteroom
