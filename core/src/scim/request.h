// What else stands in a request: the token and the page that is asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/result.h"
#include "anteroom/scim.h"

namespace anteroom::scim {

/// What tokens begin with, so that whoever finds one knows what it is.
inline constexpr std::string_view kTokenPrefix = "scim_";

/// The token of "Bearer TOKEN" (RFC 6750, 2.1): the prefix and 43 characters of base64url. Anything
/// else is none.
std::optional<std::string_view> bearer_token(std::string_view authorization);

/// startIndex and count, as sent. Below their least they mean that, above kMaxCount that.
Result<Page> read_page(std::string_view start_index, std::string_view count);

/// True for application/scim+json and application/json.
bool is_json(std::string_view content_type);

}  // namespace anteroom::scim
