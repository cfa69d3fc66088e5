#include "http/header_list.h"

#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::http {

bool list_has(std::string_view value, std::string_view token) {
  while (!value.empty()) {
    const auto comma = value.find(',');
    std::string_view item = value.substr(0, comma);
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    item = item.substr(0, item.find(';'));
    if (text::equals_ignoring_case(text::trimmed(item), token)) return true;
  }
  return false;
}

}  // namespace anteroom::http
