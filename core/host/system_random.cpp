#include "host/system_random.h"

#include <openssl/rand.h>

namespace anteroom {

bool SystemRandom::fill(std::span<std::uint8_t> bytes) {
  return RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
}

}  // namespace anteroom
