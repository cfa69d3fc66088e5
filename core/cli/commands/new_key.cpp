#include "cli/commands/new_key.h"

#include <array>

#include "cli/commands/console.h"
#include "cli/system_random.h"

namespace anteroom::cli {

std::string new_key() {
  std::array<std::uint8_t, 32> bytes{};
  if (!SystemRandom().fill(bytes)) throw Abort{exit_refused, "no random numbers to make a key of"};
  std::string text;
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text + "\n";
}

}  // namespace anteroom::cli
