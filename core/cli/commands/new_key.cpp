#include "cli/commands/new_key.h"

#include "cli/commands/console.h"
#include "host/system_random.h"
#include "session/token.h"

namespace anteroom::cli {

std::string new_key() {
  SystemRandom random;
  const auto key = session::new_hex(random, 32);
  if (!key) throw Abort{exit_refused, "no random numbers to make a key of"};
  return *key + "\n";
}

}  // namespace anteroom::cli
