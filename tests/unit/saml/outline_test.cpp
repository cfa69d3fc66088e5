// What is kept of a refused Response for people to read.

#include <algorithm>

#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

std::string value_of(const std::vector<saml::Fact>& facts, const std::string& name) {
  const auto found = std::find_if(facts.begin(), facts.end(),
                                  [&](const saml::Fact& fact) { return fact.name == name; });
  return found == facts.end() ? "" : found->value;
}

}  // namespace

TEST_CASE("an outline says what the Response says of itself") {
  const forge::Authority authority = forge::make_authority();
  forge::Options options;
  const auto facts = saml::outline(forge::to_base64(forge::make_response(authority, options)));
  CHECK_FALSE(value_of(facts, "Response/@ID").empty());
  CHECK(value_of(facts, "Response/@Destination") == options.acs_url);
  CHECK(value_of(facts, "Assertion/Conditions/Audience") == options.audience);
  CHECK_FALSE(value_of(facts, "Assertion/Conditions/@NotOnOrAfter").empty());
  CHECK(value_of(facts, "Response/Status/StatusCode/@Value").ends_with(":Success"));
  CHECK(value_of(facts, "Assertion/Signature/SignatureMethod/@Algorithm").find("sha256") !=
        std::string::npos);
  CHECK_FALSE(value_of(facts, "Assertion/Attribute/@Name").empty());
}

TEST_CASE("an outline names nobody") {
  const forge::Authority authority = forge::make_authority();
  forge::Options options;
  const std::string xml = forge::make_response(authority, options);
  std::string all;
  for (const saml::Fact& fact : saml::outline(forge::to_base64(xml))) {
    all += fact.name + "=" + fact.value + "\n";
  }
  REQUIRE(xml.find(options.name_id) != std::string::npos);
  CHECK(all.find(options.name_id) == std::string::npos);
  for (const auto& [name, values] : options.attributes) {
    for (const std::string& value : values) CHECK(all.find(value) == std::string::npos);
  }
}

TEST_CASE("an outline is short, printable, and empty where there is no XML") {
  CHECK(saml::outline("").empty());
  CHECK(saml::outline("!!").empty());
  CHECK(saml::outline(forge::to_base64("<a")).empty());
  std::string xml = "<Response xmlns='urn:oasis:names:tc:SAML:2.0:protocol' Destination='" +
                    std::string(5000, 'x') + "&#10;&#x202e;'>";
  for (int i = 0; i < 500; ++i) {
    xml += "<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion' ID='i" + std::to_string(i) +
           "'/>";
  }
  const auto facts = saml::outline(forge::to_base64(xml + "</Response>"));
  CHECK(facts.size() <= 40);
  for (const saml::Fact& fact : facts) {
    CHECK(fact.value.size() <= 200);
    CHECK(fact.value.find('\n') == std::string::npos);
  }
}
