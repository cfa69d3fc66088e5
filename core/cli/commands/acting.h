// In whose name a command acts, and on whom: what the commands of provisioning share.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "anteroom/actor.h"
#include "cli/commands/console.h"

namespace anteroom::cli {

/// What a command of provisioning is given, as far as it takes it.
struct Acting {
  std::string as;     ///< email of the user whose rights count; empty: an operator, held to no rule
  std::string email;  ///< whom it is about
  std::string level, expires, name, note, reason, session;
  std::vector<std::string> properties;
  bool is_everywhere = false;
  bool allow_unregistered = false;
  std::vector<std::string> requests;
};

/// Adds the option --as.
void add_as(CLI::App& command, const std::shared_ptr<Acting>& given);
/// Adds --property and --all-properties.
void add_where(CLI::App& command, const std::shared_ptr<Acting>& given);

/// Abort if there is no such user.
store::Actor actor_of(Console& console, const Acting& given);
/// UUID of the person it is about; Abort if there is none.
std::string user_of(Console& console, const Acting& given);

/// Keys, or "*". Abort unless exactly one of the two options was given.
std::vector<std::string> properties_of(const Acting& given);
/// The same where there can be only one.
std::string property_of(const Acting& given);

void add_request(CLI::App& app, Console& console);
/// `user grant`, `revoke`, `sessions`, `end-sessions`, `history`.
void add_user_access(CLI::App& user, Console& console);

}  // namespace anteroom::cli
