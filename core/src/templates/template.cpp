#include "templates/template.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <kainjow/mustache.hpp>
#include <stdexcept>

#include "templates/tags.h"
#include "text/unicode.h"

namespace anteroom::templates {

namespace {

namespace mustache = kainjow::mustache;

constexpr std::array<std::string_view, 6> kIncludes{
    "head", "content", "support", "property_search", "company_access", "company_values"};

std::string_view included_name(const Tag& tag) {
  return tag.inner.starts_with('>') ? text::trimmed(tag.inner.substr(1)) : std::string_view{};
}

// What Mustache would take and we do not: each is a way for a person's own words to become markup.
std::string_view refused(const Tag& tag) {
  if (tag.inner.empty()) return "an empty tag";
  switch (tag.inner.front()) {
    case '{':
    case '&':
      return "this writes a value without escaping it; use {{name}}";
    case '=':
      return "other delimiters than {{ }} are not supported";
    case '>':
      return std::find(kIncludes.begin(), kIncludes.end(), included_name(tag)) == kIncludes.end()
                 ? "there is no such part to include"
                 : "";
    default:
      return "";
  }
}

// The library ends its messages with " at OFFSET".
std::string with_line(std::string_view text, const std::string& message) {
  constexpr std::string_view kAt = " at ";
  const auto at = message.rfind(kAt);
  if (at == std::string::npos) return message;
  std::size_t offset = 0;
  const char* digits = message.data() + at + kAt.size();
  const auto [end, error] = std::from_chars(digits, message.data() + message.size(), offset);
  if (error != std::errc() || end != message.data() + message.size()) return message;
  return at_line(text, offset, message.substr(0, at));
}

// Of the first tag that is refused, or empty.
std::string tag_problem(std::string_view text) {
  for (auto tag = next_tag(text, 0); tag; tag = next_tag(text, tag->end)) {
    if (const auto problem = refused(*tag); !problem.empty()) {
      return at_line(text, tag->begin, problem);
    }
  }
  return "";
}

std::string parse_problem(std::string_view text, const mustache::mustache& parsed) {
  return parsed.is_valid() ? "" : with_line(text, parsed.error_message());
}

mustache::data text_data(const std::string& text) {
  return text.empty() ? mustache::data(false) : mustache::data(text);
}

mustache::data to_data(const Values& values) {
  mustache::data data;
  for (const auto& [name, text] : values.text) data.set(name, text_data(text));
  for (const auto& [name, flag] : values.flags) data.set(name, mustache::data(flag));
  for (const auto& [name, entries] : values.lists) {
    mustache::data list(mustache::data::type::list);
    for (const Values& entry : entries) list.push_back(to_data(entry));
    data.set(name, list);
  }
  return data;
}

}  // namespace

class Template::Parsed {
 public:
  Parsed(const std::string& text, Escaping escaping) : mustache_(text) {
    if (const std::string problem = parse_problem(text, mustache_); !problem.empty()) {
      throw std::runtime_error(problem);
    }
    if (escaping == Escaping::none) {
      mustache_.set_custom_escape([](const std::string& value) { return value; });
    }
  }
  // The library's render() is not const because lambdas and partials may fail; none is ever given.
  std::string render(mustache::basic_context<std::string>& context) {
    return mustache_.render(context);
  }

 private:
  mustache::mustache mustache_;
};

Template::Template(const std::string& text, Escaping escaping) {
  if (const std::string problem = tag_problem(text); !problem.empty()) {
    throw std::runtime_error(problem);
  }
  for (auto tag = next_tag(text, 0); tag; tag = next_tag(text, tag->end)) {
    if (const auto name = included_name(*tag); !name.empty()) {
      throw std::runtime_error("{{> " + std::string(name) + "}} cannot be included here");
    }
  }
  parsed_ = std::make_unique<Parsed>(text, escaping);
}

Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

std::string Template::render(const Values& common, const Values& values) const {
  const mustache::data inner = to_data(common);
  const mustache::data outer = to_data(values);
  mustache::context<std::string> context;
  context.push(&outer);
  context.push(&inner);
  return parsed_->render(context);
}

std::string include(std::string_view text, std::string_view name, std::string_view replacement) {
  std::string result;
  std::size_t done = 0;
  for (auto tag = next_tag(text, 0); tag; tag = next_tag(text, tag->end)) {
    if (included_name(*tag) != name) continue;
    result.append(text.substr(done, tag->begin - done)).append(replacement);
    done = tag->end;
  }
  return result.append(text.substr(done));
}

std::string fill(const std::string& layout, const std::string& name, std::string_view text) {
  std::string filled = include(layout, name, text);
  if (filled == layout) throw std::runtime_error("the layout needs {{> " + name + "}}");
  return filled;
}

std::string check_syntax(std::string_view text) {
  const std::string problem = tag_problem(text);
  return problem.empty() ? parse_problem(text, mustache::mustache{std::string(text)}) : problem;
}

}  // namespace anteroom::templates
