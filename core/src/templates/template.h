// One Mustache template: parsed once, rendered often. The only place that sees the Mustache
// library.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "anteroom/template_values.h"

namespace anteroom::templates {

/// How {{name}} writes a value.
enum class Escaping {
  html,
  none,  ///< for plain text: the caller has taken out what would harm there
};

class Template {
 public:
  /// Throws std::runtime_error with what check_syntax() says, if `text` is not valid.
  /// Includes ({{> name}}) must have been resolved: any left over is an error here.
  explicit Template(const std::string& text, Escaping escaping = Escaping::html);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  /// Names are looked up in `common` first, then in `values`. Empty text counts as false in
  /// sections, so that {{#name}}…{{/name}} leaves out what there is nothing to say about.
  [[nodiscard]] std::string render(const Values& common, const Values& values) const;

 private:
  class Parsed;
  std::unique_ptr<Parsed> parsed_;
};

/// What is wrong with a template text and in which line; empty if nothing is. Beyond Mustache's own
/// rules it refuses whatever would write a value unescaped.
std::string check_syntax(std::string_view text);

/// Replaces every {{> name}} of `text`.
std::string include(std::string_view text, std::string_view name, std::string_view replacement);

/// The same where there must be one: else it throws std::runtime_error, "the layout needs …".
std::string fill(const std::string& layout, const std::string& name, std::string_view text);

}  // namespace anteroom::templates
