// Small ASCII text rules, independent of the locale.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace anteroom::text {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
/// What stands between white space.
std::vector<std::string> words(const std::string& text);
/// The reverse, for people: "a, b".
std::string joined(const std::vector<std::string>& words, std::string_view between = ", ");

}  // namespace anteroom::text
