#include <catch2/catch.hpp>

#include "samples.h"

using namespace anteroom;
using Catch::Matchers::Contains;

namespace {

Settings overriding(const std::string& name, const std::string& text) {
  Settings settings = samples::settings();
  settings.pages.templates[name] = text;
  return settings;
}

std::string problem_with(const std::string& name, const std::string& text) {
  try {
    const pages::Renderer renderer(overriding(name, text));
    return "";
  } catch (const std::runtime_error& problem) {
    return problem.what();
  }
}

}  // namespace

TEST_CASE("one template is replaced and the others stay") {
  const pages::Renderer& standard = samples::renderer();
  const pages::Renderer replaced(
      overriding("signed_out", "<title>Gone</title>\n<main>Bye from {{product_name}}</main>"));
  const std::string page = replaced.page("", "signed_out", 200, {}).body;
  CHECK_THAT(page, Contains("<main>Bye from Northwind Maintenance</main>"));
  CHECK(page.find("<title>Gone</title>") < page.find("</head>"));
  CHECK_THAT(page, Contains("class=\"brand\""));  // the layout is around it
  for (const auto& [name, values] : samples::text_values()) {
    if (name == "signed_out") continue;
    INFO(name);
    CHECK(replaced.page("", name, 200, {}).body == standard.page("", name, 200, {}).body);
  }
}

TEST_CASE("a replaced layout or support contact shows on every page that has it") {
  const pages::Renderer layout(overriding("layout", "<body>L {{> head}}|{{> content}} L</body>"));
  const pages::Renderer support(overriding("support", "<p>Ask the {{product_name}} desk</p>"));
  for (const auto& [name, values] : samples::text_values()) {
    INFO(name);
    if (name.starts_with("manage_") || name == "set_up") continue;  // manage_layout
    CHECK_THAT(layout.page("", name, 200, {}).body,
               Contains("<body>L <title>") && Contains("|<main"));
  }
  CHECK_THAT(support.page("", "waiting", 200, {}).body,
             Contains("<p>Ask the Northwind Maintenance desk</p>"));
}

TEST_CASE("what Manage is made of can be replaced and is checked") {
  CHECK(problem_with("manage_styles", "{{/x}}") ==
        "template manage_styles: line 1: Unopened section \"x\"");
  CHECK(problem_with("manage_layout", "{{> head}}") ==
        "template manage_layout: the layout needs {{> content}}");
  const pages::Renderer replaced(overriding("manage_styles", "a { color: {{link}}; }"));
  CHECK_THAT(replaced.asset("manage.css").content(),
             Catch::Matches("a \\{ color: #[0-9a-f]{6}; \\}"));
}

TEST_CASE("a replaced style sheet is what pages load, under a new address") {
  const pages::Renderer& standard = samples::renderer();
  const pages::Renderer replaced(overriding("styles", "body { color: {{link}}; }"));
  CHECK_THAT(replaced.asset("style.css").content(),
             Catch::Matches("body \\{ color: #[0-9a-f]{6}; \\}"));
  CHECK(replaced.page("", "sign_in", 200, {}).body != standard.page("", "sign_in", 200, {}).body);
}

TEST_CASE("a broken template is named, with its line") {
  const std::string start = "<title>x</title>\n<main>\n";
  CHECK(problem_with("denied", start + "{{#email}}</main>") ==
        "template denied: line 3: Unclosed section \"email\"");
  CHECK(problem_with("denied", start + "{{/email}}</main>") ==
        "template denied: line 3: Unopened section \"email\"");
  CHECK(problem_with("denied", start + "{{email</main>") ==
        "template denied: line 3: Unclosed tag");
  CHECK(problem_with("denied", "<p>no main</p>") ==
        "template denied: a page needs a <main> element; what stands before it is its head");
  CHECK(problem_with("layout", "\n{{#x}}") == "template layout: line 2: Unclosed section \"x\"");
  CHECK(problem_with("styles", "{{/x}}") == "template styles: line 1: Unopened section \"x\"");
  CHECK(problem_with("no_such", "x") == "template no_such: there is no such template");
}

TEST_CASE("a replaced template may use the texts of the catalogue, and no others") {
  const pages::Renderer renderer(overriding("signed_out", "<main>{{t_sign_out}} {{x}}</main>"));
  CHECK_THAT(renderer.page("en", "signed_out", 200, {}).body, Contains("<main>Sign out </main>"));
  CHECK_THAT(renderer.page("es", "signed_out", 200, {}).body,
             Contains("<main>Cerrar sesión </main>"));
  CHECK(problem_with("signed_out", "<main>\n{{t_no_such}}</main>") ==
        "template signed_out: line 2: there is no text 't_no_such'");
}

TEST_CASE("a template cannot write what was not escaped") {
  CHECK_THAT(pages::check_template("support", "a\n{{{email}}}"),
             Contains("line 2: ") && Contains("{{name}}"));
  CHECK_THAT(pages::check_template("support", "{{&email}}"), Contains("without escaping"));
  CHECK_THAT(pages::check_template("support", "{{ & email}}"), Contains("without escaping"));
  CHECK_THAT(pages::check_template("support", "{{=<% %>=}}<%{email}%>"), Contains("delimiters"));
  CHECK_THAT(pages::check_template("support", "{{> email}}"), Contains("no such part"));
  CHECK_THAT(pages::check_template("support", "{{}}"), Contains("an empty tag"));
}

TEST_CASE("parts are included only where they belong, and never in themselves") {
  CHECK_THAT(problem_with("support", "{{> support}}"), Contains("cannot be included here"));
  CHECK_THAT(problem_with("property_search", "{{> property_search}}"),
             Contains("cannot be included here"));
  CHECK_THAT(problem_with("styles", "{{> support}}"), Contains("cannot be included here"));
  CHECK_THAT(problem_with("sign_in", "<main>{{> content}}</main>"),
             Contains("template sign_in: ") && Contains("{{> content}} cannot be included here"));
}

TEST_CASE("a layout has a place for a page's head and content") {
  CHECK(problem_with("layout", "{{> content}}") == "template layout: the layout needs {{> head}}");
  CHECK(problem_with("layout", "{{> head}}") == "template layout: the layout needs {{> content}}");
}

TEST_CASE("every shipped template could replace itself") {
  for (const std::string& name : pages::Renderer::template_names()) {
    INFO(name);
    CHECK(pages::check_template(
              name, samples::read_file("core/src/pages/templates/" + name + ".mustache")) == "");
  }
}
