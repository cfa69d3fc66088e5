// Small ASCII text rules, independent of the locale.
#pragma once

#include <string>
#include <string_view>

namespace anteroom::http {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);

/// True if `value`, a comma-separated header value, holds `token` (without case, parameters
/// ignored).
bool list_has(std::string_view value, std::string_view token);

/// Fit for a header value, a log line or the database: control characters, DEL and what is no UTF-8
/// become '?', at most `max` bytes, ending between characters.
std::string printable(std::string_view text, std::size_t max);

}  // namespace anteroom::http
