#include "scim/users.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "scim/codes.h"

using namespace anteroom;
using nlohmann::json;

namespace {

constexpr const char* kUser = "urn:ietf:params:scim:schemas:core:2.0:User";

json user_body() {
  return {{"schemas", {kUser}}, {"userName", "ann@corp.test"}};
}

std::string patch_body(const json& operations) {
  return json{{"schemas", {"urn:ietf:params:scim:api:messages:2.0:PatchOp"}},
              {"Operations", operations}}
      .dump();
}

scim::UserChange patched(const json& operations) {
  const auto change = scim::read_user_patch(patch_body(operations)).change;
  INFO((change ? "" : change.failure().detail));
  REQUIRE(change);
  return *change;
}

scim::UserChange patched(const std::string& op, const std::string& path, const json& value) {
  return patched({{{"op", op}, {"path", path}, {"value", value}}});
}

Code refused(const std::string& body) {
  const auto change = scim::read_user_patch(body).change;
  REQUIRE_FALSE(change);
  CHECK_FALSE(change.failure().detail.empty());
  return change.failure().code;
}

Code refused(const json& operation) {
  return refused(patch_body(json::array({operation})));
}

Code refused_new(const json& body) {
  const auto user = scim::read_new_user(body.dump());
  REQUIRE_FALSE(user);
  return user.failure().code;
}

}  // namespace

TEST_CASE("a new User is read whole, and what is absent is empty") {
  json body = user_body();
  body["externalId"] = "ann";
  body["name"] = {{"formatted", "Ann Arbor"}, {"givenName", "Ann"}, {"familyName", "Arbor"}};
  body["emails"] = {{{"type", "work"}, {"value", "Ann@Corp.test"}, {"primary", true}}};
  body["roles"] = json::array();
  body["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = {{"department", "x"}};
  body["favouriteColour"] = "blue";
  const auto user = scim::read_new_user(body.dump());
  REQUIRE(user);
  CHECK(user->user_name == "ann@corp.test");
  CHECK(user->external_id == "ann");
  CHECK(user->work_email == "Ann@Corp.test");
  CHECK(user->formatted_name == "Ann Arbor");
  CHECK(user->given_name == "Ann");
  CHECK(user->family_name == "Arbor");
  CHECK(user->display_name == "");
  CHECK(user->is_active == true);
}

TEST_CASE(
    "a PUT without active leaves the account as it is; everything else absent is taken away") {
  const auto user = scim::read_user_replacement(user_body().dump()).change;
  REQUIRE(user);
  CHECK_FALSE(user->is_active);
  CHECK(user->display_name == "");
  CHECK(user->work_email == "");
}

TEST_CASE("attribute names are read without case") {
  const auto user = scim::read_new_user(
      json{{"SCHEMAS", {kUser}}, {"USERNAME", "ann"}, {"Active", "fAlSe"}}.dump());
  REQUIRE(user);
  CHECK(user->user_name == "ann");
  CHECK(user->is_active == false);
}

TEST_CASE("the email that counts is the work one; of others the primary one is the likeliest") {
  const json home{{"type", "home"}, {"value", "home@x"}};
  const json untyped{{"value", "untyped@x"}};
  const json work{{"type", "Work"}, {"value", "work@x"}};
  const json second{{"type", "work"}, {"value", "second@x"}, {"primary", "TRUE"}};
  const auto read = [](const json& emails) {
    json body = user_body();
    body["emails"] = emails;
    const auto user = scim::read_new_user(body.dump());
    REQUIRE(user);
    return *user;
  };
  for (const json& said : {json(true), json("True"), json("true")}) {
    const json primary{{"type", "other"}, {"value", "primary@x"}, {"primary", said}};
    CHECK(read({home, primary, work}).work_email == "work@x");
    CHECK(read({home, primary, work}).other_emails.empty());
    CHECK(read({home, primary}).work_email == "");
    CHECK(read({home, primary}).other_emails == std::vector<std::string>{"primary@x", "home@x"});
  }
  for (const json& said : {json(false), json("False"), json(nullptr), json("yes"), json(1)}) {
    const json other{{"type", "other"}, {"value", "other@x"}, {"primary", said}};
    CHECK(read({home, other}).other_emails == std::vector<std::string>{"home@x", "other@x"});
  }
  CHECK(read({work, second}).work_email == "second@x");
  CHECK(read(json::array({untyped})).other_emails == std::vector<std::string>{"untyped@x"});
  CHECK(read(json::array()).work_email == "");
  CHECK(read(json::array({{{"type", "work"}, {"value", nullptr}}})).work_email == "");
  CHECK(read(json(nullptr)).work_email == "");
}

TEST_CASE("what is added to the emails leaves the work email that there is") {
  const json home{{"type", "home"}, {"value", "home@corp.test"}, {"primary", false}};
  const json work{{"type", "work"}, {"value", "new@corp.test"}};
  json primary = work;
  primary["primary"] = "true";
  const auto added = [](const json& value) { return patched("add", "emails", value); };
  for (const json& value : {json::array({home}), json(home)}) {
    CHECK_FALSE(added(value).work_email);
    CHECK(added(value).other_emails == std::vector<std::string>{"home@corp.test"});
    CHECK(added(value).adds_email);
  }
  CHECK(added(json::array({work})).work_email == "new@corp.test");
  CHECK(added(json::array({work})).adds_email);
  CHECK(added(json::array({home, primary})).work_email == "new@corp.test");
  CHECK_FALSE(added(json::array({home, primary})).adds_email);
  CHECK_FALSE(added(json(nullptr)).work_email);

  const auto in_order = [&](const json& first, const json& second) {
    return patched(json::array({first, second}));
  };
  const json adds{{"op", "add"}, {"path", "emails"}, {"value", {home}}};
  const auto set_before =
      in_order({{"op", "replace"}, {"path", "emails"}, {"value", {work}}}, adds);
  CHECK(set_before.work_email == "new@corp.test");
  CHECK(set_before.other_emails.empty());
  const auto removed_before = in_order({{"op", "remove"}, {"path", "emails"}}, adds);
  CHECK(removed_before.work_email == "");
  CHECK(removed_before.other_emails == std::vector<std::string>{"home@corp.test"});
  CHECK_FALSE(removed_before.adds_email);
  const auto set_after = in_order(adds, {{"op", "replace"}, {"path", "emails"}, {"value", {work}}});
  CHECK(set_after.work_email == "new@corp.test");
  CHECK(set_after.other_emails.empty());
  CHECK_FALSE(set_after.adds_email);
}

TEST_CASE("a value path of emails is an expression over the one that is kept") {
  const auto set = [](const std::string& path) { return patched("replace", path, "b@corp.test"); };
  for (const char* path :
       {R"(emails[type eq "work" and primary eq true].value)", R"(emails[primary EQ "True"].value)",
        R"(emails[type eq "home" or primary eq "true"].value)",
        R"(emails[not (type eq "home")].value)",
        R"(emails[(type pr) and (value eq "x" or primary eq true)].value)"}) {
    CAPTURE(path);
    CHECK(set(path).work_email == "b@corp.test");
    CHECK_FALSE(set(path).only_email);
  }
  for (const char* path :
       {R"(emails[type eq "home" and primary eq true].value)", R"(emails[primary eq false].value)",
        R"(emails[display eq "x"].value)"}) {
    CAPTURE(path);
    CHECK_FALSE(set(path).work_email);
  }
  const auto only = set(R"(emails[type eq "work" and value eq "A@corp.test"].value)");
  CHECK(only.work_email == "b@corp.test");
  CHECK(only.only_email == "A@corp.test");
  const auto removed = patched("remove", R"(emails[value eq "a@corp.test"])", nullptr);
  CHECK(removed.work_email == "");
  CHECK(removed.only_email == "a@corp.test");
  CHECK(patched("replace", R"(emails[type eq "work"])", {{"value", "c@corp.test"}}).work_email ==
        "c@corp.test");
  for (const char* path : {R"(emails[value ne "a"].value)", R"(emails[value co "a"].value)",
                           R"(emails[value eq "a" or value eq "b"].value)"}) {
    CAPTURE(path);
    CHECK(refused(json{{"op", "replace"}, {"path", path}, {"value", "b@corp.test"}}) ==
          code::kScimInvalidPath);
  }
}

TEST_CASE("null is not a value") {
  json body = user_body();
  for (const char* name : {"displayName", "active", "name", "emails", "externalId", "title"}) {
    body[name] = nullptr;
  }
  const auto user = scim::read_new_user(body.dump());
  REQUIRE(user);
  CHECK(user->is_active == true);
  CHECK(user->display_name == "");
  CHECK_FALSE(scim::read_user_replacement(body.dump()).change->is_active);
  body["userName"] = nullptr;
  CHECK(refused_new(body) == code::kScimInvalidValue);
  body = user_body();
  body["name"] = {{"givenName", nullptr}, {"familyName", "A"}};
  CHECK(scim::read_new_user(body.dump())->given_name == "");
  CHECK(patched("replace", "displayName", nullptr).display_name == "");
  CHECK(patched("replace", "emails[type eq \"work\"].value", nullptr).work_email == "");
  CHECK(patched("replace", "name", nullptr).family_name == "");
  CHECK_FALSE(patched("add", "displayName", nullptr).display_name);
  CHECK(patched({{{"op", "replace"}, {"value", {{"displayName", nullptr}}}}}).display_name == "");
}

TEST_CASE("the schema of drafts, which OneLogin names by default, is taken for ours") {
  json body = user_body();
  body["schemas"] = {"urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"};
  CHECK(scim::read_new_user(body.dump()));
  body["schemas"] = {"urn:scim:schemas:extension:enterprise:2.0"};
  CHECK(refused_new(body) == code::kScimInvalidSyntax);
}

TEST_CASE("a User that cannot be one is refused") {
  CHECK(refused_new({{"schemas", {kUser}}}) == code::kScimInvalidValue);
  CHECK(refused_new({{"userName", "ann"}}) == code::kScimInvalidSyntax);
  json body = user_body();
  body["active"] = "yes";
  CHECK(refused_new(body) == code::kScimInvalidValue);
  body = user_body();
  body["userName"] = 5;
  CHECK(refused_new(body) == code::kScimInvalidValue);
  body["userName"] = std::string(255, 'a');
  CHECK(refused_new(body) == code::kScimInvalidValue);
  body["userName"] = "";
  CHECK(refused_new(body) == code::kScimMutability);
  body = user_body();
  body["name"] = "Ann";
  CHECK(refused_new(body) == code::kScimInvalidValue);
  body = user_body();
  body["emails"] = {"ann@corp.test"};
  CHECK(refused_new(body) == code::kScimInvalidValue);
}

TEST_CASE("texts that are not what they look like are refused") {
  for (const char* trick :
       {"a\u0000b", "line\nbreak", "\u007f", "\u0085", "\u202Egnp.exe", "\u2066x",
        "zero\u200Bwidth", "\uFEFF", "\u2028", "\u061C", "\u2060", "ad\u200Dmin", "\u00ad"}) {
    json body = user_body();
    body["displayName"] = trick[1] == '\0' && trick[0] == 'a' ? std::string("a\0b", 3) : trick;
    CAPTURE(body.dump());
    CHECK(refused_new(body) == code::kScimInvalidValue);
  }
  json body = user_body();
  for (const char* name : {"Zoë Łukasz 李 – ok", "علی\u200cرضا", "ක්\u200dෂේම"}) {
    body["displayName"] = name;
    const auto user = scim::read_new_user(body.dump());
    REQUIRE(user);
    CHECK(user->display_name == name);
  }
}

TEST_CASE("a body that is not a JSON object, or not a sound one, is refused") {
  const std::string twice = R"({"schemas":[")" + std::string(kUser) +
                            R"("],"userName":"a@corp.test","active":true,"Active":false})";
  std::string deep(9, '[');
  deep = R"({"schemas":[],"x":)" + deep + std::string(9, ']') + "}";
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("null"), std::string("{"), std::string("{}x"),
        std::string("{\"a\":1e999}"), std::string("{\"a\":\"\xff\"}"),
        std::string("{\"a\":\"\\ud800\"}"), twice, deep, std::string(100'000, '[')}) {
    const auto user = scim::read_new_user(body);
    CAPTURE(body.substr(0, 80));
    REQUIRE_FALSE(user);
    CHECK(user.failure().code == code::kScimInvalidSyntax);
  }
  CHECK(scim::read_new_user(std::string(300'000, ' ')).failure().code == code::kScimTooLarge);
}

TEST_CASE("Entra turns accounts off with a boolean or a text, in any case") {
  CHECK(patched("Replace", "active", false).is_active == false);
  CHECK(patched("Replace", "active", "False").is_active == false);
  CHECK(patched("replace", "ACTIVE", "True").is_active == true);
  CHECK(patched("Add", "active", false).is_active == false);
  CHECK(patched(json{{{"op", "replace"}, {"value", {{"active", false}}}}}).is_active == false);
  const auto only = patched("Replace", "active", false);
  CHECK_FALSE(only.user_name);
  CHECK_FALSE(only.work_email);
  CHECK_FALSE(only.display_name);
}

TEST_CASE("active is nothing but true or false, and to take it away turns nobody on or off") {
  for (const json& value : {json("off"), json(0), json::array({false}), json("")}) {
    CHECK(refused(json{{"op", "Replace"}, {"path", "active"}, {"value", value}}) ==
          code::kScimInvalidValue);
  }
  CHECK_FALSE(patched({{{"op", "Remove"}, {"path", "active"}}}).is_active);
  CHECK_FALSE(patched("Replace", "active", nullptr).is_active);
  CHECK(patched({{{"op", "Replace"}, {"path", "active"}, {"value", false}},
                 {{"op", "Remove"}, {"path", "active"}}})
            .is_active == false);
}

TEST_CASE("paths lead to the work email and the parts of the name") {
  CHECK(patched("Replace", "emails[type eq \"work\"].value", "b@corp.test").work_email ==
        "b@corp.test");
  CHECK(patched("Add", "emails[Type EQ \"Work\"].value", "b@corp.test").work_email ==
        "b@corp.test");
  CHECK(patched("Add", "emails[primary eq true].value", "b@corp.test").work_email == "b@corp.test");
  CHECK(patched("Remove", "emails[type eq \"work\"].value", nullptr).work_email == "");
  CHECK(patched("Replace", "emails", json::array()).work_email == "");
  CHECK_FALSE(patched("Add", "emails", json::array()).work_email);
  CHECK(patched("Remove", "emails", nullptr).work_email == "");
  CHECK_FALSE(patched("Replace", "emails[type eq \"home\"].value", "h@x").work_email);
  CHECK_FALSE(patched("Replace", "emails[type eq \"work\"].primary", true).work_email);
  CHECK(patched("Replace", "name.familyName", "Archer").family_name == "Archer");
  CHECK(patched("Replace", "name", {{"givenName", "A"}}).given_name == "A");
  CHECK_FALSE(patched("Replace", "name", {{"givenName", "A"}}).family_name);
  CHECK(patched("Remove", "name", nullptr).family_name == "");
  CHECK(patched("Remove", "displayName", nullptr).display_name == "");
  CHECK(patched("Replace", std::string(kUser) + ":externalId", "x").external_id == "x");
}

TEST_CASE("without a path the value's members are paths themselves") {
  const auto change = patched(json{
      {{"op", "replace"},
       {"value",
        {{"displayName", "Bea"},
         {"name.givenName", "Bea"},
         {"emails[type eq \"work\"].value", "bea@corp.test"},
         {"id", "ignored"},
         {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", "7"}}}}});
  CHECK(change.display_name == "Bea");
  CHECK(change.given_name == "Bea");
  CHECK(change.work_email == "bea@corp.test");
}

TEST_CASE("operations come in order") {
  const auto change = patched({{{"op", "Replace"}, {"path", "active"}, {"value", false}},
                               {{"op", "Replace"}, {"path", "active"}, {"value", true}},
                               {{"op", "Replace"}, {"path", "active"}, {"value", "False"}}});
  CHECK(change.is_active == false);
}

TEST_CASE("what Entra sends by default and nobody keeps is ignored") {
  for (const char* path :
       {"title", "preferredLanguage", "addresses[type eq \"work\"].streetAddress",
        "phoneNumbers[type eq \"mobile\"].value", "nickName", "name.middleName",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "roles"}) {
    const auto change = patched("Add", path, "x");
    CHECK_FALSE(change.user_name);
    CHECK_FALSE(change.is_active);
  }
}

TEST_CASE("an operation that means nothing is refused") {
  CHECK(refused(json{{"op", "move"}, {"path", "title"}}) == code::kScimInvalidSyntax);
  CHECK(refused(json{{"path", "title"}}) == code::kScimInvalidSyntax);
  CHECK(refused(json("x")) == code::kScimInvalidSyntax);
  CHECK(refused(json{{"op", "remove"}}) == code::kScimNoTarget);
  CHECK(refused(json{{"op", "add"}, {"value", "x"}}) == code::kScimInvalidValue);
  CHECK(refused(json{{"op", "add"}, {"path", 5}}) == code::kScimInvalidPath);
  CHECK(refused(json{{"op", "add"}, {"path", "id"}, {"value", "x"}}) == code::kScimMutability);
  CHECK(refused(json{{"op", "add"}, {"path", "meta.created"}, {"value", "x"}}) ==
        code::kScimMutability);
  CHECK(refused(json{{"op", "remove"}, {"path", "userName"}}) == code::kScimMutability);
  CHECK(refused(json{{"op", "replace"}, {"path", "userName"}, {"value", ""}}) ==
        code::kScimMutability);
  CHECK(refused(json{{"op", "add"}, {"path", "isAdmin"}, {"value", true}}) ==
        code::kScimInvalidPath);
  for (const char* path :
       {"", "emails[", "emails[type eq \"work\"", "emails[type eq \"work\"].", "emails[type]",
        "emails[type eq \"work\" and]", "active.sub", "active[x eq \"y\"]", ".value", "active ",
        " active", "a b", "active;drop"}) {
    CAPTURE(path);
    CHECK(refused(json{{"op", "replace"}, {"path", path}, {"value", "False"}}) ==
          code::kScimInvalidPath);
  }
  CHECK(refused(patch_body(json::array())) == code::kScimInvalidSyntax);
  CHECK(refused(patch_body("x")) == code::kScimInvalidSyntax);
  CHECK(refused(std::string(R"({"Operations":[{"op":"replace","path":"active","value":true}]})")) ==
        code::kScimInvalidSyntax);
  json many = json::array();
  for (int i = 0; i < 101; ++i) many.push_back({{"op", "add"}, {"path", "title"}, {"value", "x"}});
  CHECK(refused(patch_body(many)) == code::kScimInvalidSyntax);
}

TEST_CASE("a User is written with what there is, and nothing else") {
  scim::User user;
  user.id = "2819c223-7f76-453a-919d-413861904646";
  user.user_name = "ann@corp.test";
  user.created_at = user.changed_at = "2026-11-25T00:00:00Z";
  user.is_active = false;
  const json bare = json::parse(scim::write_user(user, "https://login.test/auth/scim/v2/corp"));
  CHECK(bare == json{{"schemas", {kUser}},
                     {"id", user.id},
                     {"userName", "ann@corp.test"},
                     {"active", false},
                     {"meta",
                      {{"resourceType", "User"},
                       {"created", user.created_at},
                       {"lastModified", user.changed_at},
                       {"location", "https://login.test/auth/scim/v2/corp/Users/" + user.id}}}});
  user.work_email = "ann@corp.test";
  user.given_name = "Ann";
  user.external_id = "ann";
  const json full = json::parse(scim::write_user(user, ""));
  CHECK(full["emails"] ==
        json::array({{{"value", "ann@corp.test"}, {"type", "work"}, {"primary", true}}}));
  CHECK(full["name"] == json{{"givenName", "Ann"}});
  CHECK(full["externalId"] == "ann");
}

TEST_CASE("a list says how many there are in all") {
  const json none = json::parse(scim::write_list(0, 1, scim::OrderedJson::array()));
  CHECK(none["totalResults"] == 0);
  CHECK(none["Resources"] == json::array());
  scim::OrderedJson users = scim::OrderedJson::array();
  scim::add_users(users, std::vector<scim::User>(2), "", {});
  const json some = json::parse(scim::write_list(7, 3, std::move(users)));
  CHECK(some["schemas"] == json::array({"urn:ietf:params:scim:api:messages:2.0:ListResponse"}));
  CHECK(some["totalResults"] == 7);
  CHECK(some["startIndex"] == 3);
  CHECK(some["itemsPerPage"] == 2);
  CHECK(some["Resources"].size() == 2);
}

TEST_CASE("that an account is to be off is heard beside whatever cannot be taken") {
  for (const char* body :
       {R"({"schemas":["x"],"Operations":[{"op":"replace","path":"active","value":"False"},
            {"op":"bogus","path":"nonsense[","value":1}]})",
        R"({"Operations":[{"op":"Replace","value":{"active":false,"nonsense":1}}]})",
        R"({"Operations":[{"op":"ADD","path":"Active","value":false}]})", R"({"active":false})"}) {
    CAPTURE(body);
    const auto reading = scim::read_user_patch(body);
    CHECK_FALSE(reading.change);
    CHECK(reading.turns_off);
    CHECK(scim::read_user_replacement(body).turns_off);
  }
  for (const char* body :
       {R"({"Operations":[{"op":"replace","path":"active","value":true}]})",
        R"({"Operations":[{"op":"remove","path":"active","value":false}]})",
        R"({"Operations":[{"op":"replace","path":"title","value":{"active":false}}]})",
        R"({"Operations":{"active":false}})", R"({"active":"no"})", R"({"title":"active"})",
        R"([false])", "not json"}) {
    CAPTURE(body);
    CHECK_FALSE(scim::read_user_patch(body).turns_off);
    CHECK_FALSE(scim::read_user_replacement(body).turns_off);
  }
  CHECK(
      scim::read_user_patch(patch_body({{{"op", "replace"}, {"path", "active"}, {"value", false}}}))
          .turns_off);
}
