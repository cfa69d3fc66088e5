#include "text/csv.h"

#include <catch2/catch.hpp>

using anteroom::text::parse_csv;

namespace {

std::vector<std::string> cells(const std::string& text) {
  const auto rows = parse_csv(text);
  return rows && rows->size() == 1 ? (*rows)[0].cells : std::vector<std::string>{};
}

}  // namespace

TEST_CASE("cells are parted by commas and may be quoted") {
  CHECK(cells("a,b,,c") == std::vector<std::string>{"a", "b", "", "c"});
  CHECK(cells("\"a,\"\"b\"\"\nc\",d\r\n") == std::vector<std::string>{"a,\"b\"\nc", "d"});
  CHECK(cells("\xef\xbb\xbf"
              "a") == std::vector<std::string>{"a"});
}

TEST_CASE("semicolons part cells where the first line has one before any comma") {
  CHECK(cells("a;\"b;c\";d,e") == std::vector<std::string>{"a", "b;c", "d,e"});
  CHECK(cells("\r\n\na;b") == std::vector<std::string>{"a", "b"});
  CHECK(cells("a,b;c") == std::vector<std::string>{"a", "b;c"});
  CHECK(cells("\"a;b\",c") == std::vector<std::string>{"a;b", "c"});
  CHECK(cells("\"a, \"\"b\"\"\";c") == std::vector<std::string>{"a, \"b\"", "c"});
  const auto rows = parse_csv("key;name\r\noak;\"Oak; Yard, 2\"\r\n");
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  CHECK((*rows)[0].cells == std::vector<std::string>{"key", "name"});
  CHECK((*rows)[1].cells == std::vector<std::string>{"oak", "Oak; Yard, 2"});
  CHECK((*parse_csv("a\nb;c"))[1].cells == std::vector<std::string>{"b;c"});
}

TEST_CASE("rows know where they start, blank lines are not rows") {
  const auto rows = parse_csv("a\r\n\r\n\"b\nb\"\nc");
  REQUIRE(rows);
  REQUIRE(rows->size() == 3);
  CHECK((*rows)[0].line == 1);
  CHECK((*rows)[1].line == 3);
  CHECK((*rows)[2].line == 5);
}

TEST_CASE("a quotation that does not end is named") {
  const auto rows = parse_csv("a\n\"b\nc");
  REQUIRE_FALSE(rows);
  CHECK(rows.failure().detail == "line 2: a quotation does not end");
}

TEST_CASE("a carriage return alone ends a line too") {
  const auto rows = parse_csv("a,b\r\rc\r\"d\re\"\r,f");
  REQUIRE(rows);
  REQUIRE(rows->size() == 4);
  CHECK((*rows)[0].cells == std::vector<std::string>{"a", "b"});
  CHECK((*rows)[1].line == 3);
  CHECK((*rows)[2].cells == std::vector<std::string>{"d\re"});
  CHECK((*rows)[3].line == 6);
  CHECK((*rows)[3].cells == std::vector<std::string>{"", "f"});
}

TEST_CASE("nothing, and lone carriage returns, end") {
  CHECK(parse_csv("")->empty());
  CHECK(parse_csv("a\rb\r"));
}
