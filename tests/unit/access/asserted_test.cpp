#include <catch2/catch.hpp>

#include "anteroom/asserted_access.h"
#include "anteroom/settings.h"

using namespace anteroom;
using Kind = Asserted::Kind;

namespace {

using Attributes = std::map<std::string, std::vector<std::string>, std::less<>>;

AssertedAccess table(const std::string& attribute = kEntraGroups) {
  return {attribute,
          {{"A", "manager", {"elm", "oak"}}, {"B", "viewer", {"*"}}, {"A", "viewer", {"*"}}}};
}

// "A elm=manager, …"
std::string given(const Asserted& asserted) {
  std::string text;
  for (const AssertedGrant& grant : asserted.grants) {
    text += (text.empty() ? "" : ", ") + grant.value + " " + grant.property + "=" + grant.level;
  }
  return text;
}

}  // namespace

TEST_CASE("values of the attribute give what the table says") {
  const Asserted said = read_asserted(table("role"), {{"role", {"C", "A", "A", "a"}}});
  CHECK(said.kind == Kind::said);
  CHECK(given(said) == "A elm=manager, A oak=manager, A *=viewer");
}

TEST_CASE("values are compared as they are") {
  for (const char* value : {"a", "A ", " A", "A\n", "AA", "", "*", "A,B"}) {
    INFO(value);
    CHECK(given(read_asserted(table("role"), {{"role", {value}}})).empty());
  }
}

TEST_CASE("only the attribute of the table counts, by its whole name") {
  for (const char* name : {"Role", "roles", "urn:role", kEntraGroups, ""}) {
    INFO(name);
    const Asserted said = read_asserted(table("role"), {{name, {"A", "B"}}});
    CHECK(said.kind == Kind::said);
    CHECK(said.grants.empty());
  }
}

TEST_CASE("an attribute that is absent says nothing") {
  CHECK(read_asserted(table(), {}).kind == Kind::said);
  CHECK(read_asserted(table(), {}).grants.empty());
  CHECK(read_asserted(table(), {{kEntraGroups, {}}}).grants.empty());
}

TEST_CASE("a link in the place of groups says that they are too many") {
  const Attributes link{{kEntraGroupsLink, {"https://graph.test/users/1/getMemberObjects"}}};
  CHECK(read_asserted(table(), link).kind == Kind::too_many);
  // What was said last decides which of them count.
  CHECK(given(read_asserted(table(), link)) ==
        given(read_asserted(table(), {{kEntraGroups, {"A", "B"}}})));
  SECTION("but not where groups are named") {
    Attributes both = link;
    both[kEntraGroups] = {"B"};
    CHECK(given(read_asserted(table(), both)) == "B *=viewer");
    both[kEntraGroups] = {};
    CHECK(read_asserted(table(), both).kind == Kind::said);
  }
  SECTION("nor of another attribute") {
    CHECK(read_asserted(table("role"), link).kind == Kind::said);
  }
  SECTION("nor where there is no table") {
    CHECK(read_asserted({kEntraGroups, {}}, link).kind == Kind::no_table);
  }
}

TEST_CASE("without a table nothing is read") {
  CHECK(read_asserted({}, {{"", {"A"}}}).kind == Kind::no_table);
}

TEST_CASE("as many values as an assertion holds are looked at") {
  std::vector<std::string> many(5000, "x");
  many.back() = "B";
  CHECK(given(read_asserted(table("role"), {{"role", many}})) == "B *=viewer");
}
