#include "pages/language.h"

#include <algorithm>
#include <optional>

#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::pages {

namespace {

struct Range {
  std::string_view language;  // "es" of "es-MX"
  int weight = 0;             // in thousandths
};

// What stands before the separator; `text` keeps what stands behind it.
std::string_view cut(std::string_view& text, char separator) {
  const auto at = std::min(text.find(separator), text.size());
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return text::trimmed(before);
}

// RFC 9110, 12.4.2: "1", "0.5", at most three decimals.
std::optional<int> thousandths(std::string_view qvalue) {
  if (qvalue.empty() || (qvalue[0] != '0' && qvalue[0] != '1')) return std::nullopt;
  if (qvalue.size() > 5 || (qvalue.size() > 1 && qvalue[1] != '.')) return std::nullopt;
  int value = (qvalue[0] - '0') * 1000;
  int place = 100;
  for (const char digit : qvalue.substr(std::min<std::size_t>(2, qvalue.size()))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value += (digit - '0') * place;
    place /= 10;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

std::optional<Range> parse_range(std::string_view text) {
  const std::string_view tag = cut(text, ';');
  Range range{tag.substr(0, tag.find('-')), 1000};
  if (range.language.empty()) return std::nullopt;
  if (text.empty()) return range;
  const std::string_view name = cut(text, '=');
  const auto weight = thousandths(text::trimmed(text));
  if (!text::equals_ignoring_case(name, "q") || !weight) return std::nullopt;
  range.weight = *weight;
  return range;
}

std::vector<Range> parse_ranges(std::string_view header) {
  std::vector<Range> ranges;
  while (!header.empty()) {
    if (const auto range = parse_range(cut(header, ','))) ranges.push_back(*range);
  }
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const Range& a, const Range& b) { return a.weight > b.weight; });
  return ranges;
}

}  // namespace

std::string_view choose_language(std::string_view accept_language,
                                 const std::vector<std::string_view>& available) {
  const std::vector<Range> ranges = parse_ranges(accept_language);
  const auto is_named = [&](std::string_view language) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
      return text::equals_ignoring_case(range.language, language);
    });
  };
  for (const Range& range : ranges) {
    if (range.weight == 0) break;
    const auto found = std::find_if(available.begin(), available.end(), [&](auto language) {
      // '*' is any language that no other range names.
      return range.language == "*" ? !is_named(language)
                                   : text::equals_ignoring_case(range.language, language);
    });
    if (found != available.end()) return *found;
  }
  return available.front();
}

}  // namespace anteroom::pages
