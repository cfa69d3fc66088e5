// Why a SCIM request is refused. Here a Failure's detail is for the customer's administrator: it
// says what to correct and repeats nothing but names.
#pragma once

#include <string_view>

#include "anteroom/result.h"

namespace anteroom::code {

// RFC 7644, table 9.
inline constexpr Code kScimInvalidFilter{"scim_invalid_filter"};
inline constexpr Code kScimInvalidPath{"scim_invalid_path"};
inline constexpr Code kScimInvalidSyntax{"scim_invalid_syntax"};
inline constexpr Code kScimInvalidValue{"scim_invalid_value"};
inline constexpr Code kScimMutability{"scim_mutability"};
inline constexpr Code kScimNoTarget{"scim_no_target"};
inline constexpr Code kScimUniqueness{"scim_uniqueness"};
// Not in it.
inline constexpr Code kScimToken{"scim_token"};
inline constexpr Code kScimNotFound{"scim_not_found"};
inline constexpr Code kScimMethod{"scim_method"};
inline constexpr Code kScimContentType{"scim_content_type"};
inline constexpr Code kScimTooLarge{"scim_too_large"};

}  // namespace anteroom::code
