#include "cli/commands/acting.h"

#include <algorithm>

#include "anteroom/people.h"

namespace anteroom::cli {

namespace {

std::string id_of(Console& console, const std::string& given) {
  const std::string email = checked_email(console, given, true);
  const auto person = console.need(wait(store::find_person(console.database(), email)));
  if (!person) throw Abort{exit_refused, "there is no user " + email};
  return person->id;
}

}  // namespace

void add_as(CLI::App& command, const std::shared_ptr<Acting>& given) {
  command.add_option("--as", given->as, "act with this user's rights: an email");
}

void add_where(CLI::App& command, const std::shared_ptr<Acting>& given) {
  command.add_option("--property", given->properties, "property key");
  command.add_flag("--all-properties", given->is_everywhere);
}

store::Actor actor_of(Console& console, const Acting& given) {
  if (given.as.empty()) return {"", Console::actor(), "", true};
  const std::string id = id_of(console, given.as);
  return {id, checked_email(console, given.as, true) + " by " + Console::actor(), "", false};
}

std::string user_of(Console& console, const Acting& given) {
  return id_of(console, given.email);
}

std::vector<std::string> properties_of(const Acting& given) {
  if (given.is_everywhere == !given.properties.empty()) {
    throw Abort{exit_usage, "say either --property KEY or --all-properties"};
  }
  if (given.is_everywhere) return {"*"};
  if (std::find(given.properties.begin(), given.properties.end(), "*") != given.properties.end()) {
    throw Abort{exit_refused, "'*' is not a property: use --all-properties"};
  }
  return given.properties;
}

std::string property_of(const Acting& given) {
  const std::vector<std::string> properties = properties_of(given);
  if (properties.size() > 1) throw Abort{exit_usage, "say --property once"};
  return properties.front();
}

}  // namespace anteroom::cli
