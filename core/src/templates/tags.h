// Mustache's tags, found in a text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace anteroom::templates {

struct Tag {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view inner;  ///< trimmed, with its sigil
};

/// The first that begins at `from` or after it.
std::optional<Tag> next_tag(std::string_view text, std::size_t from);

/// "line 3: MESSAGE".
std::string at_line(std::string_view text, std::size_t offset, std::string_view message);

}  // namespace anteroom::templates
