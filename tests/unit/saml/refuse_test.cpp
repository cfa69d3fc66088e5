// What an IdP's own word is refused for: one case per rule and per misuse.

#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

TEST_CASE("the form value must be canonical base64 of bounded size") {
  const Trust trust;
  const saml::ResponseVerifier verifier(trust.sp, trust.idp);
  const auto code = [&](const std::string& encoded) {
    return outcome(verifier.verify(encoded, trust.params));
  };
  CHECK(code("") == "response_size");
  CHECK(code(std::string(600'000, 'A')) == "response_size");
  CHECK(code("<samlp:Response/>") == "response_base64");
  CHECK(code("QQ=") == "response_base64");
  CHECK(code("QR==") == "response_base64");
  CHECK(code(forge::to_base64(std::string(300'000, ' '))) == "response_size");
}

TEST_CASE("a plus that a form turned into a space is not forgiven") {
  const Trust trust;
  const saml::ResponseVerifier verifier(trust.sp, trust.idp);
  const std::string good = forge::to_base64(forge::make_response(authority(), {}));
  // Four that are gone leave the length of a base64 text, and another message.
  for (const int lost : {1, 2, 3, 4}) {
    std::string encoded = good;
    for (int i = 0; i < lost; ++i) {
      const auto at = encoded.find('+');
      REQUIRE(at != std::string::npos);
      encoded[at] = ' ';
    }
    CAPTURE(lost);
    const std::string code = outcome(verifier.verify(encoded, trust.params));
    CHECK(code != "accepted");
    CHECK((lost == 4 || code == "response_base64"));
  }
}

TEST_CASE("bytes that are not clean UTF-8 XML are refused") {
  const Trust trust;
  const std::string good = forge::make_response(authority(), {});
  CHECK(outcome(trust.verify(good + std::string(1, '\0') + "x")) == "xml_bytes");
  CHECK(outcome(trust.verify(forge::replaced(good, "Success", "Succ\xff"))) == "xml_bytes");
  CHECK(outcome(trust.verify(good + "<x/>")) == "xml_malformed");
  CHECK(outcome(trust.verify(std::string("not xml"))) == "xml_malformed");
}

TEST_CASE("a DOCTYPE, an entity or a processing instruction is refused before parsing") {
  const std::string good = forge::make_response(authority(), {});
  const std::string body = good.substr(good.find("<samlp:"));
  CHECK(outcome(Trust().verify("<!DOCTYPE r [<!ENTITY a \"b\">]>" + body)) == "xml_markup");
  CHECK(outcome(Trust().verify("<!DOCTYPE r SYSTEM \"file:///etc/passwd\">" + body)) ==
        "xml_markup");
  CHECK(outcome(Trust().verify("<?xml-stylesheet href=\"x\"?>" + body)) == "xml_markup");
  CHECK(outcome(tampered("ann@corp.test</NameID>", "ann@corp.test<?x y?></NameID>")) ==
        "xml_markup");
}

TEST_CASE("floods of elements and depth are refused") {
  const std::string good = forge::make_response(authority(), {});
  std::string flood;
  for (int i = 0; i < 20'001; ++i) flood += "<a/>";
  CHECK(outcome(Trust().verify("<r>" + flood + "</r>")) == "xml_markup");
  std::string attributes;
  for (int i = 0; i < 300; ++i) attributes += " a" + std::to_string(i) + "=\"\"";
  CHECK(outcome(Trust().verify("<r" + attributes + "/>")) == "xml_markup");
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  for (int i = 0; i < 100; ++i) deep += "</a>";
  CHECK(outcome(Trust().verify(deep)) == "xml_malformed");
}

TEST_CASE("comments and CDATA have no place in a Response, signed or not") {
  const std::string mail = "<AttributeValue>ann@corp.test";
  CHECK(outcome(tampered(mail, "<AttributeValue>ann@corp.test<!-- -->.evil.test")) == "xml_markup");
  CHECK(outcome(saying(mail, "<AttributeValue>ann<!-- -->@corp.test")) == "xml_markup");
  CHECK(outcome(tampered(mail, "<AttributeValue><![CDATA[ann@corp.test]]>")) == "xml_markup");
}

TEST_CASE("the root is a Response of version 2.0 with what the schema knows") {
  CHECK(outcome(Trust().verify(std::string("<a/>"))) == "response_shape");
  CHECK(outcome(saying("<samlp:Status>", "<samlp:Other/><samlp:Status>")) == "response_shape");
  CHECK(outcome(saying("Version=\"2.0\" IssueInstant", "Version=\"1.1\" IssueInstant")) ==
        "version");
  CHECK(outcome(saying("\" Version=\"2.0\"><Issuer>", "\" Version=\"2.1\"><Issuer>")) == "version");
}

TEST_CASE("SAML's own elements stand in the order of its schema, and no others among them") {
  const std::string own = forge::make_response(authority(), {});
  const auto cut = [&](const std::string& from, const std::string& end) {
    const auto at = own.find(from);
    return own.substr(at, own.find(end, at) + end.size() - at);
  };
  const std::string conditions = cut("<Conditions ", "</Conditions>");
  const std::string name_id = cut("<NameID ", "</NameID>");
  const std::string confirmation = cut("<SubjectConfirmation ", "</SubjectConfirmation>");
  const std::string status = cut("<samlp:Status>", "</samlp:Status>");
  const auto moved = [](const std::string& what, const std::string& in_front_of) {
    forge::Options options;
    options.before_signing = [=](std::string xml) {
      return forge::replaced(forge::replaced(std::move(xml), what, ""), in_front_of,
                             what + in_front_of);
    };
    return outcome(options);
  };
  CHECK(moved(conditions, "<Subject>") == "response_shape");
  CHECK(moved(conditions, "</Assertion>") == "response_shape");
  CHECK(moved(name_id, "</Subject>") == "response_shape");
  CHECK(moved(status, "</samlp:Response>") == "response_shape");
  for (const char* parent : {"Assertion", "Subject", "samlp:Status"}) {
    CAPTURE(parent);
    const std::string end = "</" + std::string(parent) + ">";
    CHECK(outcome(saying(end, "<x xmlns=\"urn:x\"/>" + end)) == "response_shape");
  }
  // Where one is enough, what it says is judged.
  CHECK(outcome(saying(conditions, conditions + conditions)) == "conditions");
  CHECK(outcome(saying("<Subject>" + name_id + confirmation + "</Subject>", "")) ==
        "subject_confirmation");
}

TEST_CASE("the issuer is the IdP that the browser was sent to, to the letter") {
  forge::Options options;
  options.issuer = GENERATE("https://idp.test", "https://IDP.test/", "https://other.test/", "");
  CHECK(outcome(options) == "issuer");
}

TEST_CASE("a Status other than Success is told, with its message as untrusted text") {
  const auto verdict = Trust().verify(
      saying("<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
             "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Requester\"/>"
             "<samlp:StatusMessage>AADSTS75006: no</samlp:StatusMessage>"));
  CHECK(outcome(verdict) == "status");
  CHECK(verdict.status_message == "AADSTS75006: no");
}

TEST_CASE("Destination is the configured ACS, to the letter") {
  const std::string ours = "Destination=\"https://login.test/saml2/idpresponse\"";
  const std::string other =
      GENERATE("Destination=\"\"", "Destination=\"https://login.test/saml2/idpresponse/\"",
               "Destination=\"https://login.test/saml2\"",
               "Destination=\"https://login.test.evil.test/saml2/idpresponse\"",
               "Destination=\"HTTPS://login.test/saml2/idpresponse\"");
  CHECK(outcome(saying(ours, other)) == "destination");
}

TEST_CASE("a signed Response says its Destination, whatever else is signed or encrypted") {
  static const forge::Authority kOwn = forge::make_authority();
  Trust trust;
  trust.sp.decryption = {{Secret(kOwn.private_key_pem), ""}};
  const auto without = [&](forge::Sign sign, bool is_encrypted) {
    forge::Options options = saying(" Destination=\"https://login.test/saml2/idpresponse\"", "");
    options.sign = sign;
    if (is_encrypted) {
      options.encrypt_assertion = std::make_shared<forge::Encryption>();
      options.encrypt_assertion->recipient = kOwn;
    }
    return outcome(trust.verify(options));
  };
  for (const bool is_encrypted : {false, true}) {
    CAPTURE(is_encrypted);
    CHECK(without(forge::Sign::assertion, is_encrypted) == "accepted");
    CHECK(without(forge::Sign::response, is_encrypted) == "destination");
    CHECK(without(forge::Sign::both, is_encrypted) == "destination");
  }
}

TEST_CASE("both InResponseTo are the request of this browser") {
  const std::string id = "id00112233445566778899aabbccddeeff";
  CHECK(outcome(saying("InResponseTo=\"" + id + "\"><", "><")) == "in_response_to");
  CHECK(outcome(saying("Data InResponseTo=\"" + id + "\"", "Data")) == "in_response_to");
  CHECK(outcome(saying("Data InResponseTo=\"" + id, "Data InResponseTo=\"id0")) ==
        "in_response_to");
  CHECK(outcome(saying("InResponseTo=\"" + id, "InResponseTo=\" " + id)) == "in_response_to");
  CHECK(outcome(saying("InResponseTo=\"" + id + "\"><",
                       "InResponseTo=\"ID00112233445566778899aabbccddeeff\"><")) ==
        "in_response_to");
}

TEST_CASE("audience: somebody else, nobody, a part of us, or one of two that is wrong") {
  const std::string ours =
      "<AudienceRestriction><Audience>https://sp.test</Audience></AudienceRestriction>";
  const std::string other = GENERATE(
      "", "<AudienceRestriction/>", "<AudienceRestriction><Audience/></AudienceRestriction>",
      "<AudienceRestriction><Audience>https://sp.tes</Audience></AudienceRestriction>",
      "<AudienceRestriction><Audience>https://sp.test/</Audience></AudienceRestriction>",
      "<AudienceRestriction><Audience>https://sp.test<x/></Audience></AudienceRestriction>",
      "<AudienceRestriction><Audience>https://sp.test</Audience></AudienceRestriction>"
      "<AudienceRestriction><Audience>https://other.test</Audience></AudienceRestriction>");
  CAPTURE(other);
  CHECK(outcome(saying(ours, other)) == "audience");
}

TEST_CASE("a condition that is not understood is not ignored") {
  CHECK(outcome(saying("<AudienceRestriction>", "<Condition/><AudienceRestriction>")) ==
        "conditions");
  CHECK(outcome(saying("<AudienceRestriction>", "<x xmlns=\"urn:x\"/><AudienceRestriction>")) ==
        "conditions");
}

TEST_CASE("times hold on each side of their limits") {
  using namespace std::chrono_literals;
  Trust trust;
  const auto at = [&](std::chrono::microseconds offset) {
    trust.params.now = forge::Options{}.now + offset;
    return outcome(trust.verify(forge::Options{}));
  };
  CHECK(at(-120s) == "accepted");
  CHECK(at(-121s) == "issue_instant");
  CHECK(at(5min + 119s) == "accepted");
  CHECK(at(5min + 120s) == "confirmation_expired");
  CHECK(at(70min + 120s) == "not_on_or_after");
  CHECK(at(24h) == "not_on_or_after");
}

TEST_CASE("NotBefore counts, with the same skew") {
  const std::string now = "NotBefore=\"2027-01-15T08:00:00Z\"";
  CHECK(outcome(saying(now, "NotBefore=\"2027-01-15T08:02:00Z\"")) == "accepted");
  CHECK(outcome(saying(now, "NotBefore=\"2027-01-15T08:02:01Z\"")) == "not_before");
  CHECK(outcome(saying(now, "NotBefore=\"2027-01-15T09:10:00Z\"")) == "not_before");
}

TEST_CASE("what is not a time ends it") {
  const std::string end = "NotOnOrAfter=\"2027-01-15T09:10:00Z\"";
  const std::string bad = GENERATE(
      "NotOnOrAfter=\"\"", "NotOnOrAfter=\"soon\"", "NotOnOrAfter=\"2027-02-30T09:10:00Z\"",
      "NotOnOrAfter=\"2027-01-15T09:10:00\"", "NotOnOrAfter=\"2027-01-15T09:10:00+00:00\"",
      "NotOnOrAfter=\"2027-01-15T09:10:00Zx\"", "NotOnOrAfter=\"-2027-01-15T09:10:00Z\"",
      "NotOnOrAfter=\"99999-01-15T09:10:00Z\"", "NotOnOrAfter=\"2027-01-15T24:10:00Z\"");
  CAPTURE(bad);
  CHECK(outcome(saying(end, bad)) == "not_on_or_after");
}

TEST_CASE("without an end of the Conditions the confirmation's counts, and NotBefore still does") {
  using namespace std::chrono_literals;
  const std::string end = " NotOnOrAfter=\"2027-01-15T09:10:00Z\"";
  Trust trust;
  const auto at = [&](std::chrono::microseconds offset) {
    trust.params.now = forge::Options{}.now + offset;
    return trust.verify(saying(end, ""));
  };
  const auto verdict = at(0s);
  REQUIRE(outcome(verdict) == "accepted");
  CHECK(verdict.assertion->replay_until() == forge::Options{}.now + 5min + 120s);
  CHECK(outcome(at(5min + 119s)) == "accepted");
  CHECK(outcome(at(5min + 120s)) == "confirmation_expired");
  trust.params.now = forge::Options{}.now;
  const std::string times = "NotBefore=\"2027-01-15T08:00:00Z\"" + end;
  CHECK(outcome(trust.verify(saying(times, ""))) == "accepted");
  CHECK(outcome(trust.verify(saying(times, "NotBefore=\"2027-01-15T08:02:01Z\""))) == "not_before");
}

TEST_CASE("a message is remembered until the last of its confirmations is over") {
  using namespace std::chrono_literals;
  const std::string bearer =
      "<SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">";
  const auto verdict = Trust().verify([&] {
    forge::Options options;
    options.before_signing = [&](std::string xml) {
      xml = forge::replaced(std::move(xml), " NotOnOrAfter=\"2027-01-15T09:10:00Z\"", "");
      const auto from = xml.find(bearer);
      const std::string end = "</SubjectConfirmation>";
      const std::string good = xml.substr(from, xml.find(end) + end.size() - from);
      // Another that fits until later, and one for a request that is not this browser's.
      return forge::replaced(std::move(xml), good,
                             good + forge::replaced(good, "T08:05:00Z", "T08:30:00Z") +
                                 forge::replaced(forge::replaced(good, "T08:05:00Z", "T08:40:00Z"),
                                                 "\"id00", "\"id01"));
    };
    return options;
  }());
  REQUIRE(outcome(verdict) == "accepted");
  CHECK(verdict.assertion->replay_until() == forge::Options{}.now + 40min + 120s);
}

TEST_CASE("the confirmation is bearer, for us, in time, and alone has it all") {
  const std::string method = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
  CHECK(outcome(saying(method, "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")) ==
        "subject_confirmation");
  CHECK(outcome(saying(method, method + " ")) == "subject_confirmation");
  CHECK(outcome(saying("Method=\"" + method + "\"", "")) == "subject_confirmation");
  CHECK(outcome(saying("Recipient=\"https://login.test/saml2/idpresponse\"", "")) == "recipient");
  CHECK(outcome(saying("Recipient=\"https://login.test/",
                       "Recipient=\"https://login.test.evil/")) == "recipient");
  CHECK(outcome(saying("NotOnOrAfter=\"2027-01-15T08:05:00Z\" ", "")) == "confirmation_expired");
  CHECK(outcome(
            saying("Data InResponseTo", "Data NotBefore=\"2027-01-15T08:00:00Z\" InResponseTo")) ==
        "subject_confirmation");
}

TEST_CASE("there is a statement that the person signed in") {
  CHECK(outcome(saying("<AuthnStatement AuthnInstant=\"2027-01-15T07:59:00Z\"",
                       "<AuthnStatement")) == "authn_statement");
  CHECK(outcome(saying(" SessionIndex",
                       " SessionNotOnOrAfter=\"2027-01-15T07:58:00Z\" SessionIndex")) ==
        "session_expired");
  CHECK(outcome(saying("2027-01-15T07:59:00Z", "2027-01-15T08:59:00Z")) == "authn_statement");
}

TEST_CASE("the email is one plain address in a domain of this IdP") {
  const auto mail = [](const std::string& value) {
    forge::Options options;
    options.attributes = {{"mail", {value}}};
    return outcome(options);
  };
  CHECK(mail("ann@other.test") == "email_domain_not_registered");
  CHECK(mail("ann@sub.corp.test") == "email_domain_not_registered");
  CHECK(mail("ann@corp.test.evil.test") == "email_domain_not_registered");
  for (const char* bad : {"ann",
                          "@corp.test",
                          "ann@",
                          "ann@corp.test@corp.test",
                          "\"ann\"@corp.test",
                          "ann@corp.test,eve@corp.test",
                          "ann@corp.test;eve@corp.test",
                          "Ann &lt;ann@corp.test&gt;",
                          "ann@corp.test&#10;Bcc: x",
                          "an n@corp.test",
                          "ann@corp.te\xc5\xbft",
                          "\xef\xbd\x81nn@corp.test",
                          "ann@\xe2\x84\xaa"
                          "corp.test",
                          "ann\xe2\x80\x8b@corp.test",
                          "ann@corp..test",
                          "ann@-corp.test",
                          "ann@corp%test",
                          "a'); DROP TABLE users;--@corp.test",
                          "ann@[127.0.0.1]",
                          "ann_hotmail.com#EXT@#corp.test"}) {
    CAPTURE(bad);
    CHECK(mail(bad) == "email");
  }
  CHECK(mail(std::string(300, 'a') + "@corp.test") == "email");
}

TEST_CASE("several addresses are refused") {
  forge::Options options;
  SECTION("two values") {
    options.attributes = {{"mail", {"ann@corp.test", "eve@corp.test"}}};
  }
  SECTION("two attributes") {
    options.attributes = {{"mail", {"ann@corp.test"}}, {"mail", {"eve@corp.test"}}};
  }
  SECTION("the same twice") {
    options.attributes = {{"mail", {"ann@corp.test", "ann@corp.test"}}};
  }
  SECTION("an element inside") {
    options.attributes = {{"mail", {"<b>ann@corp.test</b>"}}};
  }
  CHECK(outcome(options) == "email");
}

TEST_CASE("an attribute cannot pose as the NameID") {
  Trust trust;
  trust.idp.email_attributes = {"NameID"};
  forge::Options options;
  options.attributes = {{"NameID", {"eve@corp.test"}}};
  CHECK(trust.verify(options).assertion->email() == "ann@corp.test");
}

TEST_CASE("without an address there is no sign-on") {
  forge::Options options;
  options.attributes = {{"phone", {"123"}}};
  options.name_id = "opaque";
  CHECK(outcome(options) == "email");
}

TEST_CASE("a NameID with something inside is refused") {
  CHECK(outcome(saying("ann@corp.test</NameID>", "ann@corp.test<x/></NameID>")) ==
        "text_not_plain");
}

TEST_CASE("a missing part of the stable identifier is refused") {
  Trust trust;
  trust.idp.subject_attributes = {"tenant", "oid"};
  forge::Options options;
  options.attributes.push_back({"tenant", {"t1"}});
  CHECK(outcome(trust.verify(options)) == "subject_missing");
  options.attributes.push_back({"oid", {"a", "b"}});
  CHECK(outcome(trust.verify(options)) == "subject_missing");
}

TEST_CASE("peeking tells the request and the issuer, and refuses what the guard refuses") {
  const auto response =
      saml::ParsedResponse::parse(forge::to_base64(forge::make_response(authority(), {})));
  REQUIRE(response);
  CHECK(response->peek().in_response_to == "id00112233445566778899aabbccddeeff");
  CHECK(response->peek().issuer == "https://idp.test/");
  CHECK_FALSE(saml::ParsedResponse::parse("junk"));
}

TEST_CASE("a fresh sign-on that was asked for is checked, to the second") {
  Trust trust;
  trust.params.authenticated_since = forge::Options{}.now + std::chrono::seconds(60);
  CHECK(outcome(trust.verify(forge::Options{})) == "accepted");
  trust.params.authenticated_since = forge::Options{}.now + std::chrono::seconds(61);
  CHECK(outcome(trust.verify(forge::Options{})) == "authn_not_fresh");
}

TEST_CASE("the oldest of several sign-ons counts") {
  const std::string second =
      "</Conditions><AuthnStatement AuthnInstant=\"2027-01-10T00:00:00Z\"><AuthnContext>"
      "<AuthnContextClassRef>urn:other</AuthnContextClassRef></AuthnContext></AuthnStatement>";
  Trust trust;
  const auto both = saying("</Conditions>", second);
  const auto verdict = trust.verify(both);
  REQUIRE(outcome(verdict) == "accepted");
  CHECK(verdict.assertion->authn_context().empty());
  trust.params.authenticated_since = forge::Options{}.now;
  CHECK(outcome(trust.verify(both)) == "authn_not_fresh");
}

TEST_CASE("a kind of sign-on that was asked for is checked") {
  Trust trust;
  trust.params.authn_contexts = {"urn:x", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"};
  CHECK(outcome(trust.verify(forge::Options{})) == "accepted");
  trust.params.authn_contexts = {"urn:oasis:names:tc:SAML:2.0:ac:classes"};
  CHECK(outcome(trust.verify(forge::Options{})) == "authn_context");
  CHECK(outcome(trust.verify(saying("<AuthnContextClassRef>",
                                    "<AuthnContextDeclRef>x</"
                                    "AuthnContextDeclRef><AuthnContextClassRef>urn:no"))) ==
        "authn_context");
}

TEST_CASE("an address in Unicode is of the registered domain that it names, or none") {
  Trust trust;
  trust.idp.domains = {"xn--mnchen-3ya.example", "corp.test"};
  const auto mail = [&](const std::string& value) {
    forge::Options options;
    options.attributes = {{"mail", {value}}};
    return trust.verify(options);
  };
  for (const char* good :
       {"ann@münchen.example", "Ann@MÜNCHEN.example", "ann@xn--mnchen-3ya.example"}) {
    const saml::Verdict verdict = mail(good);
    REQUIRE(outcome(verdict) == "accepted");
    CHECK(verdict.assertion->email() == "ann@xn--mnchen-3ya.example");
  }
  for (const char* bad : {"jürgen@münchen.example", "ann@münсhen.example", "ann@cоrp.test",
                          "ann@straße.example", "ann@ｃorp.test"}) {
    INFO(bad);
    CHECK(outcome(mail(bad)) == "email");
  }
}
