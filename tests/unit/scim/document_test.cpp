#include "scim/document.h"

#include <catch2/catch.hpp>

#include "scim/codes.h"

using namespace anteroom;

namespace {

// `count` times `item` as a list in an object.
std::string list_of(std::size_t count, const std::string& item) {
  std::string body = "{\"Operations\":[";
  for (std::size_t i = 0; i < count; ++i) body += (i == 0 ? "" : ",") + item;
  return body + "]}";
}

std::string object_of(std::size_t names) {
  std::string body = "{";
  for (std::size_t i = 0; i < names; ++i) {
    body += (i == 0 ? "\"a" : ",\"a") + std::to_string(i) + "\":1";
  }
  return body + "}";
}

std::string nested(std::size_t depth) {
  return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

std::string complaint(const std::string& body) {
  const auto document = scim::parse_document(body);
  if (document) return "";
  CHECK(document.failure().code == code::kScimInvalidSyntax);
  return document.failure().detail;
}

}  // namespace

TEST_CASE("a body is bounded in everything that it may have many of, and says in what") {
  CHECK(complaint(list_of(scim::kMaxValues - 2, "1")).empty());
  CHECK(complaint(list_of(scim::kMaxValues - 1, "1")) == "The body holds too many values.");
  CHECK(complaint(list_of(85'000, "{}")) == "The body holds too many values.");
  CHECK(complaint(object_of(scim::kMaxNames)).empty());
  CHECK(complaint(object_of(scim::kMaxNames + 1)) == "An object has too many attributes.");
  CHECK(complaint(nested(scim::kMaxDepth)).empty());
  CHECK(complaint(nested(scim::kMaxDepth + 1)) == "The body is nested too deep.");
  CHECK(complaint(R"({"a":")" + std::string(scim::kMaxString, 'x') + "\"}").empty());
  CHECK(complaint(R"({"a":")" + std::string(scim::kMaxString + 1, 'x') + "\"}") ==
        "The body holds a text that is too long.");
  CHECK(complaint("{\"" + std::string(scim::kMaxAttributeName + 1, 'x') + "\":1}") ==
        "An attribute's name is too long.");
  CHECK(scim::parse_document(std::string(scim::kMaxDocument + 1, ' ')).failure().code ==
        code::kScimTooLarge);
}

TEST_CASE("of two attributes with one name neither counts, on every level") {
  for (const char* body : {R"({"a":1,"A":2})", R"({"a":{"b":1,"B":1}})", R"({"a":[{"b":1,"b":1}]})",
                           R"({"a":1,"b":{},"a":1})"}) {
    CAPTURE(body);
    CHECK(complaint(body) == "An attribute is in the body twice.");
  }
  CHECK(complaint(R"({"a":{"b":1},"b":[{"a":1},{"a":2}]})").empty());
}

TEST_CASE("what is read is what was sent") {
  const char* body =
      R"({"a":[1,-2,0.5,true,null,"x",[],{},[{"b":[1]}]],"c":{"d":{"e":""},"f":[[]]},"g":"\u00e9"})";
  CHECK(*scim::parse_document(body) == scim::Json::parse(body));
}

TEST_CASE("the largest group is within the bounds") {
  const std::string member =
      R"({"$ref":null,"value":"2819c223-7f76-453a-919d-413861904646","type":"User"})";
  CHECK(complaint(list_of(3'000, member)).empty());
}

TEST_CASE("reading costs as much as the body is long, not its square") {
  const auto steps = [](const std::string& body) {
    scim::Effort effort;
    (void)scim::parse_document(body, effort);
    return effort.steps;
  };
  for (const char* item : {"{}", "1", "[]", R"({"a":1,"b":2})", R"("x")"}) {
    CAPTURE(item);
    CHECK(steps(list_of(4'000, item)) <= 4 * steps(list_of(1'000, item)) + 16);
  }
  CHECK(steps(object_of(256)) <= 4 * 16 * 64);  // a search among 256 names takes at most 16 looks
  CHECK(steps(list_of(85'000, "{}")) <= 2 * scim::kMaxValues);
}
