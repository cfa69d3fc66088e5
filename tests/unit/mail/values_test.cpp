#include "mail/values.h"

#include "fixture.h"

using namespace anteroom;

namespace {

std::string text(const std::string& json, const std::string& name) {
  const auto values = mail::values_of(json, {{"corp", "Corp & Sons"}});
  REQUIRE(values);
  const auto found = values->text.find(name);
  return found == values->text.end() ? "(none)" : found->second;
}

}  // namespace

TEST_CASE("parameters become values by type") {
  CHECK(text(R"({"a":"x"})", "a") == "x");
  CHECK(text(R"({"a":3})", "a") == "3");
  CHECK(text(R"({"a":null})", "a").empty());
  CHECK(text(R"({"a":{"b":1}})", "a").empty());
  CHECK(text(R"({"a":["x","y\n",["z"],3]})", "a") == "x, y , 3");
  CHECK(mail::values_of(R"({"a":true})", {})->flags.at("a"));
  const auto list = mail::values_of(R"({"a":[{"b":"x\r\ny","idp":"corp"},7]})", {{"corp", "Corp"}});
  REQUIRE(list->lists.at("a").size() == 1);
  CHECK(list->lists.at("a")[0].text.at("b") == "x  y");
  CHECK(list->lists.at("a")[0].text.at("company") == "Corp");
}

TEST_CASE("what is not a JSON object is told") {
  for (const char* bad : {"", "[]", "3", "{", "\"a\"", "{\"a\":\"\xff\"}"}) {
    CAPTURE(bad);
    CHECK_FALSE(mail::values_of(bad, {}));
  }
}

TEST_CASE("an identity provider is named for people, known or not") {
  CHECK(text(R"({"idp":"corp"})", "company") == "Corp & Sons");
  CHECK(text(R"({"idp":"gone"})", "company") == "gone");
  CHECK(text(R"({})", "company") == "(none)");
}

TEST_CASE("all properties are words, not an asterisk") {
  const auto values = mail::values_of(R"({"properties":["*"]})", {});
  CHECK(values->text.at("properties").empty());
  CHECK(values->flags.at("all_properties"));
  CHECK(mail::values_of(R"({"properties":["elm"]})", {})->flags.count("all_properties") == 0);
}

TEST_CASE("a value is one line in one direction") {
  CHECK(mail::one_line("a\r\nb\tc\x7f"
                       "d") == "a  b c d");
  CHECK(mail::one_line("a\xc2\x85"
                       "b\xc2\x9f"
                       "c") == "a b c");  // C1: NEL
  CHECK(mail::one_line("a\xe2\x80\xa8"
                       "b\xe2\x80\xa9"
                       "c") == "abc");  // line separators
  CHECK(mail::one_line("\xe2\x80\xaegro.live\xe2\x81\xa6x\xef\xbb\xbf") == "gro.livex");
  CHECK(mail::one_line("né€😀 \xe2\x80\x93 ok") == "né€😀 \xe2\x80\x93 ok");
  CHECK(mail::one_line(std::string("a\0b", 3)) == "a b");
  CHECK(mail::one_line("\xe2\x80").size() == 2);  // cut short: nothing to compare
}

TEST_CASE("a value is cut at 500 bytes, between characters") {
  CHECK(mail::one_line(std::string(500, 'x')) == std::string(500, 'x'));
  CHECK(mail::one_line(std::string(501, 'x')) == std::string(500, 'x') + "…");
  CHECK(mail::one_line(std::string(499, 'x') + "€€") == std::string(499, 'x') + "…");
}
