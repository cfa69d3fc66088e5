#include "anteroom/scim.h"
#include "fixture.h"
#include "scim/filter.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

const store::ScimCompany kCorp{"corp", {"corp.test"}};
const store::ScimCompany kOther{"other", {"other.test"}};

template <class T>
T value(Result<T> result) {
  INFO((result ? "" : result.failure().detail));
  REQUIRE(result);
  return *result;
}

std::string made(Database& database, const std::string& email, const std::string& display_name,
                 const std::string& work_email = "", const store::ScimCompany& company = kCorp) {
  scim::UserChange user;
  user.user_name = user.user_name_address = email;
  user.external_id = "X" + email;
  user.display_name = display_name;
  user.work_email = user.work_address = work_email;
  user.formatted_name = user.given_name = user.family_name = "";
  user.is_active = true;
  const auto result = value(wait(store::scim_create_user(database, company, user)));
  REQUIRE(result.outcome == store::ScimOutcome::done);
  return result.resource.id;
}

// The first letters of whom a filter finds.
std::string users(Database& database, const std::string& filter,
                  const store::ScimCompany& company = kCorp) {
  CAPTURE(filter);
  const auto query = value(scim::parse_user_filter(filter));
  const auto found = value(wait(store::scim_find_users(database, company, query, {})));
  std::string out;
  for (const scim::User& user : found.items) out += user.user_name[0];
  CHECK(found.total == static_cast<int>(out.size()));
  return out;
}

std::string groups(Database& database, const std::string& filter) {
  CAPTURE(filter);
  const auto query = value(scim::parse_group_filter(filter));
  std::string out;
  for (const scim::Group& group :
       value(wait(store::scim_find_groups(database, kCorp, query, {}, false))).items) {
    out += group.display_name[0];
  }
  return out;
}

std::string made_group(Database& database, const std::string& name,
                       const std::vector<std::string>& members) {
  scim::GroupChange group;
  group.display_name = name;
  group.adds = members;
  return value(wait(store::scim_create_group(database, kCorp, {}, group))).resource;
}

}  // namespace

TEST_CASE("the database finds whom a filter describes, of this company alone") {
  TestDatabase db;
  made(db, "ann@corp.test", "Ann Archer", "ann.work@corp.test");
  made(db, "bob@corp.test", R"(Bo"b\ {x,y} 'NULL' 100%)");
  const std::string cid = made(db, "cid@corp.test", "");
  made(db, "dan@other.test", "Dan", "", kOther);
  scim::UserChange off;
  off.is_active = false;
  REQUIRE(value(wait(store::scim_change_user(db, kCorp, cid, off))).outcome ==
          store::ScimOutcome::done);

  for (const auto& [filter, expected] : std::vector<std::pair<const char*, const char*>>{
           {R"(userName eq "ANN@corp.test")", "a"},
           {R"(userName eq "ann@corp.test" or userName eq "bob@corp.test")", "ab"},
           {R"(userName eq "ann@corp.test" and active eq false)", ""},
           {R"(userName eq "ann@corp.test" and userName eq "bob@corp.test")", ""},
           {R"(userName ne "ann@corp.test")", "bc"},
           {R"(userName sw "ANN")", "a"},
           {R"(userName ew "N@corp.test")", "a"},
           {R"(userName co "B@")", "b"},
           {R"(userName gt "bob@corp.test")", "c"},
           {R"(userName ge "bob@corp.test")", "bc"},
           {R"(userName lt "bob@corp.test")", "a"},
           {R"(userName le "BOB@corp.test")", "ab"},
           {"displayName pr", "ab"},
           {"not (displayName pr)", "c"},
           {R"(displayName lt "b")", "a"},
           {R"(displayName co "\"b\\ {x,y} 'null' 100%")", "b"},
           {R"(displayName co "%")", "b"},
           {R"(displayName co "_")", ""},
           {R"(externalId eq "Xann@corp.test")", "a"},
           {R"(externalId sw "xa")", ""},
           {R"(externalId sw "Xa")", "a"},
           {"active eq true", "ab"},
           {R"(active ne "True")", "c"},
           {"active pr", "abc"},
           {R"(emails eq "ann.WORK@corp.test")", "a"},
           {R"(emails[type eq "work" and value sw "ann"])", "a"},
           {"emails pr", "a"},
           {R"(emails.type eq "work" or active eq false)", "ac"},
           {R"(meta.created gt "2020-01-01T00:00:00Z")", "abc"},
           {R"(meta.lastModified lt "2020-01-01T00:00:00Z")", ""},
           {R"(meta.resourceType eq "user")", "abc"},
           {R"(schemas eq "urn:ietf:params:scim:schemas:core:2.0:User")", "abc"},
           {R"(title ne "x")", "abc"},
           {R"(title eq "" or title pr or title co "")", "abc"},
           {R"(userName sw "c" or displayName pr and emails pr)", "ac"},
           {R"((userName sw "c" or displayName pr) and emails pr)", "a"},
           {R"(id eq "' OR true --")", ""},
           {R"(userName co "x" or id eq "' OR true --")", ""}}) {
    CHECK(users(db, filter) == expected);
  }
  CHECK(users(db, "userName pr", kOther) == "d");
  CHECK(users(db, R"(id eq ")" + cid + R"(" or userName sw "a")") == "ac");
}

TEST_CASE("filters of groups look at names and members") {
  TestDatabase db;
  const std::string ann = made(db, "ann@corp.test", "");
  const std::string bob = made(db, "bob@corp.test", "");
  made_group(db, "Managers", {ann});
  made_group(db, "Technicians", {ann, bob});
  made_group(db, "Nobody", {});
  const std::string is_ann = "members eq \"" + ann + "\"";
  const std::string is_bob = "members.value eq \"" + bob + "\"";
  CHECK(groups(db, is_ann) == "MT");
  CHECK(groups(db, is_ann + " and " + is_bob) == "T");
  CHECK(groups(db, is_ann + " and not (" + is_bob + ")") == "M");
  CHECK(groups(db, is_bob + " or displayName sw \"n\"") == "TN");
  CHECK(groups(db, "members pr") == "MT");
  CHECK(groups(db, "not (members pr)") == "N");
  CHECK(groups(db, "members eq \"x\" or displayName eq \"nobody\"") == "N");
  CHECK(groups(db, "members[value eq \"" + bob + "\"]") == "T");
}

TEST_CASE("groups of a list have their members up to so many in all") {
  TestDatabase db;
  made_group(db, "A", {made(db, "ann@corp.test", "")});
  made_group(db, "B", {});
  made_group(db, "C", {});
  db.script(
      "INSERT INTO users (id, email, status) SELECT md5(n::text)::uuid, 'm' || n || '@corp.test',"
      " 'active' FROM generate_series(1, 5000) n;"
      "INSERT INTO scim_users SELECT id, 'corp', email, '', '', '', '', '', '', '', ''"
      " FROM users WHERE email LIKE 'm%';"
      "INSERT INTO scim_members SELECT g.id, s.user_id FROM scim_groups g, scim_users s"
      " WHERE s.user_name <> 'ann@corp.test' AND g.display_name = 'B'");
  const auto shown = [&] {
    std::string out;
    for (const scim::Group& group :
         value(wait(store::scim_find_groups(db, kCorp, {}, {}, true))).items) {
      out += group.shows_members ? std::to_string(group.members.size()) + " " : "- ";
    }
    return out;
  };
  CHECK(shown() == "1 - - ");
  db.script("DELETE FROM scim_members WHERE user_id = md5('1')::uuid");
  CHECK(shown() == "1 4999 0 ");
}

TEST_CASE("a work email is added where there is none, or changed where it is that one") {
  TestDatabase db;
  const std::string ann = made(db, "ann@corp.test", "", "work@corp.test");
  const auto email = [&](const std::string& to, bool adds, std::optional<std::string> only) {
    scim::UserChange change;
    change.work_email = change.work_address = to;
    change.adds_email = adds;
    change.only_email = std::move(only);
    const auto changed = value(wait(store::scim_change_user(db, kCorp, ann, change)));
    REQUIRE(changed.outcome == store::ScimOutcome::done);
    CHECK(value(wait(store::find_person(db, changed.resource.work_email.empty()
                                                ? "ann@corp.test"
                                                : changed.resource.work_email)))
              .has_value());
    return changed.resource.work_email;
  };
  CHECK(email("added@corp.test", true, std::nullopt) == "work@corp.test");
  CHECK(email("", false, "other@corp.test") == "work@corp.test");
  CHECK(email("new@corp.test", false, "WORK@corp.test") == "new@corp.test");
  CHECK(email("", false, "new@corp.test").empty());
  CHECK(email("added@corp.test", true, std::nullopt) == "added@corp.test");
}
