#include "scim/filter.h"

#include <catch2/catch.hpp>
#include <map>

#include "scim/codes.h"
#include "scim/path.h"

using namespace anteroom;

namespace {

using Facts = std::map<std::string, std::string>;  // attribute, its value

// Whether a resource with these values is asked for, as the database answers it.
bool matches(const scim::Filter& filter, const Facts& facts) {
  std::size_t bits = 0;
  for (std::size_t i = 0; i < filter.conditions.size(); ++i) {
    const scim::Condition& condition = filter.conditions[i];
    const auto found = facts.find(condition.attribute);
    const scim::Comparison comparison{"", "", condition.test, condition.value};
    if (scim::holds(comparison, found == facts.end() ? "" : found->second)) {
      bits |= std::size_t{1} << i;
    }
  }
  return filter.table.at(bits) == '1';
}

scim::UserQuery users(const std::string& text) {
  const auto query = scim::parse_user_filter(text);
  CAPTURE(text);
  REQUIRE(query);
  return *query;
}

const Facts kAnn{{"userName", "ann@corp.test"},
                 {"displayName", "Ann Archer"},
                 {"active", "true"},
                 {"emails", "ann@corp.test"},
                 {"emails.type", "work"},
                 {"emails.primary", "true"},
                 {"name.familyName", "Archer"},
                 {"meta.created", "2026-01-02T03:04:05Z"},
                 {"meta.resourceType", "User"}};

}  // namespace

TEST_CASE("what must hold and has an index is looked up") {
  CHECK(users(R"(userName eq "ann@corp.test")").user_name == "ann@corp.test");
  CHECK(users(R"(USERNAME Eq "a \"b\" \\ \u00e9")").user_name == "a \"b\" \\ \u00e9");
  CHECK(users(R"(urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a")").user_name == "a");
  CHECK(users(R"(externalId eq "ann")").external_id == "ann");
  CHECK(users(R"(emails[type eq "work"].value eq "a@x")").email == "a@x");
  CHECK(users(R"(emails.value eq "a@x")").email == "a@x");
  CHECK(users(R"(emails eq "a@x")").email == "a@x");
  const auto both = users(R"(id eq "1" and userName eq "and")");
  CHECK(both.id == "1");
  CHECK(both.user_name == "and");
  CHECK(both.rest.conditions.empty());
  CHECK(both.rest.table == "1");
  const auto more = users(R"(userName eq "a" and (active eq true or userName eq "b"))");
  CHECK(more.user_name == "a");
  CHECK(more.rest.conditions.size() == 2);
  CHECK_FALSE(users("").user_name);
  CHECK(scim::parse_group_filter(R"(displayName eq "Managers")")->display_name == "Managers");
  const auto member = scim::parse_group_filter(
      R"(id eq "g" and members eq "2819c223-7f76-453a-919d-413861904646")");
  CHECK(member->id == "g");
  CHECK(member->member == "2819c223-7f76-453a-919d-413861904646");
}

TEST_CASE("a condition that need not hold is not used for a look-up") {
  for (const char* filter : {R"(userName eq "a" or userName eq "b")", R"(not (userName eq "a"))",
                             R"(userName ne "a")", R"(userName sw "a")"}) {
    CAPTURE(filter);
    CHECK_FALSE(users(filter).user_name);
  }
  const auto two = users(R"(userName eq "a" and userName eq "b")");
  CHECK(two.user_name == "a");
  CHECK_FALSE(matches(two.rest, kAnn));
}

TEST_CASE("filters find whom they describe") {
  for (const char* filter :
       {R"(userName co "NN@")",
        R"(userName sw "Ann")",
        R"(userName ew "corp.test")",
        R"(displayName eq "ann archer")",
        R"(displayName gt "Ann")",
        R"(displayName le "b")",
        "active eq true",
        R"(active eq "True")",
        "active ne false",
        "active pr",
        "userName pr",
        R"(userName sw "x" or displayName co "arch")",
        R"(not (userName sw "x"))",
        R"(not(userName sw "x") and (active eq true and not (active eq false)))",
        R"(meta.created gt "2025-10-10T14:38:21.8617979-07:00")",
        R"(meta.created eq "2026-01-02T05:04:05+02:00")",
        R"(meta.created lt 2026-01-02T03:04:06Z)",
        R"(emails[type eq "work" and value co "@corp.test"])",
        R"(emails[primary eq true])",
        R"(emails[type eq "work"].value co "ann")",
        R"(meta.resourceType eq "User")",
        R"(title ne "x")",
        R"(not (title pr))",
        R"(not (urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "x"))",
        "name.FamilyName eq Archer and (emails.Value co corp.test or emails.Value co example.org)",
        R"(userName eq null or active eq true)",
        R"((((((((active eq true))))))))"}) {
    CAPTURE(filter);
    CHECK(matches(users(filter).rest, kAnn));
  }
  for (const char* filter :
       {R"(userName co "x")", "active eq false", R"(displayName ew "Ann")", "externalId pr",
        R"(externalId gt "")", R"(title eq "x")", R"(title pr)", R"(title co "")",
        R"(userName sw "ann" and active eq false)", R"(emails[type eq "home"])",
        R"(emails[type eq "home"].value co "ann")", "not (active pr)",
        R"(urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "x")",
        R"(active eq false or userName sw "ann" and active eq false)",
        R"((active eq false or userName sw "ann") and active eq false)",
        R"(meta.created gt "2026-01-02T03:04:05Z")"}) {
    CAPTURE(filter);
    CHECK_FALSE(matches(users(filter).rest, kAnn));
  }
  CHECK(matches(users(R"(active eq true or userName sw "x" and active eq false)").rest, kAnn));
}

TEST_CASE("every other filter is refused") {
  for (const std::string& filter :
       std::vector<std::string>{"userName",
                                "userName eq",
                                "userName eq \"ann",
                                "userName eq \"ann\\\"",
                                "userName like \"ann\"",
                                "userName pr \"a\"",
                                "userName eq \"a\" or true",
                                "(userName eq \"a\"",
                                "userName eq \"a\")",
                                "not userName eq \"a\"",
                                "not ()",
                                "()",
                                "userName eq \"a\" and",
                                "and userName eq \"a\"",
                                "userName eq \"a\"and active eq true",
                                "userName eq \"a\"x",
                                "userName eq \"a\" xor active eq true",
                                "password eq \"x\"",
                                "password pr",
                                "isAdmin eq true",
                                "userName.x eq \"a\"",
                                "active gt true",
                                "active eq 5",
                                "active co \"t\"",
                                "meta.created gt \"yesterday\"",
                                "meta.created gt \"2020-13-01T00:00:00Z\"",
                                "meta.created gt \"2020-01-01\"",
                                "meta.created gt \"2020-01-01T00:00:00+2:00\"",
                                "emails[type eq \"work\"",
                                "emails[type eq \"work\"] eq \"x\"",
                                "emails[type eq \"work\"].",
                                "emails[emails[type eq \"work\"]]",
                                "eq",
                                " ",
                                "userName eq \"a\\u0000\"",
                                "userName eq \"\xff\"",
                                "userName eq \xff",
                                "userName eq a\x7f",
                                "((((((((((active eq true))))))))))",
                                "userName eq \"" + std::string(1100, 'a') + "\""}) {
    const auto query = scim::parse_user_filter(filter);
    CAPTURE(filter);
    REQUIRE_FALSE(query);
    CHECK(query.failure().code == code::kScimInvalidFilter);
  }
  std::string many = "active eq true";
  for (int i = 1; i < 8; ++i) many += " or active eq true";
  CHECK(scim::parse_user_filter(many));
  CHECK_FALSE(scim::parse_user_filter(many + " or active eq true"));
  CHECK_FALSE(scim::parse_group_filter("userName eq \"a\""));
  CHECK_FALSE(scim::parse_group_filter("members co \"a\""));
}

TEST_CASE("among Users and Groups at once, attributes of the other have no value") {
  const char* filter = R"(userName eq "a" or displayName eq "b" or members pr)";
  CHECK(scim::parse_user_filter(filter, scim::Among::all));
  CHECK(scim::parse_group_filter(filter, scim::Among::all));
  CHECK_FALSE(scim::parse_user_filter("isAdmin eq true", scim::Among::all));
  const auto users_only = scim::parse_group_filter(R"(userName sw "")", scim::Among::all);
  CHECK_FALSE(matches(users_only->rest, {{"displayName", "G"}}));
}
