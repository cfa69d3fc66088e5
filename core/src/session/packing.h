// Several strings in one, for what is sealed into a cookie or a query: each with a 16-bit length.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace anteroom::session {

/// nullopt if a field is longer than 65,535 bytes.
std::optional<std::string> pack(std::initializer_list<std::string_view> fields);

/// Exactly `count` fields and nothing behind them, or nullopt.
std::optional<std::vector<std::string>> unpack(std::string_view packed, std::size_t count);

}  // namespace anteroom::session
