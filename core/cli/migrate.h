#pragma once

#include <string>
#include <vector>

#include "cli/blocking_ports.h"

namespace anteroom {

/// Applies what is missing, each migration in one transaction, under an advisory lock that a second
/// `migrate` waits for. The names of what was applied.
Result<std::vector<std::string>> migrate(BlockingDatabase& database);

}  // namespace anteroom
