// Access by what a company asserts.
#pragma once

#include "anteroom/asserted_access.h"
#include "cli/commands/console.h"

namespace anteroom::cli {

/// `company access give` and `take`.
void add_company_access(CLI::App& company, Console& console);

/// What `company show` says of the table, and of groups too many to be named.
std::string access_text(const AssertedAccess& table, const store::TooManyGroups& too_many);

}  // namespace anteroom::cli
