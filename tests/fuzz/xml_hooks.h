// Included by a target whose inputs are XML: libFuzzer then changes elements more often than bytes.
#pragma once

#ifdef ANTEROOM_FUZZ

#include <algorithm>
#include <cstring>

#include "fuzz/target.h"
#include "fuzz/xml_mutator.h"

// NOLINTBEGIN(readability-identifier-naming): libFuzzer's names
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

inline std::size_t put_back(const std::string& xml, std::uint8_t* data, std::size_t max_size) {
  const std::size_t size = std::min(xml.size(), max_size);
  std::memcpy(data, xml.data(), size);
  return size;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  if (seed % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
  anteroom::fuzz::Dice dice(seed);
  return put_back(anteroom::fuzz::mutate_xml(std::string(anteroom::fuzz::view(data, size)), dice),
                  data, max_size);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                                 const std::uint8_t* two, std::size_t two_size,
                                                 std::uint8_t* out, std::size_t max_size,
                                                 unsigned seed) {
  anteroom::fuzz::Dice dice(seed);
  return put_back(anteroom::fuzz::graft_xml(std::string(anteroom::fuzz::view(one, one_size)),
                                            std::string(anteroom::fuzz::view(two, two_size)), dice),
                  out, max_size);
}
// NOLINTEND(readability-identifier-naming)

#endif
