// The legal variety that must be accepted.

#include <thread>

#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

TEST_CASE("a good Response signs its person in") {
  const saml::Verdict verdict = Trust().verify(forge::Options{});
  INFO((verdict.assertion ? "" : verdict.assertion.failure().detail));
  REQUIRE(outcome(verdict) == "accepted");
  CHECK(verdict.assertion->email() == "ann@corp.test");
  CHECK(verdict.assertion->assertion_id() == "_a1");
  CHECK(verdict.assertion->response_id() == "_r1");
  CHECK(verdict.assertion->idp() == "corp");
  CHECK(verdict.assertion->session_index() == "_a1");
  CHECK(verdict.assertion->replay_until() ==
        forge::Options{}.now + std::chrono::minutes(70) + std::chrono::seconds(120));
}

TEST_CASE("the signature may be on the assertion, the Response or both") {
  forge::Options options;
  options.sign = GENERATE(forge::Sign::assertion, forge::Sign::response, forge::Sign::both);
  CHECK(outcome(options) == "accepted");
}

TEST_CASE("SHA-384 and SHA-512 are accepted") {
  forge::Options options;
  const std::string bits = GENERATE("384", "512");
  options.signature_method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha" + bits;
  options.digest_method = bits == "384" ? "http://www.w3.org/2001/04/xmldsig-more#sha384"
                                        : "http://www.w3.org/2001/04/xmlenc#sha512";
  CHECK(outcome(options) == "accepted");
}

TEST_CASE("an ECDSA key is accepted, though Lasso cannot judge it") {
  const forge::Authority ec = forge::make_authority(forge::KeyType::ec256);
  forge::Options options;
  options.signature_method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
  const saml::Verdict verdict = Trust({ec}).verify(options, ec);
  CHECK(outcome(verdict) == "accepted");
}

TEST_CASE("any of several registered keys serves, as in a rollover") {
  CHECK(outcome(Trust({other_authority(), authority()}).verify(forge::Options{})) == "accepted");
  CHECK(outcome(Trust({authority(), other_authority()}).verify(forge::Options{})) == "accepted");
}

TEST_CASE("InclusiveNamespaces, pretty-printing and other prefixes change nothing") {
  forge::Options options;
  SECTION("InclusiveNamespaces") {
    options.inclusive_prefixes = "xs samlp";
  }
  SECTION("SignedInfo with all that is in scope") {
    options.is_signed_info_inclusive = true;
  }
  SECTION("SignedInfo with some of what is in scope") {
    options.signed_info_prefixes = "xs samlp saml #default";
  }
  SECTION("SignedInfo of a signed Response") {
    options.sign = forge::Sign::both;
    options.is_signed_info_inclusive = true;
  }
  SECTION("pretty-printing") {
    options.before_signing = [](std::string xml) {
      for (std::size_t at = 0; (at = xml.find("><", at)) != std::string::npos; at += 2) {
        xml.insert(at + 1, "\n  ");
      }
      return xml;
    };
  }
  SECTION("another prefix") {
    options.before_signing = [](std::string xml) {
      for (std::size_t at = 0; (at = xml.find("samlp", at)) != std::string::npos; at += 2) {
        xml.replace(at, 5, "p2");
      }
      return xml;
    };
  }
  CHECK(outcome(options) == "accepted");
}

TEST_CASE("base64 may have white space in it, as XML has it") {
  const Trust trust;
  const saml::ResponseVerifier verifier(trust.sp, trust.idp);
  const auto with = [&](const std::string& gap) {
    std::string encoded = forge::to_base64(forge::make_response(authority(), {}));
    for (std::size_t at = 0; at < encoded.size(); at += 76 + gap.size()) encoded.insert(at, gap);
    return outcome(verifier.verify(encoded + gap, trust.params));
  };
  for (const char* gap : {"\r\n", "\n", " ", "\t", "\r\n    "}) {
    CAPTURE(gap);
    CHECK(with(gap) == "accepted");
  }
  for (const char* gap : {"\v", "\f", "\xc2\xa0", "-"}) {
    CAPTURE(gap);
    CHECK(with(gap) == "response_base64");
  }
}

namespace {

// Whether Lasso judged, or our own check stood alone.
std::string second_opinion(const saml::Verdict& verdict) {
  for (const saml::Check& check : verdict.checks) {
    if (check.name == "signature_second_opinion") return check.detail.substr(0, 4);
  }
  return "not reached";
}

}  // namespace

TEST_CASE("a Signature may stand anywhere among its brothers, with or without Lasso") {
  forge::Options options;
  options.sign = GENERATE(forge::Sign::assertion, forge::Sign::response, forge::Sign::both);
  const std::string usual = forge::make_response(authority(), options);
  CHECK(second_opinion(Trust().verify(usual)).empty());
  const std::string parent =
      options.sign == forge::Sign::assertion ? "</Assertion>" : "</samlp:Response>";
  const auto from = usual.find("<ds:Signature ");
  const std::string end = "</ds:Signature>";
  const std::string signature = usual.substr(from, usual.find(end, from) + end.size() - from);
  const std::string bare = forge::replaced(usual, signature, "");
  std::vector<std::size_t> places{bare.rfind(parent)};
  places.push_back(bare.rfind("<Issuer", bare.find("</Issuer>", from - 30)));
  for (const std::size_t at : places) {
    std::string xml = bare;
    xml.insert(at, signature);
    CAPTURE(xml);
    const saml::Verdict verdict = Trust().verify(xml);
    CHECK(outcome(verdict) == "accepted");
    CHECK(second_opinion(verdict) == "none");
  }
}

TEST_CASE("what only Lasso cannot read is accepted without it, and still needs its signature") {
  const std::string issuer = ">https://idp.test/</Issuer>";
  const std::string padded = ">\n https://idp.test/ \n</Issuer>";
  const auto pad = [&](bool of_response, bool of_assertion) {
    return [=](std::string xml) {
      const auto first = xml.find(issuer);
      const auto second = xml.find(issuer, first + 1);
      if (of_assertion) xml.replace(second, issuer.size(), padded);
      if (of_response) xml.replace(first, issuer.size(), padded);
      return xml;
    };
  };
  forge::Options options;
  SECTION("white space around the Issuers") {
    options.before_signing = pad(true, true);
  }
  SECTION("white space around the Response's Issuer") {
    options.before_signing = pad(true, false);
  }
  SECTION("white space around the assertion's Issuer") {
    options.before_signing = pad(false, true);
  }
  SECTION("two confirmations") {
    options = saying("</SubjectConfirmation>",
                     "</SubjectConfirmation><SubjectConfirmation Method=\"urn:x\"/>");
  }
  const saml::Verdict verdict = Trust().verify(options);
  CHECK(outcome(verdict) == "accepted");
  CHECK(second_opinion(verdict) == "none");
  CHECK(outcome(Trust().verify(options, other_authority())) == "signature_invalid");
}

TEST_CASE("several audiences and restrictions are fine as long as each names us") {
  const std::string ours =
      "<AudienceRestriction><Audience>https://sp.test</Audience></AudienceRestriction>";
  CHECK(outcome(saying(ours, ours + ours)) == "accepted");
  CHECK(outcome(saying("<Audience>https://sp.test",
                       "<Audience>https://other.test</Audience><Audience>https://sp.test")) ==
        "accepted");
}

TEST_CASE("Entra puts spn: before an identifier that is not a URI") {
  Trust trust;
  trust.params.sp_entity_id = trust.sp.entity_id = "our-app";
  forge::Options options;
  options.audience = "spn:our-app";
  CHECK(outcome(trust.verify(options)) == "accepted");
  options.audience = "our-app";
  CHECK(outcome(trust.verify(options)) == "accepted");
}

TEST_CASE("a URN is an entity ID like any other, and gets no spn: forgiveness") {
  Trust trust;
  trust.params.sp_entity_id = trust.sp.entity_id = "urn:amazon:cognito:sp:us-east-1_rlgU6e3y5";
  forge::Options options;
  options.audience = trust.sp.entity_id;
  CHECK(outcome(trust.verify(options)) == "accepted");
  options.audience = "spn:" + trust.sp.entity_id;
  CHECK(outcome(trust.verify(options)) == "audience");
}

TEST_CASE("a Response without an Issuer of its own is judged by the assertion's") {
  forge::Options options;
  options.before_signing = [](std::string xml) {
    return forge::replaced(
        std::move(xml),
        "<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://idp.test/</Issuer>", "");
  };
  CHECK(outcome(options) == "accepted");
}

TEST_CASE("one good bearer confirmation among others is enough") {
  CHECK(outcome(
            saying("<SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">",
                   "<SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:sender-vouches\"/>"
                   "<SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">")) ==
        "accepted");
}

TEST_CASE("an unsolicited Response is accepted where none was asked for") {
  Trust trust;
  trust.params.in_response_to = "";
  forge::Options options;
  options.in_response_to = "";
  CHECK(outcome(trust.verify(options)) == "accepted");
  options.in_response_to = "id00112233445566778899aabbccddeeff";
  CHECK(outcome(trust.verify(options)) == "in_response_to");
}

TEST_CASE("the email is lower case, its white space trimmed") {
  forge::Options options;
  options.attributes = {{"mail", {" Ann@CORP.test\n"}}};
  const saml::Verdict verdict = Trust().verify(options);
  REQUIRE(outcome(verdict) == "accepted");
  CHECK(verdict.assertion->email() == "ann@corp.test");
}

TEST_CASE("the NameID serves where no mail attribute is there") {
  forge::Options options;
  options.attributes = {};
  CHECK(Trust().verify(options).assertion->email() == "ann@corp.test");
}

TEST_CASE("the stable identifier is made of the attributes that the IdP is configured for") {
  Trust trust;
  trust.idp.subject_attributes = {"tenant", "oid"};
  forge::Options options;
  options.attributes.push_back({"tenant", {"t1"}});
  options.attributes.push_back({"oid", {"o1"}});
  CHECK(trust.verify(options).assertion->subject() == "t1/o1");
}

TEST_CASE("a persistent NameID is a stable identifier") {
  forge::Options options;
  options.name_id = "opaque";
  options.name_id_format = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
  CHECK(Trust().verify(options).assertion->subject() == "nameid:opaque");
}

TEST_CASE("the display name is one attribute, or the parts of one") {
  forge::Options options;
  options.attributes.push_back({"givenName", {"Ann"}});
  options.attributes.push_back({"surname", {"Arbor"}});
  CHECK(Trust().verify(options).assertion->display_name() == "Ann Arbor");
  options.attributes.push_back({"displayName", {"Dr. Ann Arbor"}});
  CHECK(Trust().verify(options).assertion->display_name() == "Dr. Ann Arbor");
}

TEST_CASE("a display name that would deceive the eye is left out") {
  for (const char* name : {"Ann \xe2\x80\xae nimda",
                           "Ann\xc2\x9b"
                           "2K",
                           "Ann\xe2\x80\xa8 Lee"}) {
    forge::Options options;
    options.attributes.push_back({"displayName", {name}});
    CHECK(Trust().verify(options).assertion->display_name().empty());
  }
}

TEST_CASE("a display name keeps the joiners that its script is written with") {
  forge::Options options;
  options.attributes.push_back({"displayName", {"علی\u200cرضا"}});
  CHECK(Trust().verify(options).assertion->display_name() == "علی\u200cرضا");
}

TEST_CASE("the earliest end of the IdP's session is passed on") {
  const auto verdict = Trust().verify(
      saying(" SessionIndex", " SessionNotOnOrAfter=\"2027-01-15T09:00:00Z\" SessionIndex"));
  REQUIRE(outcome(verdict) == "accepted");
  CHECK(verdict.assertion->session_not_on_or_after().has_value());
}

TEST_CASE("eight threads come to the same verdicts") {
  const Trust trust;
  const saml::ResponseVerifier verifier(trust.sp, trust.idp);
  const std::string good = forge::to_base64(forge::make_response(authority(), {}));
  const std::string bad = forge::to_base64(forge::make_response(other_authority(), {}));
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        right += outcome(verifier.verify(good, trust.params)) == "accepted" ? 1 : 0;
        right += outcome(verifier.verify(bad, trust.params)) == "signature_invalid" ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8 * 20 * 2);
}
