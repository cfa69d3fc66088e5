#include "anteroom/asserted_access.h"

#include "anteroom/companies.h"
#include "anteroom/properties.h"
#include "interleaving.h"
#include "people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using store::SignOnOutcome;
using Kind = Asserted::Kind;

namespace {

using Grants = std::vector<AssertedGrant>;

// Who signs on at a company that has a table, and what is said of them.
class Table {
 public:
  SignOnOutcome sign_on(const std::string& name, Asserted asserted) {
    store::SignOn s = sign_on_of(name);
    s.asserted = std::move(asserted);
    return sign_on_outcome(c.db, s);
  }
  SignOnOutcome says(const std::string& name, Grants grants) {
    return sign_on(name, {Kind::said, std::move(grants)});
  }
  store::SignOn sign_on_of(const std::string& name) {
    store::SignOn s = sign_on_number(++number_);
    s.email = Company::address(name);
    s.subject = "tenant/" + name;
    s.display_name = "";
    s.levels = levels();
    return s;
  }
  std::string changes(const std::string& name) {
    return c.value(
        "SELECT coalesce(string_agg(detail, ' | ' ORDER BY id), '') FROM anteroom.audit_events"
        " WHERE kind = 'grants_changed' AND actor = 'asserted:corp' AND email = '" +
        Company::address(name) + "'");
  }
  store::PersonChange change(const std::string& name, const std::string& property,
                             const std::string& level) {
    return get(
        store::change_grant(c.db, c.actor("ida"), access(), {c.id(name), property, level, ""}));
  }

  Company c;

 private:
  int number_ = 0;
};

store::TooManyGroups too_many(Table& t) {
  return get(store::too_many_groups(t.c.db, "corp"));
}

}  // namespace

TEST_CASE("whoever is said to have a value of the table need not wait, until it is not said") {
  Table t;
  CHECK(t.says("new", {{"A", "elm", "manager"}, {"B", "oak", "viewer"}}) ==
        SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "elm=manager,oak=viewer");
  CHECK(t.changes("new") == "elm: none -> manager, oak: none -> viewer; by A (elm), B (oak)");
  CHECK(t.c.count("users WHERE waiting_since IS NOT NULL") == "0");

  CHECK(t.says("new", {{"A", "elm", "manager"}, {"B", "oak", "viewer"}}) ==
        SignOnOutcome::signed_in);
  CHECK(t.c.count("audit_events WHERE kind = 'grants_changed'") == "1");

  CHECK(t.says("new", {{"A", "elm", "technician"}}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "elm=technician");
  CHECK_THAT(t.changes("new"), Catch::Matchers::EndsWith(
                                   "elm: manager -> technician, oak: viewer -> none; by A (elm); "
                                   "not said any more: B"));

  CHECK(t.says("new", {}) == SignOnOutcome::waiting);
  CHECK(t.c.grants("new").empty());
  CHECK_THAT(t.changes("new"),
             Catch::Matchers::EndsWith("elm: technician -> none; not said any more: A"));
}

TEST_CASE("what is taken away at sign-on counts at once in sessions that there are") {
  Table t;
  REQUIRE(t.says("new", {{"A", "*", "manager"}}) == SignOnOutcome::signed_in);
  CHECK(SessionView::parse(load(t.c.db, 1))->fields().access_level == "manager");
  REQUIRE(t.says("new", {}) == SignOnOutcome::waiting);
  CHECK(SessionView::parse(load(t.c.db, 1))->fields().access_level.empty());
}

TEST_CASE("nothing is said where there is no table") {
  Table t;
  CHECK(t.sign_on("new", {}) == SignOnOutcome::waiting);
  CHECK(t.c.grants("new").empty());
  CHECK(t.changes("new").empty());
}

TEST_CASE("the highest level of several values counts, however often they are said") {
  Table t;
  CHECK(t.says("new", {{"A", "elm", "viewer"},
                       {"B", "elm", "manager"},
                       {"B", "elm", "manager"},
                       {"C", "elm", "technician"},
                       {"C", "*", "viewer"}}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "*=viewer,elm=manager");
}

TEST_CASE("a level or a property that there is not gives nothing") {
  Table t;
  CHECK(t.says("new", {{"A", "nowhere", "manager"}, {"A", "elm", "emperor"}}) ==
        SignOnOutcome::waiting);
  CHECK(t.c.grants("new").empty());
  CHECK(t.says("new", {{"A", "elm", "viewer"}, {"A", "elm", "emperor"}}) ==
        SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "elm=viewer");
}

TEST_CASE("at a closed property nothing is given, and what is said still is kept") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  t.c.db.script("UPDATE properties SET closed_at = now()");
  CHECK(t.says("new", {{"A", "elm", "admin"}, {"A", "oak", "manager"}}) == SignOnOutcome::waiting);
  CHECK(t.c.value("SELECT string_agg(property || level, ',') FROM anteroom.grants g JOIN"
                  " anteroom.users u ON u.id = g.user_id WHERE u.email = 'new@corp.test'") ==
        "elmmanager");
  t.c.db.script("UPDATE properties SET closed_at = NULL");
  CHECK(t.says("new", {{"A", "elm", "admin"}, {"A", "oak", "manager"}}) ==
        SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "elm=admin,oak=manager");
}

TEST_CASE("what people gave is neither raised, lowered nor taken away") {
  Table t;
  CHECK(t.says("ann", {{"A", "elm", "admin"}, {"A", "oak", "viewer"}}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("ann") == "elm=technician,oak=viewer");
  CHECK(t.says("ann", {}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("ann") == "elm=technician");
  CHECK(t.says("ida", {{"A", "*", "viewer"}}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("ida") == "*=admin");
}

TEST_CASE("what people gave and has ended is filled") {
  Table t;
  t.c.db.script("UPDATE grants SET expires_at = now() - interval '1 hour'");
  CHECK(t.says("ann", {{"A", "elm", "viewer"}}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("ann") == "elm=viewer");
  CHECK(t.c.count("grants WHERE granted_by = 'asserted:corp' AND expires_at IS NULL") == "1");
}

TEST_CASE("groups by SCIM and asserted values leave alone what the other gave") {
  Table t;
  t.c.come_from_directory("new");
  const store::ScimCompany corp{"corp", {"corp.test"}};
  const store::ScimTable table{{{"Staff", "elm", "viewer"}, {"Staff", "oak", "viewer"}}, levels()};
  scim::GroupChange group;
  group.display_name = "Staff";
  group.adds = {t.c.id("new")};
  const auto made = get(store::scim_create_group(t.c.db, corp, table, group));
  CHECK(t.says("new", {{"A", "elm", "admin"}, {"A", "*", "viewer"}}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "*=viewer,elm=viewer,oak=viewer");
  scim::GroupChange none;
  none.clears_members = true;
  REQUIRE(get(store::scim_change_group(t.c.db, corp, table, made.resource, none)) ==
          store::ScimOutcome::done);
  CHECK(t.c.grants("new") == "*=viewer");
  REQUIRE(t.says("new", {{"A", "elm", "admin"}}) == SignOnOutcome::signed_in);
  REQUIRE(get(store::scim_change_group(t.c.db, corp, table, made.resource, group)) ==
          store::ScimOutcome::done);
  CHECK(t.c.grants("new") == "elm=admin,oak=viewer");
}

TEST_CASE("what people took away is not given back while it is said") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}, {"B", "oak", "viewer"}}) ==
          SignOnOutcome::signed_in);
  REQUIRE(t.change("new", "elm", "") == store::PersonChange::done);
  CHECK(t.says("new", {{"A", "elm", "manager"}, {"B", "oak", "viewer"}}) ==
        SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "oak=viewer");
  // With another value that gives it, likewise.
  CHECK(t.says("new", {{"C", "elm", "admin"}}) == SignOnOutcome::waiting);
  CHECK(t.says("new", {}) == SignOnOutcome::waiting);
  CHECK(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "elm=manager");
}

TEST_CASE("what people changed is theirs from then on") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  REQUIRE(t.change("new", "elm", "viewer") == store::PersonChange::done);
  CHECK(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "elm=viewer");
  CHECK(t.says("new", {}) == SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "elm=viewer");
  // The same level given by somebody is theirs, too.
  REQUIRE(t.says("two", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  REQUIRE(t.change("two", "elm", "manager") == store::PersonChange::done);
  CHECK(t.says("two", {}) == SignOnOutcome::signed_in);
}

TEST_CASE("whoever people switched off stays so, and is given nothing") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  REQUIRE(*wait(store::disable_user(t.c.db, Company::address("new"), "test")));
  CHECK(t.says("new", {{"A", "elm", "manager"}, {"A", "oak", "admin"}}) ==
        SignOnOutcome::user_disabled);
  CHECK(t.c.count("grants WHERE granted_by = 'asserted:corp'") == "1");
  CHECK(t.c.count("users WHERE status = 'disabled'") == "1");
}

TEST_CASE("groups too many to be named keep what was, and are counted") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  CHECK(too_many(t).people == 0);
  CHECK(too_many(t).last_at.empty());
  CHECK(t.sign_on("new", {Kind::too_many, {{"A", "elm", "manager"}}}) == SignOnOutcome::signed_in);
  CHECK(t.sign_on("two", {Kind::too_many, {{"A", "elm", "manager"}}}) == SignOnOutcome::waiting);
  CHECK(t.c.grants("new") == "elm=manager");
  CHECK(too_many(t).people == 2);
  CHECK_FALSE(too_many(t).last_at.empty());
  CHECK(get(store::too_many_groups(t.c.db, "other")).people == 0);
  const auto last = get(store::last_asserted(t.c.db, root(), access(), t.c.id("new")));
  CHECK(last.values == std::vector<std::string>{"A"});
  CHECK_FALSE(last.too_many_at.empty());
  // What people took meanwhile stays taken.
  REQUIRE(t.change("new", "elm", "") == store::PersonChange::done);
  CHECK(t.sign_on("new", {Kind::too_many, {{"A", "elm", "manager"}}}) == SignOnOutcome::waiting);
  CHECK(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::waiting);
  CHECK(too_many(t).people == 1);
}

TEST_CASE(
    "what the table gives for values that were said last counts where they are too many now") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}, {"B", "oak", "viewer"}}) ==
          SignOnOutcome::signed_in);
  const auto keeps = [&](std::vector<AssertedGrant> table) {
    return t.sign_on("new", {Kind::too_many, std::move(table)});
  };
  SECTION("a value that was taken out of it") {
    CHECK(keeps({{"B", "oak", "viewer"}, {"C", "elm", "admin"}}) == SignOnOutcome::signed_in);
    CHECK(t.c.grants("new") == "oak=viewer");
  }
  SECTION("a level that was lowered") {
    CHECK(keeps({{"A", "elm", "viewer"}, {"B", "oak", "viewer"}}) == SignOnOutcome::signed_in);
    CHECK(t.c.grants("new") == "elm=viewer,oak=viewer");
  }
  SECTION("all of them") {
    CHECK(keeps({{"C", "elm", "admin"}}) == SignOnOutcome::waiting);
    CHECK(t.c.grants("new").empty());
  }
  // What was said is not forgotten.
  CHECK(get(store::last_asserted(t.c.db, root(), access(), t.c.id("new"))).values ==
        std::vector<std::string>{"A", "B"});
}

TEST_CASE("a table that is gone takes what it gave at the next sign-on, whatever came before") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  SECTION("what was said") {}
  SECTION("groups too many to be named") {
    REQUIRE(t.sign_on("new", {Kind::too_many, {{"A", "elm", "manager"}}}) ==
            SignOnOutcome::signed_in);
  }
  SECTION("what people took away") {
    REQUIRE(t.change("new", "elm", "") == store::PersonChange::done);
  }
  CHECK(t.sign_on("new", {}) == SignOnOutcome::waiting);
  CHECK(t.c.grants("new").empty());
  CHECK(t.c.count("asserted_withheld") == "0");
  CHECK(t.c.count("users WHERE asserted <> '{}' OR too_many_at IS NOT NULL") == "0");
}

TEST_CASE("a node of the version before changes nothing of it") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  CHECK(
      t.c.value("SELECT outcome FROM anteroom.sign_on('corp', 'i', '_x', '_y', now(), 'tenant/new',"
                " 'new@corp.test', '', '', '', '', decode(repeat('ab', 32), 'hex'), 'r', 'o',"
                " '1 hour', NULL, '', '', now(), '', NULL, '', now())") == "signed_in");
  CHECK(t.c.grants("new") == "elm=manager");
}

TEST_CASE("what another company asserted goes with the first sign-on at the new one") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}, {"A", "oak", "manager"}}) ==
          SignOnOutcome::signed_in);
  REQUIRE(*wait(store::unpin_user(t.c.db, Company::address("new"), "test")));
  store::SignOn s = t.sign_on_of("new");
  s.idp = "other";
  SECTION("which asserts") {
    s.asserted = {Kind::said, {{"Z", "elm", "viewer"}}};
    CHECK(sign_on_outcome(t.c.db, s) == SignOnOutcome::signed_in);
    CHECK(t.c.grants("new") == "elm=viewer");
  }
  SECTION("which names no groups") {
    s.asserted = {Kind::too_many};
    CHECK(sign_on_outcome(t.c.db, s) == SignOnOutcome::waiting);
    CHECK(t.c.grants("new").empty());
  }
  SECTION("which has no table") {
    CHECK(sign_on_outcome(t.c.db, s) == SignOnOutcome::waiting);
    CHECK(t.c.grants("new").empty());
  }
}

TEST_CASE("a message that is not taken gives nothing") {
  Table t;
  store::SignOn s = t.sign_on_of("new");
  REQUIRE(sign_on_outcome(t.c.db, s) == SignOnOutcome::waiting);
  s.asserted = {Kind::said, {{"A", "*", "admin"}}};
  SECTION("replayed") {
    CHECK(sign_on_outcome(t.c.db, s) == SignOnOutcome::replayed);
  }
  SECTION("of somebody else with the address") {
    store::SignOn other = t.sign_on_of("new");
    other.subject = "tenant/somebody-else";
    other.asserted = s.asserted;
    CHECK(sign_on_outcome(t.c.db, other) == SignOnOutcome::identity_pinned);
  }
  CHECK(t.c.grants("new").empty());
  CHECK(t.c.count("grants WHERE granted_by LIKE 'asserted:%'") == "0");
}

TEST_CASE("what people take away while somebody signs on stays taken") {
  Table t;
  REQUIRE(t.says("new", {{"A", "elm", "manager"}, {"A", "oak", "viewer"}}) ==
          SignOnOutcome::signed_in);
  OpenTransaction taking(t.c.db);
  REQUIRE(get(store::change_grant(taking, t.c.actor("ida"), access(),
                                  {t.c.id("new"), "elm", "", ""})) == store::PersonChange::done);
  store::SignOn s = t.sign_on_of("new");
  s.asserted = {Kind::said, {{"A", "elm", "admin"}, {"A", "oak", "viewer"}}};
  Meanwhile<Result<store::SignOnResult>> browser(
      t.c.db, [&](Database& db) { return wait(store::sign_on(db, s)); });
  CHECK(browser.is_waiting());
  taking.commit();
  CHECK(get(browser.result()).outcome == SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "oak=viewer");
}

TEST_CASE("somebody new who signs on twice at once is given it once") {
  Table t;
  store::SignOn first = t.sign_on_of("new");
  first.asserted = {Kind::said, {{"A", "elm", "manager"}}};
  store::SignOn second = t.sign_on_of("new");
  second.asserted = first.asserted;
  OpenTransaction here(t.c.db);
  REQUIRE(sign_on_outcome(here, first) == SignOnOutcome::signed_in);
  Meanwhile<Result<store::SignOnResult>> there(
      t.c.db, [&](Database& db) { return wait(store::sign_on(db, second)); });
  CHECK(there.is_waiting());
  here.commit();
  CHECK(get(there.result()).outcome == SignOnOutcome::signed_in);
  CHECK(t.c.grants("new") == "elm=manager");
  CHECK(t.changes("new") == "elm: none -> manager; by A (elm)");
}

TEST_CASE("a property that is closed while somebody signs on counts for nothing") {
  Table t;
  OpenTransaction closing(t.c.db);
  closing.script("UPDATE anteroom.properties SET closed_at = now() WHERE key = 'elm'");
  CHECK(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::signed_in);
  closing.commit();
  CHECK(t.c.grants("new").empty());
  CHECK(t.says("new", {{"A", "elm", "manager"}}) == SignOnOutcome::waiting);
}

TEST_CASE("values are kept and told as they are") {
  Table t;
  const std::string hostile = "'; DROP TABLE grants; -- {\"\\,} %s";
  CHECK(t.says("new", {{hostile, "elm", "viewer"}}) == SignOnOutcome::signed_in);
  CHECK(t.changes("new") == "elm: none -> viewer; by " + hostile + " (elm)");
  const auto last = get(store::last_asserted(t.c.db, root(), access(), t.c.id("new")));
  CHECK(last.values == std::vector<std::string>{hostile});
  CHECK(last.too_many_at.empty());
}

TEST_CASE("what was said of somebody is for those who look after them") {
  Table t;
  t.c.join("far", "manager", "elm");
  t.c.db.script("UPDATE users SET email = 'far@far.test' WHERE email = 'far@corp.test'");
  REQUIRE(t.says("new", {{"A", "oak", "viewer"}}) == SignOnOutcome::signed_in);
  const auto seen_by = [&](const store::Actor& who) {
    return get(store::last_asserted(t.c.db, who, access(), t.c.id("new"))).values.size();
  };
  CHECK(seen_by(t.c.actor("sue")) == 1);
  CHECK(seen_by(t.c.actor("vic")) == 0);
  const std::string far = t.c.value("SELECT id FROM anteroom.users WHERE email = 'far@far.test'");
  CHECK(seen_by({far, "far@far.test", ""}) == 0);
}

namespace {

std::string asserting(const std::string& level, const std::string& properties,
                      const std::string& attribute = "groups") {
  return R"({"access": {"attribute": ")" + attribute +
         R"(", "values": [{"value": "A", "level": ")" + level + R"(", "properties": )" +
         properties + "}]}}";
}

std::string by_groups(const std::string& level, const std::string& properties) {
  return R"({"scim": {"groups": [{"name": "A", "level": ")" + level + R"(", "properties": )" +
         properties + "}]}}";
}

// Adds and changes a company as somebody.
struct Writer {
  Company c;

  store::CompanyChange write(const store::Actor& who, const std::string& settings) {
    auto row = get(store::find_company(c.db, "contoso"));
    REQUIRE(row);
    row->settings = settings;
    return get(store::change_company(c.db, who, access(), *row));
  }
  store::CompanyChange add(const store::Actor& who, const std::string& settings) {
    return get(store::add_company(c.db, who, access(), {"contoso", "Contoso", settings}));
  }
};

}  // namespace

TEST_CASE("nobody gives by a table what they do not hold themselves") {
  using store::CompanyChange;
  Writer w;
  const store::Actor sue = w.c.actor("sue");  // manager everywhere
  CHECK(w.add(sue, asserting("admin", "\"*\"")) == CompanyChange::above_own_level);
  CHECK(w.add(sue, by_groups("admin", "[\"elm\"]")) == CompanyChange::above_own_level);
  REQUIRE(w.add(sue, "{}") == CompanyChange::done);
  for (const std::string& refused :
       {asserting("admin", "\"*\""), asserting("admin", "[\"elm\"]"),
        asserting("emperor", "[\"elm\"]"), by_groups("admin", "\"*\""),
        std::string(R"({"access": {"values": {"value": "A", "level": "viewer"}}})"),
        std::string(R"({"access": {"values": [{"level": "admin", "properties": [["elm"]]}]}})"),
        std::string(R"({"access": {"values": [{"level": "admin"}]}})")}) {
    INFO(refused);
    CHECK(w.write(sue, refused) == CompanyChange::above_own_level);
  }
  CHECK(w.c.count("audit_events WHERE kind = 'manage_refused' AND code = 'above_own_level'") ==
        "9");
  CHECK(w.write(sue, asserting("manager", "\"*\"")) == CompanyChange::done);
  CHECK(w.write(sue, asserting("viewer", "[\"elm\", \"oak\"]")) == CompanyChange::done);
  w.c.db.script("UPDATE properties SET closed_at = now() WHERE key = 'elm'");
  CHECK(w.write(sue, asserting("technician", "[\"elm\", \"oak\"]")) ==
        CompanyChange::above_own_level);
  CHECK(w.write(w.c.actor("vic"), asserting("viewer", "[\"oak\"]")) == CompanyChange::not_allowed);
}

TEST_CASE("what was there before is somebody else's word, and an operator's is not limited") {
  using store::CompanyChange;
  Writer w;
  const store::Actor sue = w.c.actor("sue");
  REQUIRE(w.add(root(), asserting("admin", "[\"elm\", \"oak\"]")) == CompanyChange::done);
  const std::string both = R"({"preset": "entra", "access": {"attribute": "groups", "values": [)"
                           R"({"value": "A", "level": "admin", "properties": ["elm", "oak"]},)"
                           R"({"value": "B", "level": "manager", "properties": "*"}]}})";
  CHECK(w.write(sue, both) == CompanyChange::done);
  // Of another attribute it is another word.
  CHECK(w.write(sue, asserting("admin", "[\"elm\", \"oak\"]", "department")) ==
        CompanyChange::above_own_level);
  CHECK(w.write(sue, R"({"access": {"attribute": "groups", "values": [)"
                     R"({"value": "mine", "level": "admin", "properties": ["elm", "oak"]}]}})") ==
        CompanyChange::above_own_level);
  CHECK(w.write(sue, "{}") == CompanyChange::done);
  CHECK(w.write(sue, asserting("admin", "[\"elm\", \"oak\"]")) == CompanyChange::above_own_level);
}
