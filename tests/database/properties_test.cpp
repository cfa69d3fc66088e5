// Properties: what they are called.

#include "anteroom/properties.h"

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
