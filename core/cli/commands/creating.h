// --create-database, of `init` and of `migrate`.
#pragma once

#include "cli/commands/console.h"

namespace anteroom::cli {

/// `administrator` is what was given with the option, if anything was. `account`: nginx's workers.
struct CreatingOptions {
  bool is_wanted = false;
  std::string administrator;
  std::string account = "www-data";
};

/// Adds --create-database and --user to a command.
void add_creating(CLI::App& command, const std::shared_ptr<CreatingOptions>& options);

/// What was made, in words and for --json.
struct Created {
  std::string text;
  Json json;
};

/// Abort with the documented exit code; nothing is left of what was begun. A new password is one
/// that nobody has yet.
Created create(const DatabaseSettings& database, const CreatingOptions& options,
               bool is_password_new);

}  // namespace anteroom::cli
