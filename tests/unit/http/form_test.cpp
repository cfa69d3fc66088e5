#include "http/form.h"

#include <catch2/catch.hpp>

#include "http/cookie.h"
#include "http/header_list.h"
#include "text/unicode.h"

using namespace anteroom;

TEST_CASE("a form's fields are decoded once") {
  const auto form = http::Form::parse("email=a%2Bb%40c.test&r=x%2520y&s=a+b&empty=&flag");
  REQUIRE(form);
  CHECK(form->get("email") == "a+b@c.test");
  CHECK(form->get("r") == "x%20y");
  CHECK(form->get("s") == "a b");
  CHECK(form->has("empty"));
  CHECK(form->has("flag"));
  CHECK_FALSE(form->has("absent"));
  CHECK(form->get("absent").empty());
}

TEST_CASE("a field given twice makes the form invalid") {
  CHECK_FALSE(http::Form::parse("SAMLResponse=a&SAMLResponse=b"));
  CHECK_FALSE(http::Form::parse("a=1&%61=2"));
}

TEST_CASE("one field may be repeated where it is asked for") {
  const auto form = http::Form::parse("id=1&a=x&id=2&%69d=3", "id");
  REQUIRE(form);
  CHECK(form->repeated() == std::vector<std::string>{"1", "2", "3"});
  CHECK(form->get("a") == "x");
  CHECK_FALSE(form->has("id"));
  CHECK_FALSE(http::Form::parse("id=1&a=x&a=y", "id"));
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "id=&";
  CHECK_FALSE(http::Form::parse(many, "id"));
  CHECK(http::Form::parse(many.substr(4), "id"));
}

TEST_CASE("malformed escapes, NUL and floods make the form invalid") {
  CHECK_FALSE(http::Form::parse("a=%"));
  CHECK_FALSE(http::Form::parse("a=%4"));
  CHECK_FALSE(http::Form::parse("a=%zz"));
  CHECK_FALSE(http::Form::parse("a=%00"));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "f" + std::to_string(i) + "=&";
  CHECK_FALSE(http::Form::parse(many));
}

TEST_CASE("percent-encoding keeps unreserved characters only, and comes back") {
  const std::string all = "azAZ09-._~ /?&=+%\"<>\xc3\xa4";
  const std::string encoded = http::percent_encode(all);
  CHECK(encoded == "azAZ09-._~%20%2F%3F%26%3D%2B%25%22%3C%3E%C3%A4");
  CHECK(http::percent_decode(encoded, false) == all);
}

TEST_CASE("cookies are visited in order, with and without a value") {
  std::vector<std::pair<std::string, std::string>> seen;
  http::for_each_cookie(" a=1;b=x=y ; c;;d=", [&](std::string_view name, std::string_view value) {
    seen.emplace_back(name, value);
  });
  CHECK(seen == std::vector<std::pair<std::string, std::string>>{
                    {"a", "1"}, {"b", "x=y"}, {"c", ""}, {"", ""}, {"d", ""}});
}

TEST_CASE("our cookies are always secure, HTTP only and for the whole host") {
  CHECK(http::set_cookie("n", "v", http::SameSite::lax) ==
        "n=v; Path=/; Secure; HttpOnly; SameSite=Lax");
  CHECK(http::set_cookie("n", "", http::SameSite::none, std::chrono::seconds(0)) ==
        "n=; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=0");
}

TEST_CASE("a list header is searched by token, without case and parameters") {
  CHECK(http::list_has("text/html;q=0.9, */*", "text/html"));
  CHECK(http::list_has("a, TEXT/HTML", "text/html"));
  CHECK_FALSE(http::list_has("text/htmlx", "text/html"));
  CHECK_FALSE(http::list_has("", "text/html"));
}

TEST_CASE("a log line holds no control characters") {
  CHECK(text::printable("a\r\nb\x7f\x1b", 100) == "a??b??");
  CHECK(text::printable("abcdef", 3) == "abc");
}

TEST_CASE("what is not UTF-8 in a form is replaced") {
  CHECK(http::Form::parse("q=%ff%c3%a9")->get("q") == "\ufffdé");
}
