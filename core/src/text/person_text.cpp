#include "text/person_text.h"

#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::text {

namespace {

constexpr std::string_view kReplacement = "\ufffd";

TextFault fault_of(std::string_view text, Lines lines, std::size_t max) {
  if (!is_utf8(text) || text.find(kReplacement) != std::string_view::npos) {
    return TextFault::not_utf8;
  }
  if (!is_plain_text(text, lines)) return TextFault::not_plain;
  return characters(text) <= max ? TextFault::none : TextFault::too_long;
}

}  // namespace

TextFault fault_of_name(std::string_view name) {
  return fault_of(name, Lines::one, kMaxName);
}

TextFault fault_of_note(std::string_view note) {
  return fault_of(note, Lines::many, kMaxNote);
}

bool is_directory_name(std::string_view name) {
  return name.size() <= kMaxDirectoryName && is_plain_text(name, Lines::one);
}

std::string column_name(std::string_view cell) {
  return to_lower(trimmed(cell));
}

}  // namespace anteroom::text
