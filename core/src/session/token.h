// Random values that stand for something: session tokens, tickets, request IDs, reference numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/ports.h"

namespace anteroom::session {

inline constexpr std::size_t kTokenCharacters = 43;  // 32 bytes in base64url

/// 256 random bits as 43 characters of base64url; nullopt if the random source failed.
std::optional<std::string> new_token(Random& random);

/// `bytes` random bytes as lower-case hex; nullopt if the random source failed.
std::optional<std::string> new_hex(Random& random, std::size_t bytes);

/// What a person reads out to support: 8 characters of Crockford's base 32, "7K2M-Q9XD". Never
/// fails: without randomness it says so.
std::string new_reference(Random& random);

/// A reference number as somebody typed it: with or without the hyphen, in either case, O for 0 and
/// I or L for 1. Also a session's 16 hex digits. nullopt: it is neither.
std::optional<std::string> read_reference(std::string_view typed);

}  // namespace anteroom::session
