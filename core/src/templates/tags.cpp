#include "templates/tags.h"

#include <algorithm>

#include "text/unicode.h"

namespace anteroom::templates {

namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";

}  // namespace

std::optional<Tag> next_tag(std::string_view text, std::size_t from) {
  const auto begin = text.find(kOpen, from);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto close = text.find(kClose, begin + kOpen.size());
  if (close == std::string_view::npos) return std::nullopt;
  const auto inner = text.substr(begin + kOpen.size(), close - begin - kOpen.size());
  return Tag{begin, close + kClose.size(), text::trimmed(inner)};
}

std::string at_line(std::string_view text, std::size_t offset, std::string_view message) {
  const auto before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  return "line " + std::to_string(line) + ": " + std::string(message);
}

}  // namespace anteroom::templates
