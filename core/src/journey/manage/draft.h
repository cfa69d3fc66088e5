// What somebody had typed into the New User form when their session ended: kept, sealed, in a
// cookie of that host until they have signed on again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "journey/frame/context.h"

namespace anteroom::journey {

/// As typed.
struct Draft {
  std::string email, name, level;
  std::string property;    ///< key; empty if none was chosen
  std::string looked_for;  ///< where properties are found by typing
  std::string expires;     ///< last day, "2027-01-31"; may be empty
  std::string note;
  std::string owner;  ///< id of the user whom the form was shown to

  friend bool operator==(const Draft&, const Draft&) = default;
};

/// Adds the cookie. What is too long for one is cut, the note first.
void keep_draft(const Exchange& exchange, Draft draft, Response& response);

/// Of this user in this browser, if there is one and it is not stale.
std::optional<Draft> kept_draft(const Exchange& exchange, std::string_view user);

void forget_draft(Response& response);

/// The end of a day as the database reads it; empty: empty.
std::string last_moment(std::string_view day);

}  // namespace anteroom::journey
