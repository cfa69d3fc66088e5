#include "metrics/exposition.h"

#include <array>
#include <charconv>

namespace anteroom::metrics {

namespace {

// OpenMetrics 1.0.0, escaped-string.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

}  // namespace

std::string decimal(double value, int digits) {
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, digits)
                       .ptr;
  std::string text(buffer.data(), end);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  family_ = name;
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n# HELP ");
  text_.append(name).append(" ");
  append_escaped(text_, help);
  text_ += '\n';
}

void Exposition::begin(std::string_view suffix, Labels labels) {
  text_.append(family_).append(suffix);
  char before = '{';
  for (const auto& [name, value] : labels) {
    text_ += before;
    text_.append(name).append("=\"");
    append_escaped(text_, value);
    text_ += '"';
    before = ',';
  }
  if (labels.size() > 0) text_ += '}';
  text_ += ' ';
}

void Exposition::sample(std::string_view suffix, Labels labels, std::uint64_t value) {
  begin(suffix, labels);
  text_ += std::to_string(value) + '\n';
}

void Exposition::sample(std::string_view suffix, Labels labels, std::int64_t value) {
  begin(suffix, labels);
  text_ += std::to_string(value) + '\n';
}

void Exposition::sample(std::string_view suffix, Labels labels, double value, int digits) {
  begin(suffix, labels);
  text_ += decimal(value, digits) + '\n';
}

std::string Exposition::finish() {
  text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace anteroom::metrics
