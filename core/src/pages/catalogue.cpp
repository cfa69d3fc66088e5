#include "pages/catalogue.h"

#include <algorithm>
#include <stdexcept>

#include "templates/tags.h"
#include "text/unicode.h"

namespace anteroom::pages {

namespace {

constexpr std::string_view kTextTag = "t_";

// Calls `plain(text)` and `placeholder(name)` for the pieces of a text, in order.
template <class Plain, class Placeholder>
void take_apart(std::string_view text, Plain plain, Placeholder placeholder) {
  while (!text.empty()) {
    const auto open = std::min(text.find('{'), text.size());
    plain(text.substr(0, open));
    text.remove_prefix(open);
    if (text.empty()) return;
    const auto close = text.find('}');
    if (close == std::string_view::npos) return plain(text);
    placeholder(text.substr(1, close - 1));
    text.remove_prefix(close + 1);
  }
}

void append_escaped(std::string& html, std::string_view text, bool& is_strong) {
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&apos;";
        break;
      case '*':
        html += is_strong ? "</strong>" : "<strong>";
        is_strong = !is_strong;
        break;
      default:
        html += c;
    }
  }
}

// How a value looks within a sentence.
std::string value_tag(std::string_view name) {
  if (name == "email") return "{{email_start}}<wbr>{{email_end}}";
  std::string tag = "{{" + std::string(name) + "}}";
  if (name == "reference") return "<span class=\"reference\">" + tag + "</span>";
  if (name == "name" || name == "property") return "<span class=\"name\">" + tag + "</span>";
  return tag;
}

std::string to_template(std::string_view text) {
  std::string html;
  bool is_strong = false;
  take_apart(
      text, [&](std::string_view plain) { append_escaped(html, plain, is_strong); },
      [&](std::string_view name) { html += value_tag(name); });
  return html;
}

std::string filled(std::string_view text, const Message::Arguments& arguments) {
  std::string said;
  take_apart(
      text, [&](std::string_view plain) { said += plain; },
      [&](std::string_view name) {
        const auto given = arguments.find(std::string(name));
        if (given != arguments.end()) said += given->second;
      });
  return said;
}

}  // namespace

Catalogue::Catalogue(std::string_view lines) {
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    const std::string key(text::trimmed(line.substr(0, equals)));
    const bool is_text = equals != std::string_view::npos && !key.empty();
    if (!is_text || !texts_.emplace(key, text::trimmed(line.substr(equals + 1))).second) {
      throw std::runtime_error("line " + std::to_string(number) +
                               (is_text ? ": a second text '" + key + "'" : ": no 'key = text'"));
    }
  }
}

const std::string* Catalogue::find(std::string_view key) const {
  const auto found = texts_.find(key);
  return found == texts_.end() ? nullptr : &found->second;
}

std::string Catalogue::say(const Message& message) const {
  std::string said;
  for (const auto& [key, arguments] : message.sentences()) {
    const std::string* text = find(key.name());
    if (!said.empty()) said += ' ';
    said += filled(text == nullptr ? key.name() : *text, arguments);
  }
  return said;
}

std::string with_texts(std::string_view text, const Catalogue& catalogue) {
  std::string result;
  std::size_t done = 0;
  for (auto tag = templates::next_tag(text, 0); tag; tag = templates::next_tag(text, tag->end)) {
    if (!tag->inner.starts_with(kTextTag)) continue;
    const std::string* found = catalogue.find(tag->inner.substr(kTextTag.size()));
    if (found == nullptr) {
      throw std::runtime_error(templates::at_line(
          text, tag->begin, "there is no text '" + std::string(tag->inner) + "'"));
    }
    result.append(text.substr(done, tag->begin - done)).append(to_template(*found));
    done = tag->end;
  }
  return result.append(text.substr(done));
}

}  // namespace anteroom::pages
