// Properties: what they are called, and closed ones.

#include "anteroom/properties.h"

#include <algorithm>

#include "anteroom/gate.h"
#include "database/people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;

TEST_CASE("properties are called by name; where two have the same, their keys are said, too") {
  Company c;
  c.db.script("INSERT INTO properties (key, name) VALUES ('ash', 'Oak Yard')");
  const auto names = get(store::property_names(c.db, {"elm", "oak", "nowhere"}));
  CHECK(names.size() == 2);
  CHECK((names.at("elm").name == "Elm Court" && !names.at("elm").is_shared));
  CHECK((names.at("oak").name == "Oak Yard" && names.at("oak").is_shared));

  const auto asked = c.file(c.actor("sue"), {c.address("new"), "", "oak", "viewer", "", ""});
  const auto request = get(store::show_request(c.db, c.actor("ida"), access(), asked.request));
  CHECK((request->property_name == "Oak Yard" && request->shared_key == "oak"));
  REQUIRE(provision(c.db, c.address("ann"), "viewer", {"oak"}) == kProvisioned);
  const auto ann = get(store::show_person(c.db, c.actor("ida"), access(), c.id("ann")));
  REQUIRE(ann->grants.size() == 2);
  CHECK((ann->grants[0].property == "elm" && ann->grants[0].shared_key.empty()));
  CHECK((ann->grants[1].property == "oak" && ann->grants[1].shared_key == "oak"));
}

TEST_CASE(
    "letters and the Waiting Room call properties by name, two of the same name with the key") {
  Company c;
  c.db.script("INSERT INTO properties (key, name) VALUES ('ash', 'Oak Yard')");
  CHECK(c.value("SELECT anteroom.property_label('elm')") == "Elm Court");
  CHECK(c.value("SELECT anteroom.property_label('oak')") == "Oak Yard (oak)");
  CHECK(c.value("SELECT anteroom.property_label('nowhere') IS NULL") == "t");
  const auto asked = c.file(c.actor("sue"), {c.address("new"), "", "oak", "viewer", "", ""});
  CHECK(c.approve("ida", asked.request) == store::Deciding::done);
  CHECK(c.value("SELECT parameters->>'properties' FROM anteroom.mail_outbox"
                " WHERE template = 'request_approved'") == "[\"Oak Yard (oak)\"]");
}

namespace {

using store::PropertyChange;

PropertyChange close(Company& c, const std::string& key, const store::Actor& who = root(),
                     bool is_closed = true) {
  return get(store::close_property(c.db, who, access(), key, is_closed));
}
PropertyChange open(Company& c, const std::string& key) {
  return close(c, key, root(), false);
}

// What the gate says to NAME, signed on as session NUMBER.
bool may_enter(Company& c, int number, const std::string& property) {
  const std::string bytes = load(c.db, number);
  const auto view = SessionView::parse(bytes);
  if (!view) return false;
  Settings settings;
  settings.access = access();
  settings.access.levels = levels();
  const Requirement needed{"viewer", property, true};
  return decide(settings, &*view, needed, "https://login.test", SystemClock().now()) ==
         Outcome::allow;
}

std::string events(Company& c, const std::string& kind) {
  return c.value(
      "SELECT coalesce(string_agg(actor || ' ' || detail, ', ' ORDER BY id), '') FROM"
      " anteroom.audit_events WHERE kind = '" +
      kind + "'");
}

}  // namespace

TEST_CASE("at a closed property the gate lets nobody in, by a grant for all neither") {
  Company c;
  REQUIRE(c.sign_on("ann", 1) == store::SignOnOutcome::signed_in);
  REQUIRE(c.sign_on("ida", 2) == store::SignOnOutcome::signed_in);
  CHECK((may_enter(c, 1, "elm") && may_enter(c, 2, "elm") && may_enter(c, 2, "oak")));
  REQUIRE(close(c, "elm") == PropertyChange::done);
  CHECK_FALSE(may_enter(c, 1, "elm"));
  CHECK_FALSE(may_enter(c, 2, "elm"));
  CHECK(may_enter(c, 2, "oak"));
  CHECK(may_enter(c, 2, "elm-2"));  // as before: a grant for all is asked for no list
  const std::string record = load(c.db, 2);
  CHECK(SessionView::parse(record)->fields().properties == "*=admin");
  // Whose only access that was waits.
  const std::string waits = load(c.db, 1);
  CHECK_FALSE(SessionView::parse(waits)->is_provisioned());
  CHECK(c.sign_on("ann", 3) == store::SignOnOutcome::waiting);
  REQUIRE(open(c, "elm") == PropertyChange::done);
  CHECK((may_enter(c, 1, "elm") && may_enter(c, 2, "elm")));
}

TEST_CASE("more closed properties than a session can name close all for a grant for all") {
  Company c;
  REQUIRE(c.sign_on("ida", 2) == store::SignOnOutcome::signed_in);
  c.db.script(
      "INSERT INTO properties (key, name, closed_at) SELECT lpad(i::text, 60, 'x'), '', now()"
      " FROM generate_series(1, 1100) i");
  CHECK_FALSE(may_enter(c, 2, "oak"));
  CHECK_FALSE(may_enter(c, 2, "elm"));
}

TEST_CASE("a node of the version before lets nobody in at a closed property either") {
  Company c;
  REQUIRE(c.sign_on("ida", 2) == store::SignOnOutcome::signed_in);
  REQUIRE(provision(c.db, c.address("ida"), "viewer", {"oak"}) == kProvisioned);
  const auto as_before = [&] {
    return c.value("SELECT properties FROM anteroom.load_session('\\x02" + std::string(62, '0') +
                   "', '1 hour', '{viewer,technician,manager,admin}')");
  };
  CHECK(as_before() == "*=admin,oak=viewer");
  REQUIRE(close(c, "elm") == PropertyChange::done);
  CHECK(as_before() == "oak=admin,oak=viewer");
  REQUIRE(close(c, "oak") == PropertyChange::done);
  CHECK(as_before().empty());
  c.db.script(
      "INSERT INTO properties (key, name) SELECT 'p' || i, '' FROM generate_series(1, 9000) i");
  CHECK(as_before().size() <= 65000);
  CHECK(as_before().ends_with("=admin"));
}

TEST_CASE("nodes are told when a property is closed or opened, and of no other change") {
  Company c;
  CHECK(c.value("SELECT count(*) FROM pg_trigger WHERE tgname = 'properties_closed_or_opened'") ==
        "1");
}

TEST_CASE("nothing is given at a closed property, by whichever door") {
  Company c;
  REQUIRE(c.sign_on("ida", 2) == store::SignOnOutcome::signed_in);
  const std::string asked_before = c.open_request("new");
  REQUIRE(close(c, "elm") == PropertyChange::done);
  SECTION("the command and a file") {
    CHECK(provision(c.db, c.address("new"), "viewer", {"oak", "elm"}) ==
          store::Provisioned::Outcome::no_property);
    const auto imported = wait(store::import_users(
        c.db, R"([{"line":2,"email":"new@corp.test","property":"elm","level":"viewer"}])", "test",
        levels()));
    REQUIRE_FALSE(imported);
    CHECK(imported.failure().detail.find("line 2: no_property elm") != std::string::npos);
  }
  SECTION("People") {
    for (const auto& who : {c.actor("ida"), c.actor("max"), root()}) {
      const auto changed =
          get(store::change_grant(c.db, who, access(), {c.id("vic"), "elm", "viewer", ""}));
      CHECK(changed == (who.user == c.id("max") ? store::PersonChange::not_allowed
                                                : store::PersonChange::no_property));
    }
  }
  SECTION("a request for it") {
    CHECK(c.file(c.actor("ida"), {c.address("bob"), "", "elm", "viewer", "", ""}).outcome ==
          store::Filing::no_property);
    CHECK(c.file(root(), {c.address("bob"), "", "elm", "viewer", "", ""}).outcome ==
          store::Filing::no_property);
  }
  SECTION("an approval: of what was asked before, or of what was asked elsewhere") {
    CHECK(c.approve("ida", asked_before) == store::Deciding::no_property);
    CHECK(c.decide(root(), {{asked_before}, true, "", {}, ""}).outcome ==
          store::Deciding::no_property);
    CHECK(c.approve("max", asked_before) == store::Deciding::not_allowed);
    const auto other = c.file(c.actor("sue"), {c.address("bob"), "", "oak", "viewer", "", ""});
    CHECK(c.decide(c.actor("ida"), {{other.request}, true, "", {"elm"}, ""}).outcome ==
          store::Deciding::no_property);
    CHECK(c.decide(c.actor("ida"), {{asked_before}, true, "", {"oak"}, ""}).outcome ==
          store::Deciding::done);
  }
  CHECK(c.count("grants WHERE property = 'elm'") == "2");  // ann's and max's, from before
}

TEST_CASE("who decided at a closed property alone decides nowhere; who does everywhere declines") {
  Company c;
  const std::string asked = c.open_request("new");
  REQUIRE(close(c, "elm") == PropertyChange::done);
  CHECK(get(store::search_people(c.db, c.actor("max"), access(), "", false, "", 50)).empty());
  CHECK(get(store::list_requests(c.db, c.actor("max"), access(), {})).empty());
  const auto seen = get(store::show_request(c.db, c.actor("ida"), access(), asked));
  CHECK((seen->is_closed && seen->may_decide && seen->state == "open"));
  CHECK(c.decide(c.actor("max"), {{asked}, false, "", {}, "no"}).outcome ==
        store::Deciding::not_allowed);
  CHECK(c.decide(c.actor("ida"), {{asked}, false, "", {}, "no"}).outcome == store::Deciding::done);
}

TEST_CASE("what was granted, asked and done at a closed property stays, and can be taken away") {
  Company c;
  const std::string asked = c.open_request("new");
  REQUIRE(close(c, "elm", c.actor("ida")) == PropertyChange::done);
  const auto ann = get(store::show_person(c.db, c.actor("ida"), access(), c.id("ann")));
  REQUIRE(ann->grants.size() == 1);
  CHECK(
      (ann->grants[0].property == "elm" && ann->grants[0].is_closed && ann->grants[0].may_change));
  CHECK(c.grants("ann").empty());
  CHECK_FALSE(ann->history.empty());
  CHECK(get(store::change_grant(c.db, c.actor("max"), access(), {c.id("ann"), "elm", "", ""})) !=
        store::PersonChange::done);
  CHECK(get(store::change_grant(c.db, c.actor("ida"), access(), {c.id("ann"), "elm", "", ""})) ==
        store::PersonChange::done);
  REQUIRE(open(c, "elm") == PropertyChange::done);
  CHECK(c.grants("ann").empty());
  CHECK(c.grants("max") == "elm=manager");
  CHECK(c.approve("ida", asked) == store::Deciding::done);
}

TEST_CASE("a directory's groups give nothing at a closed property, keep what they gave, and take") {
  Company c;
  c.come_from_directory("new");
  c.come_from_directory("old");
  const std::vector<std::string> keys{"elm"};
  const auto settle = [&](const std::string& who, bool is_member) {
    const std::string id = c.id(who);
    c.db.script(
        "INSERT INTO scim_groups (idp, display_name, external_id) VALUES ('corp', 'staff', '')"
        " ON CONFLICT DO NOTHING;" +
        std::string(is_member ? "INSERT INTO scim_members (group_id, user_id) SELECT id, '" + id +
                                    "' FROM scim_groups ON CONFLICT DO NOTHING"
                              : "DELETE FROM scim_members WHERE user_id = '" + id + "'") +
        "; SELECT scim_settle('corp', ARRAY['" + id +
        "']::uuid[], '{staff}', '{elm}', '{viewer}', '{viewer,technician,manager,admin}')");
  };
  settle("old", true);
  CHECK(c.grants("old") == "elm=viewer");
  REQUIRE(close(c, "elm") == PropertyChange::done);
  settle("new", true);
  settle("old", true);
  CHECK(c.count("grants WHERE granted_by = 'scim:corp'") == "1");
  REQUIRE(open(c, "elm") == PropertyChange::done);
  CHECK(c.grants("old") == "elm=viewer");
  CHECK(c.grants("new").empty());
  settle("new", true);
  CHECK(c.grants("new") == "elm=viewer");
  REQUIRE(close(c, "elm") == PropertyChange::done);
  settle("old", false);
  REQUIRE(open(c, "elm") == PropertyChange::done);
  CHECK(c.grants("old").empty());
}

TEST_CASE("a grant at a closed property ends nobody's waiting, and makes nobody an approver") {
  Company c;
  REQUIRE(close(c, "elm") == PropertyChange::done);
  REQUIRE(c.sign_on("new", 5) == store::SignOnOutcome::waiting);
  c.db.script("INSERT INTO grants (user_id, property, level) VALUES ('" + c.id("new") +
              "', 'elm', 'viewer')");
  CHECK(c.value("SELECT let_in_at IS NULL AND anteroom.waits_since(u) IS NOT NULL FROM"
                " anteroom.users u WHERE email = 'new@corp.test'") == "t");
  const auto state = get(store::waiting_state(c.db, c.id("new"), "corp", access()));
  CHECK(std::find(state.approvers.begin(), state.approvers.end(), c.address("max")) ==
        state.approvers.end());
}

TEST_CASE("properties are changed by whoever decides at all of them, and by nobody else") {
  Company c;
  for (const char* who : {"max", "vic", "ann"}) {
    const store::Actor actor = c.actor(who);
    CHECK(get(store::make_property(c.db, actor, access(), "ash", "Ash")) ==
          PropertyChange::not_allowed);
    CHECK(get(store::rename_property(c.db, actor, access(), "elm", "X", std::nullopt)) ==
          PropertyChange::not_allowed);
    CHECK(close(c, "elm", actor) == PropertyChange::not_allowed);
    CHECK(get(store::search_properties(c.db, actor, access(), {})).empty());
    CHECK_FALSE(get(store::show_property(c.db, actor, access(), "elm")));
  }
  CHECK(c.count("properties WHERE closed_at IS NULL AND name IN ('Elm Court', 'Oak Yard')") == "2");
  CHECK(c.count("audit_events WHERE kind = 'manage_refused'") == "15");
}

TEST_CASE("a property is added, renamed, closed and opened, each with its event") {
  Company c;
  const store::Actor ida = c.actor("ida");
  CHECK(get(store::make_property(c.db, ida, access(), "ash", "Ash Hill")) == PropertyChange::done);
  CHECK(get(store::make_property(c.db, ida, access(), "ash", "Again")) == PropertyChange::exists);
  for (const char* bad : {"", "Ash", "-a", "a b", "a=b", "*", "a,b"}) {
    CHECK(get(store::make_property(c.db, ida, access(), bad, "X")) == PropertyChange::bad_key);
  }
  CHECK(get(store::make_property(c.db, ida, access(), std::string(64, 'a'), "X")) ==
        PropertyChange::bad_key);
  CHECK(get(store::rename_property(c.db, ida, access(), "ash", "Ash Dale", "Ash Hill")) ==
        PropertyChange::done);
  CHECK(get(store::rename_property(c.db, ida, access(), "none", "X", std::nullopt)) ==
        PropertyChange::not_found);
  CHECK(close(c, "ash", ida) == PropertyChange::done);
  CHECK(open(c, "ash") == PropertyChange::done);
  CHECK(close(c, "none") == PropertyChange::not_found);
  CHECK(events(c, "property_added") == "ida@corp.test ash: Ash Hill");
  CHECK(events(c, "property_renamed") == "ida@corp.test ash: before: Ash Hill; after: Ash Dale");
  CHECK(events(c, "property_closed") == "ida@corp.test ash: Ash Dale");
  CHECK(events(c, "property_opened") == "cli:root ash: Ash Dale");
}

TEST_CASE("the second of two who change a property is told, and what the first did stays") {
  Company c;
  const store::Actor ida = c.actor("ida");
  const store::Actor sue = c.actor("sue");
  REQUIRE(get(store::rename_property(c.db, ida, access(), "elm", "Elm House", "Elm Court")) ==
          PropertyChange::done);
  CHECK(get(store::rename_property(c.db, sue, access(), "elm", "Elm Place", "Elm Court")) ==
        PropertyChange::changed);
  CHECK(c.value("SELECT name FROM anteroom.properties WHERE key = 'elm'") == "Elm House");
  // The same again is no conflict.
  CHECK(get(store::rename_property(c.db, sue, access(), "elm", "Elm House", "Elm Court")) ==
        PropertyChange::done);
  REQUIRE(close(c, "elm", ida) == PropertyChange::done);
  CHECK(close(c, "elm", sue) == PropertyChange::changed);
  CHECK(get(store::show_property(c.db, sue, access(), "elm"))->closed_by == "ida@corp.test");
}

TEST_CASE("properties are found by part of key or name, in pages; one says whom closing concerns") {
  Company c;
  c.db.script(
      "INSERT INTO properties (key, name) SELECT 'p' || lpad(i::text, 4, '0'), 'House ' || i"
      " FROM generate_series(1, 5000) i");
  std::string after;
  std::size_t count = 0;
  for (std::size_t got = 1; got > 0;) {
    const auto page =
        get(store::search_properties(c.db, c.actor("ida"), access(), {"", "", after, 500}));
    got = page.size();
    count += got;
    if (got > 0) after = page.back().key;
  }
  CHECK(count == 5002);
  CHECK(get(store::search_properties(c.db, c.actor("ida"), access(), {"HOUSE 4999", "", "", 50}))
            .size() == 1);
  CHECK(
      get(store::search_properties(c.db, c.actor("ida"), access(), {"p4999", "", "", 50})).size() ==
      1);
  c.open_request("new");
  const auto elm = get(store::show_property(c.db, c.actor("ida"), access(), "elm"));
  CHECK((elm->people == 2 && elm->requests == 1 && elm->closed_at.empty()));
  REQUIRE(close(c, "elm") == PropertyChange::done);
  const auto closed =
      get(store::search_properties(c.db, c.actor("ida"), access(), {"", "closed", "", 50}));
  REQUIRE(closed.size() == 1);
  CHECK((closed[0].key == "elm" && !closed[0].closed_at.empty()));
  const auto offered = get(store::list_properties(c.db));
  CHECK(std::none_of(offered.begin(), offered.end(), [](const auto& p) { return p.key == "elm"; }));
  CHECK(get(store::closed_among(c.db, {"oak", "elm", "none"})) == std::vector<std::string>{"elm"});
}

TEST_CASE(
    "a property is found by its key, its name, or a part of them, among those that are asked") {
  Company c;
  c.db.script(
      "INSERT INTO properties (key, name) VALUES ('court', 'Old Mill'), ('elm-2', 'Elm Court'),"
      " ('shut', 'Elm House'), ('odd', 'A \"b\", c\\d')");
  REQUIRE(close(c, "shut") == PropertyChange::done);
  const auto find = [&](std::vector<std::string> texts, store::PropertyScope scope = {}) {
    return get(store::find_properties(c.db, std::move(scope), std::move(texts)));
  };
  const auto keys = [](const store::PropertyMatches& matches) {
    std::string text = matches.are_whole ? "whole" : "part";
    for (const store::Property& property : matches.properties) text += " " + property.key;
    return text + " of " + std::to_string(matches.count);
  };
  const auto found = find({"elm", "ELM COURT", "elm court (ELM-2)", "court", "cour", "house", "",
                           "A \"B\", c\\d", "a%"});
  REQUIRE(found.size() == 9);
  CHECK(keys(found[0]) == "whole elm of 1");  // the key comes before every name
  CHECK(keys(found[1]) == "whole elm elm-2 of 2");
  CHECK(keys(found[2]) == "whole elm-2 of 1");
  CHECK(keys(found[3]) == "whole court of 1");
  CHECK(keys(found[4]) == "part elm elm-2 court of 3");
  for (const std::size_t nothing : {5U, 6U, 8U}) CHECK(keys(found[nothing]) == "part of 0");
  CHECK(keys(found[7]) == "whole odd of 1");
  // One letter is no part, but may be a key or a name.
  CHECK(keys(find({"c"})[0]) == "part of 0");
  c.db.script("INSERT INTO properties (key, name) VALUES ('c', 'Q'), ('yard', 'Court')");
  CHECK(keys(find({"C"})[0]) == "whole c of 1");
  CHECK(keys(find({"q"})[0]) == "whole c of 1");
  CHECK(keys(find({"court"})[0]) == "whole court of 1");
  // Where access is given, a key does not come before a name.
  const auto given = get(store::find_properties(c.db, {}, {"court", "elm", "court (yard)", "cour"},
                                                store::KeyOrName::alike));
  CHECK(keys(given[0]) == "whole yard court of 2");
  CHECK(keys(given[1]) == "whole elm of 1");
  CHECK(keys(given[2]) == "whole yard of 1");
  CHECK(keys(given[3]) == "part yard elm elm-2 court of 4");
  c.db.script("DELETE FROM properties WHERE key IN ('c', 'yard')");
  // Where somebody reaches some only, the others are not there.
  CHECK(keys(find({"cour"}, {{{"elm-2", "oak"}}, 0})[0]) == "part elm-2 of 1");
  CHECK(keys(find({"elm"}, {{{"elm-2", "oak"}}, 0})[0]) == "part elm-2 of 1");
  CHECK(keys(find({"elm"}, {{std::vector<std::string>{}}, 0})[0]) == "part of 0");
  CHECK(keys(find({"cour"}, {std::nullopt, 2})[0]) == "part elm elm-2 of 3");
  CHECK(get(store::list_properties(c.db, {{{"oak", "elm", "shut", "none"}}, 0})) ==
        std::vector<store::Property>{{"elm", "Elm Court"}, {"oak", "Oak Yard"}});
  CHECK(get(store::list_properties(c.db, {std::nullopt, 2})).size() == 2);
}

namespace {

using Put = store::PutIn::Outcome;

std::vector<Put> outcomes(const store::PutInMany& many) {
  std::vector<Put> all;
  for (const store::PutIn& one : many.rows) all.push_back(one.outcome);
  return all;
}

}  // namespace

TEST_CASE("many properties are put in as they were shown, all of them or none") {
  Company c;
  const auto put = [&c](std::vector<store::Property> rows, std::optional<std::string> seen,
                        const store::Actor& who = root()) {
    return get(store::put_properties(c.db, who, access(), std::move(rows), std::move(seen)));
  };
  const auto count = [&c] { return c.value("SELECT count(*) FROM anteroom.properties"); };
  const auto before = count();
  REQUIRE(close(c, "oak") == PropertyChange::done);
  const std::vector<store::Property> rows{
      {"ash", "Ash <Hill>"}, {"elm", "Elm House"}, {"oak", "Oak Yard"}};

  const auto shown = put(rows, std::nullopt);
  CHECK(outcomes(shown) == std::vector{Put::added, Put::renamed, Put::same});
  CHECK((shown.rows[1].was == "Elm Court" && !shown.rows[1].is_closed && shown.rows[2].is_closed));
  CHECK_FALSE(shown.is_done);
  CHECK(count() == before);

  SECTION("and audited as one by one; a closed one stays closed") {
    const auto done = put(rows, shown.seen, c.actor("ida"));
    CHECK((done.is_done && outcomes(done) == outcomes(shown)));
    CHECK(
        c.value("SELECT string_agg(key || '=' || name || ' ' || (closed_at IS NOT NULL), ',' ORDER"
                " BY key) FROM anteroom.properties WHERE key IN ('ash', 'elm', 'oak')") ==
        "ash=Ash <Hill> false,elm=Elm House false,oak=Oak Yard true");
    CHECK(c.value("SELECT string_agg(kind || ' ' || detail, ', ' ORDER BY id) FROM"
                  " anteroom.audit_events WHERE kind IN ('property_added', 'property_renamed')") ==
          "property_added ash: Ash <Hill>, property_renamed elm: before: Elm Court; after: Elm "
          "House");
    CHECK(outcomes(put(rows, std::nullopt)) == std::vector{Put::same, Put::same, Put::same});
  }
  SECTION("not where something has changed since") {
    REQUIRE(get(store::rename_property(c.db, root(), access(), "elm", "Elm Tower", std::nullopt)) ==
            PropertyChange::done);
    const auto late = put(rows, shown.seen);
    CHECK((!late.is_done && late.rows[1].was == "Elm Tower" && late.seen != shown.seen));
    CHECK(count() == before);
    CHECK(put(rows, late.seen).is_done);
  }
  SECTION("not where what was shown was of other rows") {
    CHECK_FALSE(put({{"ash", "Ash Hill"}}, shown.seen).is_done);
    CHECK(count() == before);
  }
  SECTION("not where a key is none") {
    const std::vector<store::Property> bad{{"ash", "Ash"}, {"Oak Court", "Oak"}};
    const auto said = put(bad, std::nullopt);
    CHECK(outcomes(said) == std::vector{Put::added, Put::bad_key});
    CHECK_FALSE(put(bad, said.seen).is_done);
    CHECK(count() == before);
  }
  SECTION("not by whoever decides at some") {
    CHECK_FALSE(put(rows, shown.seen, c.actor("max")).is_allowed);
    CHECK(count() == before);
    CHECK(c.value("SELECT count(*) FROM anteroom.audit_events WHERE kind = 'manage_refused'") ==
          "1");
  }
  SECTION("five thousand, too") {
    std::vector<store::Property> all;
    for (int i = 0; i < 5000; ++i) {
      all.push_back({"many-" + std::to_string(i), "House " + std::to_string(i)});
    }
    CHECK(put(all, put(all, std::nullopt).seen).is_done);
  }
}
