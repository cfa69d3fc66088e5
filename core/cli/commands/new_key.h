#pragma once

#include <string>

namespace anteroom::cli {

/// 32 random bytes as a line of hex digits, as key files hold them; or Abort.
std::string new_key();

}  // namespace anteroom::cli
