#pragma once

#include <string>
#include <vector>

#include "host/blocking_ports.h"

namespace anteroom {

/// Applies what is missing, tables and functions in one transaction, under an advisory lock that a
/// second `migrate` waits for; nothing where a newer version has been. Nobody who signs on
/// meanwhile waits longer than two seconds: indexes of large tables are built before, a lock that
/// cannot be had is tried again, thirty times. Days that are over are counted then. The names of
/// what was applied. kDatabaseRefused: the database is one of before the first release.
Result<std::vector<std::string>> migrate(BlockingDatabase& database);

}  // namespace anteroom
