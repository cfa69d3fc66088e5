#pragma once

#include <string>

namespace anteroom::services {

/// Runs a command by /bin/sh, with signals as they are by default; false if it did not end with 0.
[[nodiscard]] bool run_by_shell(const std::string& command);

}  // namespace anteroom::services
