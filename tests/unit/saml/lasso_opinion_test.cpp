// The second opinion: on signatures, never on structure.

#include "saml/lasso_opinion.h"

#include "saml/guard.h"
#include "saml/keys.h"
#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using saml::Opinion;

namespace {

Opinion opinion_on(const std::string& xml) {
  static const Trust kTrust;
  static const std::vector<saml::SigningKey> kKeys = saml::load_signing_keys(kTrust.idp);
  static const saml::LassoOpinion kLasso(kTrust.sp, kTrust.idp, kKeys);
  const auto guarded = saml::guard_response(forge::to_base64(xml));
  REQUIRE(guarded);
  return kLasso.ask(*guarded).opinion;
}

Opinion opinion_on(const forge::Options& options, const forge::Authority& by = authority()) {
  return opinion_on(forge::make_response(by, options));
}

}  // namespace

TEST_CASE("Lasso agrees with a good signature and with no other") {
  CHECK(opinion_on(forge::Options{}) == Opinion::good);
  CHECK(opinion_on(forge::Options{}, other_authority()) == Opinion::bad);
  CHECK(opinion_on(tampered("<AttributeValue>ann@", "<AttributeValue>bob@")) == Opinion::bad);
  CHECK(opinion_on(tampered("<ds:SignatureValue>", "<ds:SignatureValue>AAAA")) == Opinion::bad);
  forge::Options options;
  options.sign = forge::Sign::none;
  CHECK(opinion_on(options) == Opinion::bad);
}

TEST_CASE("what Lasso cannot read it has no opinion on") {
  const std::string bearer =
      "<SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">";
  CHECK(opinion_on(saying(bearer, "<SubjectConfirmation Method=\"urn:x\"/>" + bearer)) ==
        Opinion::none);
  CHECK(opinion_on(saying("<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">",
                          "<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"> ")) ==
        Opinion::none);
}
