// Header values that are lists.
#pragma once

#include <string_view>

namespace anteroom::http {

/// True if `value`, a comma-separated header value, holds `token` (without case, parameters
/// ignored).
bool list_has(std::string_view value, std::string_view token);

}  // namespace anteroom::http
