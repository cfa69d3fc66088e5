// What the customer's administrator does without an account, and the proof of domains.
#pragma once

#include "cli/commands/console.h"

namespace anteroom::cli {

/// `company link`, `end-link`, `dismiss`, `history`.
void add_links(CLI::App& company, Console& console);
/// `company domain verify`.
void add_verifying(CLI::App& domain, Console& console);

}  // namespace anteroom::cli
