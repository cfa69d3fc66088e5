#include "anteroom/scim.h"

#include "anteroom/people.h"
#include "anteroom/properties.h"
#include "fixture.h"
#include "text/uuid.h"

using namespace anteroom;
using namespace anteroom::test;
using store::ScimOutcome;

namespace {

const store::ScimCompany kCorp{"corp", {"corp.test", "corp-two.test"}};
const store::ScimCompany kOther{"other", {"other.test"}};

store::ScimTable table() {
  return {{{"Managers", "elm", "manager"},
           {"Managers", "oak", "manager"},
           {"Technicians", "elm", "technician"},
           {"Everywhere", "*", "viewer"},
           {"Managers", "no-such-property", "admin"}},
          levels()};
}

template <class T>
T value(Result<T> result) {
  INFO((result ? "" : result.failure().detail));
  REQUIRE(result);
  return *result;
}

scim::UserChange person(const std::string& email) {
  scim::UserChange user;
  user.user_name = user.user_name_address = email;
  user.external_id = user.work_email = user.work_address = user.display_name = "";
  user.formatted_name = user.given_name = user.family_name = "";
  user.is_active = true;
  return user;
}

store::ScimResult<scim::User> create(Database& database, const scim::UserChange& user,
                                     const store::ScimCompany& company = kCorp) {
  return value(wait(store::scim_create_user(database, company, user)));
}

std::string made(Database& database, const std::string& email) {
  const auto result = create(database, person(email));
  REQUIRE(result.outcome == ScimOutcome::done);
  return result.resource.id;
}

store::ScimResult<scim::User> change(Database& database, const std::string& id,
                                     const scim::UserChange& change,
                                     const store::ScimCompany& company = kCorp) {
  return value(wait(store::scim_change_user(database, company, id, change)));
}

store::ScimResult<scim::User> set_active(Database& database, const std::string& id,
                                         bool is_active) {
  scim::UserChange to;
  to.is_active = is_active;
  return change(database, id, to);
}

int found(Database& database, const scim::UserQuery& query,
          const store::ScimCompany& company = kCorp) {
  return value(wait(store::scim_find_users(database, company, query, {}))).total;
}

std::string made_group(Database& database, const std::string& name,
                       const std::vector<std::string>& members = {}) {
  scim::GroupChange group;
  group.display_name = name;
  group.adds = members;
  const auto result = value(wait(store::scim_create_group(database, kCorp, table(), group)));
  REQUIRE(result.outcome == ScimOutcome::done);
  return result.resource;
}

ScimOutcome change_group(Database& database, const std::string& id, const scim::GroupChange& change,
                         const store::ScimCompany& company = kCorp) {
  return value(wait(store::scim_change_group(database, company, table(), id, change)));
}

ScimOutcome add_members(Database& database, const std::string& group,
                        const std::vector<std::string>& ids) {
  scim::GroupChange to;
  to.adds = ids;
  return change_group(database, group, to);
}

ScimOutcome remove_members(Database& database, const std::string& group,
                           const std::vector<std::string>& ids) {
  scim::GroupChange to;
  to.removes = ids;
  return change_group(database, group, to);
}

std::string grants(Database& database, const std::string& email) {
  return value(wait(store::find_person(database, email)))->grants;
}

std::string state(Database& database, const std::string& email) {
  return value(wait(store::find_person(database, email)))->state;
}

void add_properties(Database& database) {
  for (const char* key : {"elm", "oak"}) {
    REQUIRE(value(wait(store::make_property(database, {"", "test", "", true}, {}, key, key))) ==
            store::PropertyChange::done);
  }
}

bool authenticates(Database& database, int token, const std::string& idp = "corp") {
  return value(wait(store::scim_authenticate(database, idp, hash_of(token), "192.0.2.1")));
}

}  // namespace

TEST_CASE("a token opens its own company's endpoint and no other") {
  TestDatabase db;
  const auto add = [&](const std::string& idp, const std::string& name, int token) {
    return value(wait(store::add_scim_token(db, idp, name, hash_of(token), "cli:root")));
  };
  CHECK(add("corp", "entra", 1) == "entra");
  CHECK(add("corp", "entra", 2) == std::nullopt);
  CHECK(add("corp", "", 3)->size() == 10);
  CHECK(add("other", "entra", 4) == "entra");
  CHECK(authenticates(db, 1));
  CHECK(authenticates(db, 3));
  CHECK_FALSE(authenticates(db, 2));
  CHECK_FALSE(authenticates(db, 4));
  CHECK_FALSE(authenticates(db, 1, "other"));
  CHECK_FALSE(authenticates(db, 1, "nobody"));
  CHECK(value(wait(store::remove_scim_token(db, "corp", "entra", "cli:root"))));
  CHECK_FALSE(value(wait(store::remove_scim_token(db, "corp", "entra", "cli:root"))));
  CHECK_FALSE(authenticates(db, 1));
  CHECK(authenticates(db, 3));
}

TEST_CASE("the use of a token is noted once a minute, and refusals are audited as seldom") {
  TestDatabase db;
  value(wait(store::add_scim_token(db, "corp", "entra", hash_of(1), "test")));
  REQUIRE(value(wait(store::list_scim_tokens(db)))[0].last_used_at.empty());
  CHECK(authenticates(db, 1));
  CHECK_FALSE(value(wait(store::list_scim_tokens(db)))[0].last_used_at.empty());
  const std::string version = db.value("SELECT xmin::text FROM scim_tokens");
  CHECK(authenticates(db, 1));
  CHECK(db.value("SELECT xmin::text FROM scim_tokens") == version);
  const auto events = [&] {
    return db.value("SELECT count(*)::text FROM audit_events WHERE kind = 'scim_refused'");
  };
  for (int guess = 10; guess < 20; ++guess) CHECK_FALSE(authenticates(db, guess));
  CHECK(events() == "1");
  db.script("UPDATE scim_tokens SET refused_at = now() - interval '2 minutes'");
  CHECK_FALSE(authenticates(db, 20));
  CHECK(events() == "2");
  CHECK_FALSE(authenticates(db, 20, "nobody"));
  CHECK(events() == "2");
}

TEST_CASE("which token was used is audited with its address, whenever that changes") {
  TestDatabase db;
  value(wait(store::add_scim_token(db, "corp", "entra", hash_of(1), "test")));
  const auto events = [&] {
    return db.value(
        "SELECT coalesce(string_agg(actor || ' ' || detail || ' ' || client_address, ', ' ORDER BY "
        "id),"
        " '') FROM audit_events WHERE kind = 'scim_token_used'");
  };
  CHECK(authenticates(db, 1));
  CHECK(authenticates(db, 1));
  CHECK(events() == "scim:corp entra 192.0.2.1");
  CHECK(value(wait(store::scim_authenticate(db, "corp", hash_of(1), "198.51.100.9"))));
  CHECK(events() == "scim:corp entra 192.0.2.1, scim:corp entra 198.51.100.9");
  db.script("UPDATE scim_tokens SET last_used_at = last_used_at - interval '1 day'");
  CHECK(value(wait(store::scim_authenticate(db, "corp", hash_of(1), "198.51.100.9"))));
  CHECK(events().ends_with("198.51.100.9, scim:corp entra 198.51.100.9"));
}

TEST_CASE("a User is made, found by each of its names, changed and forgotten") {
  TestDatabase db;
  scim::UserChange ann = person("Ann@corp.test");
  ann.user_name_address = "ann@corp.test";
  ann.external_id = "ann";
  ann.display_name = "Ann Arbor";
  const auto result = create(db, ann);
  REQUIRE(result.outcome == ScimOutcome::done);
  const scim::User user = result.resource;
  CHECK(text::is_uuid(user.id));
  CHECK(user.user_name == "Ann@corp.test");
  CHECK(user.display_name == "Ann Arbor");
  CHECK(user.is_active);
  CHECK(state(db, "ann@corp.test") == "waiting");  // no grant yet
  CHECK(value(wait(store::find_person(db, "ann@corp.test")))->name == "Ann Arbor");

  scim::UserQuery by;
  by.user_name = "ANN@CORP.TEST";
  CHECK(found(db, by) == 1);
  CHECK(found(db, by, kOther) == 0);
  by = {};
  by.external_id = "ann";
  CHECK(found(db, by) == 1);
  by.external_id = "Ann";
  CHECK(found(db, by) == 0);
  by = {};
  by.id = user.id;
  CHECK(found(db, by) == 1);
  by.id = "' OR true --";
  CHECK(found(db, by) == 0);

  scim::UserChange to;
  to.work_email = "Ann@Corp-Two.test";
  to.work_address = "ann@corp-two.test";
  to.family_name = "Archer";
  to.display_name = "";
  to.given_name = "Ann";
  const auto changed = change(db, user.id, to);
  REQUIRE(changed.outcome == ScimOutcome::done);
  CHECK(changed.resource.work_email == "Ann@Corp-Two.test");
  CHECK(changed.resource.user_name == "Ann@corp.test");
  CHECK(value(wait(store::find_person(db, "ann@corp-two.test")))->name == "Ann Archer");
  CHECK(db.value("SELECT detail FROM audit_events WHERE kind = 'scim_user_changed'") ==
        "userName Ann@corp.test, email ann@corp.test, externalId ann, name Ann Arbor -> "
        "userName Ann@corp.test, email ann@corp-two.test, externalId ann, name Ann Archer");
  CHECK(db.value("SELECT DISTINCT actor || ' ' || idp FROM audit_events") == "scim:corp corp");

  to = {};
  to.work_email = to.work_address = "";
  CHECK(change(db, user.id, to).outcome == ScimOutcome::done);
  CHECK(state(db, "ann@corp.test") == "waiting");

  CHECK(value(wait(store::scim_delete_user(db, kCorp, user.id))));
  CHECK_FALSE(value(wait(store::scim_delete_user(db, kCorp, user.id))));
  CHECK(found(db, {}) == 0);
  CHECK(state(db, "ann@corp.test") == "disabled");
}

TEST_CASE("lists are cut into pages that say how many there are in all") {
  TestDatabase db;
  for (const char* name : {"a", "b", "c"}) made(db, std::string(name) + "@corp.test");
  const auto page = [&](int start, int count) {
    return value(wait(store::scim_find_users(db, kCorp, {}, {start, count})));
  };
  CHECK(page(1, 2).items.size() == 2);
  CHECK(page(1, 2).total == 3);
  CHECK(page(3, 2).items.at(0).user_name == "c@corp.test");
  CHECK(page(4, 2).items.empty());
  CHECK(page(4, 2).total == 3);
  CHECK(page(1, 0).items.empty());
  CHECK(page(1, 0).total == 3);
}

TEST_CASE("turning an account off ends its sessions, keeps it from signing on, and can be undone") {
  TestDatabase db;
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);
  const std::string id = made(db, "ann@corp.test");  // claims the record
  CHECK(state(db, "ann@corp.test") == "waiting");
  REQUIRE_FALSE(load(db, 1).empty());
  const auto off = set_active(db, id, false);
  CHECK_FALSE(off.resource.is_active);
  CHECK(load(db, 1).empty());
  CHECK(db.value("SELECT count(*)::text FROM sessions") == "0");
  CHECK(sign_on_outcome(db, sign_on_number(2)) == store::SignOnOutcome::user_disabled);
  CHECK(db.value("SELECT detail FROM audit_events WHERE kind = 'user_disabled'") ==
        "waiting -> disabled by scim:corp");
  CHECK_FALSE(set_active(db, id, false).resource.is_active);
  CHECK(db.value("SELECT count(*)::text FROM audit_events WHERE kind = 'user_disabled'") == "1");
  CHECK(set_active(db, id, true).resource.is_active);
  CHECK(sign_on_outcome(db, sign_on_number(3)) == store::SignOnOutcome::waiting);
}

TEST_CASE("what an operator turned off stays off whatever the directory says") {
  TestDatabase db;
  const std::string id = made(db, "ann@corp.test");
  REQUIRE(value(wait(store::disable_user(db, "ann@corp.test", "cli:root"))));
  CHECK_FALSE(set_active(db, id, true).resource.is_active);
  REQUIRE(value(wait(store::scim_delete_user(db, kCorp, id))));
  const auto again = create(db, person("ann@corp.test"));
  CHECK(again.outcome == ScimOutcome::done);
  CHECK_FALSE(again.resource.is_active);
  REQUIRE(value(wait(store::enable_user(db, "ann@corp.test", "cli:root", false))).outcome ==
          store::Enabled::Outcome::done);
  CHECK_FALSE(set_active(db, id, false).resource.is_active);
  CHECK(set_active(db, id, true).resource.is_active);

  // The directory first, then an operator as well.
  CHECK_FALSE(set_active(db, id, false).resource.is_active);
  REQUIRE(value(wait(store::disable_user(db, "ann@corp.test", "cli:root"))));
  CHECK_FALSE(set_active(db, id, true).resource.is_active);
}

TEST_CASE("what the directory says while people have an account off is remembered") {
  TestDatabase db;
  const std::string id = made(db, "ann@corp.test");
  REQUIRE(value(wait(store::disable_user(db, "ann@corp.test", "cli:root"))));
  CHECK_FALSE(set_active(db, id, false).resource.is_active);  // she left meanwhile
  db.script("UPDATE users SET off_by_people = false");        // support's enable
  CHECK(state(db, "ann@corp.test") == "disabled");
  CHECK(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::user_disabled);
  CHECK(set_active(db, id, true).resource.is_active);
}

TEST_CASE("what people changed of a group's grant the group gives back to nobody who stays in it") {
  TestDatabase db;
  add_properties(db);
  const std::string ann = made(db, "ann@corp.test");
  const std::string bob = made(db, "bob@corp.test");
  const std::string managers = made_group(db, "Managers", {ann});
  const AccessSettings access{levels(), "technician", "manager", "manager"};
  const auto change_grant = [&](const char* property, const char* level, const char* expires) {
    const store::Actor root{"", "cli:root", "", true};
    CHECK(value(wait(store::change_grant(db, root, access, {ann, property, level, expires}))) ==
          store::PersonChange::done);
  };
  change_grant("elm", "", "");
  change_grant("oak", "manager", "2099-01-31");
  db.script("UPDATE grants SET expires_at = now()");
  REQUIRE(grants(db, "ann@corp.test").empty());
  SECTION("when the group changes otherwise") {
    CHECK(add_members(db, managers, {ann, bob}) == ScimOutcome::done);
    CHECK(grants(db, "ann@corp.test").empty());
    CHECK(grants(db, "bob@corp.test") == "elm=manager,oak=manager");
    CHECK(value(wait(store::scim_apply_table(db, kCorp, table()))) == 0);
    CHECK(grants(db, "ann@corp.test").empty());
  }
  SECTION("but joining anew gives it anew") {
    CHECK(remove_members(db, managers, {ann}) == ScimOutcome::done);
    CHECK(add_members(db, managers, {ann}) == ScimOutcome::done);
    CHECK(grants(db, "ann@corp.test") == "elm=manager,oak=manager");
  }
}

TEST_CASE("a deleted User who signs on is not taken for somebody new, and can be made again") {
  TestDatabase db;
  const std::string id = made(db, "ann@corp.test");
  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);
  REQUIRE(value(wait(store::scim_delete_user(db, kCorp, id))));
  CHECK(load(db, 1).empty());
  CHECK(sign_on_outcome(db, sign_on_number(2)) == store::SignOnOutcome::user_disabled);
  CHECK(db.value("SELECT count(*)::text FROM users") == "1");
  const auto again = create(db, person("ann@corp.test"));
  CHECK(again.resource.id == id);
  CHECK(again.resource.is_active);
  CHECK(sign_on_outcome(db, sign_on_number(3)) == store::SignOnOutcome::waiting);
}

TEST_CASE("who was made beforehand is pinned at the first sign-on") {
  TestDatabase db;
  const std::string id = made(db, "ann@corp.test");
  CHECK(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);
  CHECK(db.value("SELECT id || idp || subject FROM users") == id + "corptenant/ann");
}

TEST_CASE("names and addresses that are taken are refused, and nothing is done") {
  TestDatabase db;
  const std::string ann = made(db, "ann@corp.test");
  const std::string bob = made(db, "bob@corp.test");
  CHECK(create(db, person("ann@corp.test")).outcome == ScimOutcome::exists);
  scim::UserChange same_name = person("ann@corp.test");
  same_name.work_email = same_name.work_address = "new@corp.test";
  CHECK(create(db, same_name).outcome == ScimOutcome::exists);
  CHECK(db.value("SELECT count(*)::text FROM users") == "2");
  scim::UserChange to;
  to.work_email = to.work_address = "ann@corp.test";
  CHECK(change(db, bob, to).outcome == ScimOutcome::exists);
  to = {};
  to.user_name = "ANN@corp.test";
  to.user_name_address = "ann@corp.test";
  CHECK(change(db, bob, to).outcome == ScimOutcome::exists);
  CHECK(state(db, "bob@corp.test") == "waiting");
}

TEST_CASE("without an address in the company's domains there is no User") {
  TestDatabase db;
  scim::UserChange nobody = person("ann");
  nobody.user_name_address = "";
  CHECK(create(db, nobody).outcome == ScimOutcome::no_address);
  CHECK(create(db, person("ann@other.test")).outcome == ScimOutcome::no_address);
  const std::string id = made(db, "ann@corp.test");
  scim::UserChange to;
  to.user_name = "ann";
  to.user_name_address = "";
  to.is_active = false;
  CHECK(change(db, id, to).outcome == ScimOutcome::no_address);
  CHECK(state(db, "ann@corp.test") == "waiting");
}

TEST_CASE("another company's Users can be neither seen, changed, deleted nor made members") {
  TestDatabase db;
  add_properties(db);
  const std::string id = made(db, "ann@corp.test");
  scim::UserChange off;
  off.is_active = false;
  CHECK(found(db, {}, kOther) == 0);
  CHECK(change(db, id, off, kOther).outcome == ScimOutcome::not_found);
  CHECK_FALSE(value(wait(store::scim_delete_user(db, kOther, id))));
  scim::GroupChange group;
  group.display_name = "Managers";
  group.adds = {id};
  CHECK(value(wait(store::scim_create_group(db, kOther, table(), group))).outcome ==
        ScimOutcome::no_member);
  CHECK(db.value("SELECT count(*)::text FROM scim_groups") == "0");
  CHECK(state(db, "ann@corp.test") == "waiting");
}

TEST_CASE("another company's Groups can be neither seen, changed nor deleted") {
  TestDatabase db;
  const std::string id = made_group(db, "Managers");
  CHECK(value(wait(store::scim_find_groups(db, kOther, {}, {}, true))).total == 0);
  scim::GroupChange rename;
  rename.display_name = "Mine";
  CHECK(change_group(db, id, rename, kOther) == ScimOutcome::not_found);
  CHECK_FALSE(value(wait(store::scim_delete_group(db, kOther, table(), id))));
}

TEST_CASE("a record whose domain is no longer the company's is out of its reach") {
  TestDatabase db;
  const std::string id = made(db, "ann@corp.test");
  const store::ScimCompany smaller{"corp", {"corp-two.test"}};
  scim::UserChange off;
  off.is_active = false;
  CHECK(found(db, {}, smaller) == 0);
  CHECK(change(db, id, off, smaller).outcome == ScimOutcome::not_found);
}

TEST_CASE("a domain that changes hands takes its people along, but not those who are pinned") {
  TestDatabase db;
  add_properties(db);
  const std::string id = made(db, "ann@corp.test");
  made_group(db, "Managers", {id});
  REQUIRE(grants(db, "ann@corp.test") == "elm=manager,oak=manager");
  const store::ScimCompany heir{"other", {"other.test", "corp.test"}};
  const auto claimed = create(db, person("ann@corp.test"), heir);
  CHECK(claimed.outcome == ScimOutcome::done);
  CHECK(claimed.resource.id == id);
  CHECK(grants(db, "ann@corp.test").empty());
  CHECK(found(db, {}) == 0);

  REQUIRE(sign_on_outcome(db, sign_on_number(1)) == store::SignOnOutcome::waiting);  // at corp
  REQUIRE(value(wait(store::scim_delete_user(db, heir, id))));
  CHECK(create(db, person("ann@corp.test"), heir).outcome == ScimOutcome::pinned);
}

TEST_CASE("an account that another company's directory turned off stays off") {
  TestDatabase db;
  const std::string id = made(db, "ann@corp.test");
  set_active(db, id, false);
  const store::ScimCompany heir{"other", {"corp.test"}};
  CHECK_FALSE(create(db, person("ann@corp.test"), heir).resource.is_active);
}

TEST_CASE("grants follow membership, the highest of several groups wins") {
  TestDatabase db;
  add_properties(db);
  const std::string ann = made(db, "ann@corp.test");
  const std::string managers = made_group(db, "managers");  // names match without case
  const std::string technicians = made_group(db, "Technicians");
  CHECK(add_members(db, technicians, {ann}) == ScimOutcome::done);
  CHECK(grants(db, "ann@corp.test") == "elm=technician");
  CHECK(state(db, "ann@corp.test") == "active");
  CHECK(add_members(db, managers, {ann}) == ScimOutcome::done);
  CHECK(grants(db, "ann@corp.test") == "elm=manager,oak=manager");
  CHECK(remove_members(db, managers, {ann}) == ScimOutcome::done);
  CHECK(grants(db, "ann@corp.test") == "elm=technician");
  CHECK(db.value("SELECT string_agg(detail, '; ' ORDER BY id) FROM audit_events WHERE kind = "
                 "'grants_changed'") ==
        "elm: none -> technician; elm: technician -> manager, oak: none -> manager; "
        "elm: manager -> technician, oak: manager -> none");
  CHECK(value(wait(store::scim_delete_group(db, kCorp, table(), technicians))));
  CHECK(grants(db, "ann@corp.test").empty());
}

TEST_CASE("what people granted is neither raised, lowered nor taken away") {
  TestDatabase db;
  add_properties(db);
  const std::string ann = made(db, "ann@corp.test");
  REQUIRE(provision(db, "ann@corp.test", "viewer", {"elm"}) == kProvisioned);
  const std::string managers = made_group(db, "Managers", {ann});
  CHECK(grants(db, "ann@corp.test") == "elm=viewer,oak=manager");
  // A person changes what came from the group: it is that person's from now on.
  REQUIRE(provision(db, "ann@corp.test", "admin", {"oak"}) == kProvisioned);
  CHECK(remove_members(db, managers, {ann}) == ScimOutcome::done);
  CHECK(grants(db, "ann@corp.test") == "elm=viewer,oak=admin");
}

TEST_CASE("a grant that people gave and that has run out is missing, and filled") {
  TestDatabase db;
  add_properties(db);
  const std::string ann = made(db, "ann@corp.test");
  REQUIRE(provision(db, "ann@corp.test", "viewer", {"elm"}) == kProvisioned);
  db.script("UPDATE grants SET expires_at = '2020-01-01'");
  made_group(db, "Technicians", {ann});
  CHECK(grants(db, "ann@corp.test") == "elm=technician");
}

TEST_CASE("renaming a group and changing the table change what members have") {
  TestDatabase db;
  add_properties(db);
  const std::string ann = made(db, "ann@corp.test");
  const std::string group = made_group(db, "Managers", {ann});
  scim::GroupChange rename;
  rename.display_name = "Everywhere";
  CHECK(change_group(db, group, rename) == ScimOutcome::done);
  CHECK(grants(db, "ann@corp.test") == "*=viewer");
  const store::ScimTable other{{{"Everywhere", "oak", "admin"}}, levels()};
  CHECK(value(wait(store::scim_apply_table(db, kCorp, other))) == 1);
  CHECK(grants(db, "ann@corp.test") == "oak=admin");
  CHECK(value(wait(store::scim_apply_table(db, kCorp, {{}, levels()}))) == 1);
  CHECK(grants(db, "ann@corp.test").empty());
}

TEST_CASE("a group gives nothing to people of a domain that has gone to somebody else; it takes") {
  TestDatabase db;
  add_properties(db);
  const std::string gone = made(db, "gone@corp-two.test");
  const std::string here = made(db, "here@corp.test");
  const store::ScimCompany now_smaller{"corp", {"corp.test"}};
  const std::string plain = made_group(db, "Plain", {gone, here});
  made_group(db, "Technicians", {gone});
  REQUIRE(grants(db, "gone@corp-two.test") == "elm=technician");
  scim::GroupChange rename;
  rename.display_name = "Everywhere";
  CHECK(value(wait(store::scim_change_group(db, now_smaller, table(), plain, rename))) ==
        ScimOutcome::done);
  CHECK(grants(db, "here@corp.test") == "*=viewer");
  CHECK(grants(db, "gone@corp-two.test").empty());
  CHECK(value(wait(store::scim_apply_table(db, now_smaller, table()))) == 0);
  CHECK(grants(db, "gone@corp-two.test").empty());
  CHECK(value(wait(store::scim_apply_table(db, kCorp, table()))) == 1);
  CHECK(grants(db, "gone@corp-two.test") == "*=viewer,elm=technician");
}

TEST_CASE("a table is applied to whoever gets or loses something, and waits for nobody else") {
  TestDatabase db;
  add_properties(db);
  db.script(
      "INSERT INTO users (email, status, idp, subject)"
      " SELECT 'p' || i || '@corp.test', 'active', 'corp', 's' || i FROM generate_series(1, 250) i;"
      "INSERT INTO scim_users (user_id, idp, user_name, user_name_address, external_id, work_email,"
      " work_address, display_name, formatted_name, given_name, family_name)"
      " SELECT id, 'corp', email, email, '', email, email, '', '', '', '' FROM users");
  const std::string all = db.value("SELECT string_agg(id::text, ',') FROM anteroom.users");
  std::vector<std::string> members;
  for (std::size_t at = 0; at < all.size(); at += 37) members.push_back(all.substr(at, 36));
  made_group(db, "Technicians", members);
  REQUIRE(db.value("SELECT count(*) FROM anteroom.grants") == "250");
  const auto apply = [&](const store::ScimTable& said) {
    return value(wait(store::scim_apply_table(db, kCorp, said)));
  };
  // Somebody is locked whom nothing concerns.
  BlockingDatabase other(db.settings());
  REQUIRE(other.execute_script("BEGIN; SELECT FROM anteroom.users FOR UPDATE"));
  CHECK(apply(table()) == 0);
  REQUIRE(other.execute_script("ROLLBACK"));
  // Of each kind one.
  db.script(R"(
    SET session_replication_role = replica;
    CREATE TEMP VIEW person AS SELECT id, substr(split_part(email::text, '@', 1), 2)::int AS i FROM users;
    DELETE FROM grants USING person WHERE user_id = person.id AND i = 1;
    UPDATE grants SET level = 'viewer' FROM person WHERE user_id = person.id AND i = 2;
    UPDATE grants SET property = 'oak' FROM person WHERE user_id = person.id AND i = 3;
    UPDATE grants SET expires_at = now() - interval '1 day' FROM person WHERE user_id = person.id AND i = 4;
    UPDATE users SET status = 'waiting' WHERE email = 'p5@corp.test';
    INSERT INTO scim_withheld SELECT id, 'corp', 'oak' FROM person WHERE i = 6;
    DELETE FROM scim_members USING person WHERE user_id = person.id AND i = 7;
    RESET session_replication_role)");
  CHECK(apply(table()) == 7);
  CHECK(apply(table()) == 0);
  CHECK(db.value("SELECT count(*) FROM anteroom.grants WHERE level = 'technician' AND property = "
                 "'elm' AND expires_at IS NULL") == "249");
  CHECK(db.value("SELECT count(*) FROM anteroom.scim_withheld") == "0");
  CHECK(db.value("SELECT count(*) FROM anteroom.users WHERE status = 'waiting'") == "0");
  // More than are settled at a time.
  CHECK(apply({{}, levels()}) == 249);
  CHECK(db.value("SELECT count(*) FROM anteroom.grants") == "0");
}

TEST_CASE("members are listed, replaced, and all or none of them added") {
  TestDatabase db;
  const std::string ann = made(db, "ann@corp.test");
  const std::string bob = made(db, "bob@corp.test");
  const std::string group = made_group(db, "Any", {ann});
  const auto members = [&](bool with) {
    return value(wait(store::scim_find_groups(db, kCorp, {}, {}, with))).items.at(0).members;
  };
  CHECK(members(true) == std::vector<std::string>{ann});
  CHECK(members(false).empty());
  const std::string stranger = "2819c223-7f76-453a-919d-413861904646";
  CHECK(add_members(db, group, {bob, stranger}) == ScimOutcome::no_member);
  CHECK(members(true) == std::vector<std::string>{ann});
  CHECK(remove_members(db, group, {stranger}) == ScimOutcome::done);
  scim::GroupChange replace;
  replace.clears_members = true;
  replace.adds = {bob};
  CHECK(change_group(db, group, replace) == ScimOutcome::done);
  CHECK(members(true) == std::vector<std::string>{bob});
  scim::GroupQuery by;
  by.id = group;
  by.member = bob;
  CHECK(value(wait(store::scim_find_groups(db, kCorp, by, {}, false))).total == 1);
  by.member = ann;
  CHECK(value(wait(store::scim_find_groups(db, kCorp, by, {}, false))).total == 0);
  made_group(db, "Second");
  scim::GroupChange rename;
  rename.display_name = "SECOND";
  CHECK(change_group(db, group, rename) == ScimOutcome::exists);
  rename.display_name = "ANY";
  CHECK(change_group(db, group, rename) == ScimOutcome::done);
  REQUIRE(value(wait(store::scim_delete_user(db, kCorp, bob))));
  scim::GroupQuery first;
  first.display_name = "any";
  CHECK(
      value(wait(store::scim_find_groups(db, kCorp, first, {}, true))).items.at(0).members.empty());
}

TEST_CASE("members are left out of a group that has very many, which is not to have none") {
  TestDatabase db;
  const std::string group = made_group(db, "Any", {made(db, "ann@corp.test")});
  const auto shown = [&] {
    return value(wait(store::scim_find_groups(db, kCorp, {}, {}, true))).items.at(0);
  };
  CHECK(shown().members.size() == 1);
  db.script(
      "INSERT INTO users (id, email, status) SELECT md5(n::text)::uuid, 'm' || n || '@corp.test',"
      " 'active' FROM generate_series(1, 5000) n;"
      "INSERT INTO scim_users SELECT id, 'corp', email, '', '', '', '', '', '', '', ''"
      " FROM users WHERE email LIKE 'm%';"
      "INSERT INTO scim_members SELECT g.id, s.user_id FROM scim_groups g, scim_users s"
      " WHERE s.user_name <> 'ann@corp.test'");
  CHECK_FALSE(shown().shows_members);
  db.script("DELETE FROM scim_members WHERE user_id = md5('1')::uuid");
  CHECK(shown().members.size() == 5000);
  db.script("DELETE FROM scim_members");
  CHECK(shown().shows_members);
  CHECK(shown().members.empty());
}
