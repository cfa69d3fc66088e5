// Edges of the rules, one for each check that could go missing without any other test noticing.

#include <memory>

#include "text/instant.h"
#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

std::string outcome_of_ec(const forge::Options& given) {
  static const forge::Authority kEc = forge::make_authority(forge::KeyType::ec256);
  forge::Options options = given;
  options.signature_method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
  return outcome(Trust({kEc}).verify(options, kEc));
}

std::string without(const std::string& xml, const std::string& from, const std::string& to) {
  const auto start = xml.find(from);
  const auto end = xml.find(to, start) + to.size();
  return xml.substr(0, start) + xml.substr(end);
}

}  // namespace

TEST_CASE("a time is digits in their places and nothing else") {
  for (const char* good : {"2027-01-15T08:00:00Z", "2027-01-15T08:00:00.123456789012Z"}) {
    CAPTURE(good);
    CHECK(text::parse_instant(good));
  }
  for (const char* bad :
       {"2027-01-15T08:0::00Z", "2027-01-15T08:00:0/Z", "2027-01-15T08:00:00.Z",
        "2027-01-15T08:00:00.1234567890123Z", "2027-01-15T08:00:xxZ", "2027-01-15T08:00:0",
        "2027-01-15T08:00:00", "202", "2027-01-15T08:00:00Z ", "2027-01-15T08:00:00z"}) {
    CAPTURE(bad);
    CHECK_FALSE(text::parse_instant(bad));
  }
}

TEST_CASE("an address is neither empty nor longer than mail allows") {
  CHECK_FALSE(saml::canonical_email(" \t\n"));
  const std::string domain =
      std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + ".de";
  CHECK(saml::canonical_email(std::string(64, 'x') + "@" + domain.substr(1)));
  CHECK_FALSE(saml::canonical_email(std::string(64, 'x') + "@a" + domain + ".info"));
}

TEST_CASE("an AudienceRestriction holds audiences only, in plain text") {
  CHECK(outcome(saying("<Audience>", "<Other>x</Other><Audience>")) == "audience");
  CHECK(outcome(saying("</Audience>", "</Audience><Audience><x/></Audience>")) == "audience");
}

TEST_CASE("an assertion without Subject is refused where our own check stands alone") {
  forge::Options options;
  options.before_signing = [](const std::string& xml) {
    return without(xml, "<Subject>", "</Subject>");
  };
  CHECK(outcome_of_ec(options) == "subject_confirmation");
}

TEST_CASE("a stable identifier has a length and no control characters") {
  Trust trust;
  trust.idp.subject_attributes = {"oid"};
  const auto with = [&](const std::string& value) {
    forge::Options options;
    options.attributes = {{"mail", {"ann@corp.test"}}, {"oid", {value}}};
    return outcome(trust.verify(options));
  };
  CHECK(with("object-1") == "accepted");
  CHECK(with(std::string(5000, 'x')) == "subject_missing");
  CHECK(with("a\tb") == "subject_missing");
  CHECK(with("a\xc2\x9b"
             "b") == "subject_missing");
}

TEST_CASE("a failure of the IdP that was meant for somebody else is not shown") {
  forge::Options options;
  options.sign = forge::Sign::none;
  options.acs_url = "https://elsewhere.test/acs";
  options.before_signing = [](std::string xml) {
    xml = forge::replaced(std::move(xml), "status:Success", "status:Responder");
    return without(xml, "<Assertion", "</Assertion>");
  };
  const auto verdict = Trust().verify(options);
  CHECK(outcome(verdict) == "destination");
  CHECK(verdict.status_code.empty());
}

TEST_CASE("a Reference has three parts") {
  CHECK(outcome(tampered("<ds:DigestMethod", "<ds:Extra/><ds:DigestMethod")) == "signature_shape");
}
