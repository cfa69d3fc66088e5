#include "scim/groups.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "scim/codes.h"

using namespace anteroom;
using nlohmann::json;

namespace {

constexpr const char* kGroup = "urn:ietf:params:scim:schemas:core:2.0:Group";
const std::string kAnn = "2819c223-7f76-453a-919d-413861904646";
const std::string kBob = "902c246b-6245-4190-8e05-00816be7344a";

std::string patch_body(const json& operations) {
  return json{{"schemas", {"urn:ietf:params:scim:api:messages:2.0:PatchOp"}},
              {"Operations", operations}}
      .dump();
}

scim::GroupChange patched(const json& operations) {
  const auto change = scim::read_group_patch(patch_body(operations));
  INFO((change ? "" : change.failure().detail));
  REQUIRE(change);
  return *change;
}

Code refused(const json& operation) {
  const auto change = scim::read_group_patch(patch_body(json::array({operation})));
  REQUIRE_FALSE(change);
  return change.failure().code;
}

json members(const std::vector<std::string>& ids) {
  json list = json::array();
  for (const std::string& id : ids) list.push_back({{"$ref", nullptr}, {"value", id}});
  return list;
}

}  // namespace

TEST_CASE("a new Group is read as Entra sends it") {
  const auto group = scim::read_group(json{
      {"schemas",
       {kGroup, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"}},
      {"externalId", "8aa1a0c0"},
      {"displayName", "Managers"},
      {"meta",
       {{"resourceType", "Group"}}}}.dump());
  REQUIRE(group);
  CHECK(group->display_name == "Managers");
  CHECK(group->external_id == "8aa1a0c0");
  CHECK(group->clears_members);
  CHECK(group->adds.empty());
}

TEST_CASE("members are added and removed in each way that Entra writes it") {
  const auto added =
      patched({{{"op", "Add"}, {"path", "members"}, {"value", members({kAnn, kBob})}}});
  CHECK(added.adds == std::vector<std::string>{kAnn, kBob});
  CHECK_FALSE(added.clears_members);
  const auto removed =
      patched({{{"op", "Remove"}, {"path", "members"}, {"value", members({kAnn})}}});
  CHECK(removed.removes == std::vector<std::string>{kAnn});
  CHECK_FALSE(removed.clears_members);
  const auto by_path =
      patched({{{"op", "remove"}, {"path", "members[value eq \"" + kAnn + "\"]"}}});
  CHECK(by_path.removes == std::vector<std::string>{kAnn});
  CHECK(patched({{{"op", "remove"}, {"path", "members"}}}).clears_members);
  const auto replaced =
      patched({{{"op", "replace"}, {"path", "members"}, {"value", members({kBob})}}});
  CHECK(replaced.clears_members);
  CHECK(replaced.adds == std::vector<std::string>{kBob});
  const auto without_path =
      patched({{{"op", "add"}, {"value", {{"displayName", "M"}, {"members", members({kAnn})}}}}});
  CHECK(without_path.display_name == "M");
  CHECK(without_path.adds == std::vector<std::string>{kAnn});
}

TEST_CASE("members are removed by an expression over their ids") {
  const std::string ann = "value eq \"" + kAnn + "\"";
  const std::string bob = "value eq \"" + kBob + "\"";
  const auto removed = [](const std::string& where) {
    return patched({{{"op", "remove"}, {"path", "members[" + where + "]"}}}).removes;
  };
  CHECK(removed(ann + " or " + bob) == std::vector<std::string>{kAnn, kBob});
  CHECK(removed(ann + " and type eq \"User\"") == std::vector<std::string>{kAnn});
  CHECK(removed(ann + " and type eq \"Group\"").empty());
  CHECK(removed(ann + " and " + bob).empty());
  CHECK(removed("value eq \"nobody\"").empty());
  for (const std::string& where : {"not (" + ann + ")", std::string("type eq \"User\""),
                                   std::string("value pr"), std::string("value sw \"2\"")}) {
    CAPTURE(where);
    CHECK(refused({{"op", "remove"}, {"path", "members[" + where + "]"}}) ==
          code::kScimInvalidPath);
  }
}

TEST_CASE("null is not a value of a Group") {
  CHECK(patched({{{"op", "replace"}, {"path", "externalId"}, {"value", nullptr}}}).external_id ==
        "");
  CHECK(patched({{{"op", "replace"}, {"path", "members"}, {"value", nullptr}}}).clears_members);
  const auto added = patched({{{"op", "add"}, {"path", "members"}, {"value", nullptr}}});
  CHECK_FALSE(added.clears_members);
  CHECK(added.adds.empty());
  const auto nameless =
      scim::read_group(json{{"schemas", {kGroup}}, {"displayName", nullptr}}.dump());
  REQUIRE_FALSE(nameless);
  CHECK(nameless.failure().code == code::kScimInvalidValue);
}

TEST_CASE("operations on members come in order") {
  const auto change = patched({{{"op", "add"}, {"path", "members"}, {"value", members({kAnn})}},
                               {{"op", "remove"}, {"path", "members"}, {"value", members({kAnn})}},
                               {{"op", "remove"}, {"path", "members"}, {"value", members({kBob})}},
                               {{"op", "add"}, {"path", "members"}, {"value", members({kBob})}}});
  CHECK(change.adds == std::vector<std::string>{kBob});
  CHECK(change.removes == std::vector<std::string>{kAnn});
  const auto cleared = patched({{{"op", "add"}, {"path", "members"}, {"value", members({kAnn})}},
                                {{"op", "remove"}, {"path", "members"}}});
  CHECK(cleared.clears_members);
  CHECK(cleared.adds.empty());
}

TEST_CASE("member ids in either case are one") {
  const auto change = patched({{{"op", "add"},
                                {"path", "members"},
                                {"value", members({"2819C223-7F76-453A-919D-413861904646"})}}});
  CHECK(change.adds == std::vector<std::string>{kAnn});
}

TEST_CASE("a change of a Group that means nothing is refused") {
  CHECK(refused({{"op", "add"}, {"path", "members"}, {"value", members({"u1091"})}}) ==
        code::kScimInvalidValue);
  CHECK(refused({{"op", "add"}, {"path", "members"}, {"value", {{{"display", "x"}}}}}) ==
        code::kScimInvalidValue);
  CHECK(refused({{"op", "add"}, {"path", "members"}, {"value", 5}}) == code::kScimInvalidValue);
  CHECK(refused({{"op", "add"},
                 {"path", "members[value eq \"" + kAnn + "\"]"},
                 {"value", members({kAnn})}}) == code::kScimInvalidPath);
  CHECK(refused({{"op", "remove"}, {"path", "displayName"}}) == code::kScimMutability);
  CHECK(refused({{"op", "replace"}, {"path", "displayName"}, {"value", "a\nb"}}) ==
        code::kScimInvalidValue);
  CHECK(refused({{"op", "replace"}, {"path", "level"}, {"value", "admin"}}) ==
        code::kScimInvalidPath);
  const auto nameless = scim::read_group(json{{"schemas", {kGroup}}}.dump());
  REQUIRE_FALSE(nameless);
  CHECK(nameless.failure().code == code::kScimInvalidValue);
}

TEST_CASE("a Group is written with its members or without") {
  scim::Group group{kBob, "Managers", "", {kAnn}, "", ""};
  const json with = json::parse(scim::write_group(group, "/b"));
  CHECK(with["members"] ==
        json::array({{{"value", kAnn}, {"type", "User"}, {"$ref", "/b/Users/" + kAnn}}}));
  CHECK(with["meta"]["location"] == "/b/Groups/" + kBob);
  CHECK_FALSE(with.contains("externalId"));
  scim::Group without = group;
  without.shows_members = false;
  CHECK_FALSE(json::parse(scim::write_group(without, "/b")).contains("members"));
}
