#include "templates/template.h"

#include <catch2/catch.hpp>

using namespace anteroom::templates;

TEST_CASE("a value is escaped, and left alone in plain text") {
  const Values values{{{"name", "<Ann> & \"Ben\""}}};
  CHECK(Template("{{name}}").render({}, values) == "&lt;Ann&gt; &amp; &quot;Ben&quot;");
  CHECK(Template("{{name}}", Escaping::none).render({}, values) == "<Ann> & \"Ben\"");
}

TEST_CASE("what an installation says comes before what a caller says") {
  CHECK(Template("{{prefix}}").render({{{"prefix", "/auth"}}}, {{{"prefix", "/other"}}}) ==
        "/auth");
}

TEST_CASE("an empty text leaves its section out") {
  CHECK(Template("a{{#note}}({{note}}){{/note}}b").render({}, {{{"note", ""}}}) == "ab");
}

TEST_CASE("nothing that writes a value unescaped is a template, and the line is named") {
  for (const char* text : {"\n{{{name}}}", "\n{{&name}}", "\n{{=<% %>=}}", "\n{{> elsewhere}}"}) {
    INFO(text);
    CHECK(check_syntax(text).starts_with("line 2: "));
    CHECK_THROWS_AS(Template(text), std::runtime_error);
  }
}

TEST_CASE("a layout has a place for what it is put around") {
  CHECK(include("a {{> content}} {{>content}}", "content", "b") == "a b b");
  CHECK(fill("<{{> content}}>", "content", "b") == "<b>");
  CHECK_THROWS_WITH(fill("<>", "content", "b"), "the layout needs {{> content}}");
}
