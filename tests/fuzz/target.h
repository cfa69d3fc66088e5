// What every fuzz target is: a function of bytes that crashes where an oracle is not satisfied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// NOLINTBEGIN(readability-identifier-naming): libFuzzer's names
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// NOLINTEND(readability-identifier-naming)

namespace anteroom::fuzz {

/// A finding.
inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "oracle: %s\n", what);
  std::abort();
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace anteroom::fuzz
