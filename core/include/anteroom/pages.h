// The pages people see: templates in, Response bodies out. No I/O.
//
// A new page: templates/NAME.mustache (its <title> and other head elements, then one <main>), its
// words as {{t_key}} in catalogue/en.txt and es.txt (the tests want both), its values in
// nginx-conf/manual/templates.md and in tests/unit/pages/samples.cpp. Texts that C++ chooses are
// "key"_message in Values::messages.
//
// Pages of Manage are named manage_…; manage_layout is around them. They set signed_in_as,
// may_request, may_process and one tab_…; their <main> has id="main", and class="narrow" for a
// single form. What they are made of (fields, errors, tables that become cards, badges, notices,
// paging, filters, charts) is shown in use by tests/unit/pages/kit.mustache. Tables keep their
// role="…" attributes: as cards they are not tables to a browser any more. Browser tests end with
// assert_accessible(browser) of tests/support/axe.py.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/http.h"
#include "anteroom/message.h"
#include "anteroom/settings.h"
#include "anteroom/template_values.h"

namespace anteroom::pages {

using templates::Values;

/// Template names: sign_in, provider, post_to_idp, waiting, denied, signed_out, sign_out, error.
/// Mustache; {{name}} escapes HTML, {{t_key}} is a text of the catalogue (pages/catalogue/*.txt).
/// Operators override one by placing NAME.mustache in pages.templates; the parts that pages are
/// made with (`layout`, `styles`, `support` …) can be overridden too. Every name and value:
/// nginx-conf/manual/templates.md.
class Renderer {
 public:
  /// Throws std::runtime_error naming the template, if one cannot be used (check_template).
  explicit Renderer(const Settings& settings);
  ~Renderer();

  /// A complete page: status, Content-Type, Content-Language, Content-Security-Policy, no-store and
  /// the other security headers. `accept_language` is the request's header. `form_action` is an
  /// additional origin or scheme forms may lead to ("" for none).
  [[nodiscard]] Response page(std::string_view accept_language, std::string_view template_name,
                              int status, const Values& values,
                              std::string_view form_action = "") const;

  /// A file below PREFIX/assets/ (style sheet, script, logo), named without its query; status 404
  /// if there is none.
  [[nodiscard]] Response asset(std::string_view name) const;

  /// All names of templates that exist, for checking what operators put into their directory.
  static std::vector<std::string> template_names();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Checks a text that is to replace the template of this name. Empty if it can, else what is wrong
/// with it and in which line ("line 3: …").
std::string check_template(const std::string& name, const std::string& text);

}  // namespace anteroom::pages
