// Who acts, as the functions of provisioning take it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "anteroom/actor.h"
#include "anteroom/settings.h"

namespace anteroom::store {

/// For a parameter of type anteroom.actor. `needed`: the level that what is being done asks for.
/// An actor who is not an operator, and whose user is not a UUID, has no rights.
std::string actor_literal(const Actor& actor, const AccessSettings& access,
                          const std::string& needed);

/// The text if it is a UUID; else one that no user has: the answer is that of an unknown user.
std::string uuid_or_nobody(std::string text);

/// What `text` is called in a table of names; `otherwise` if it is in none.
template <class T, std::size_t n>
T by_name(const std::pair<std::string_view, T> (&names)[n], std::string_view text, T otherwise) {
  for (const auto& [name, value] : names) {
    if (name == text) return value;
  }
  return otherwise;
}

}  // namespace anteroom::store
