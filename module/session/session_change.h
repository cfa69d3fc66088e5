// What one notification was about.
#pragma once

#include <array>
#include <string_view>

#include "anteroom/ports.h"

namespace anteroom::nginx {

using UserId = std::array<char, 36>;  ///< a UUID's text; shorter ones are padded with NUL

UserId user_id(std::string_view text);

struct SessionChange {
  enum class Kind : char { all, session, user };
  Kind kind = Kind::all;
  TokenHash session{};  ///< of Kind::session
  UserId user{};        ///< of Kind::user
};

}  // namespace anteroom::nginx
