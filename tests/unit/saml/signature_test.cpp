// Signatures: who made them, over what, and every way that has ever been found around them.

#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const auto start = text.find(from);
  const auto end = text.find(to, start);
  return text.substr(start, end + to.size() - start);
}

// A genuine Response taken apart.
struct Parts {
  std::string xml, assertion, signature, bare_assertion, evil;

  explicit Parts(forge::Sign sign = forge::Sign::assertion) {
    forge::Options options;
    options.sign = sign;
    xml = forge::make_response(authority(), options);
    assertion = between(xml, "<Assertion", "</Assertion>");
    signature = between(xml, "<ds:Signature xmlns", "</ds:Signature>");
    bare_assertion =
        sign == forge::Sign::assertion ? forge::replaced(assertion, signature, "") : assertion;
    evil = forge::replaced(bare_assertion, "<AttributeValue>ann@", "<AttributeValue>boss@");
    evil = forge::replaced(evil, ">ann@corp.test</NameID>", ">boss@corp.test</NameID>");
    evil = forge::replaced(evil, "ID=\"_a1\"", "ID=\"_evil\"");
  }
  [[nodiscard]] std::string with(const std::string& replacement) const {
    return forge::replaced(xml, assertion, replacement);
  }
  [[nodiscard]] static std::string inside(const std::string& outer, const std::string& inner) {
    return forge::replaced(outer, "</Assertion>", inner + "</Assertion>");
  }
};

}  // namespace

TEST_CASE("an unsigned Response is refused") {
  forge::Options options;
  options.sign = forge::Sign::none;
  CHECK(outcome(options) == "signature_missing");
}

TEST_CASE(
    "a key that is not registered for this IdP is refused, though the message brings it along") {
  CHECK(outcome(Trust().verify(forge::Options{}, other_authority())) == "signature_invalid");
}

TEST_CASE("every changed character of what is signed is noticed") {
  CHECK(outcome(tampered("<AttributeValue>ann@", "<AttributeValue>bob@")) == "signature_invalid");
  CHECK(outcome(tampered("<Audience>https://sp", "<Audience>https://SP")) == "signature_invalid");
  CHECK(outcome(tampered("<ds:DigestValue>", "<ds:DigestValue>A")) == "signature_invalid");
  CHECK(outcome(tampered("<ds:SignatureValue>", "<ds:SignatureValue>AAAA")) == "signature_invalid");
}

TEST_CASE("with both signed, both must be good") {
  forge::Options options;
  options.sign = forge::Sign::both;
  options.after_signing = [](std::string xml) {
    return forge::replaced(std::move(xml), "<samlp:Status>", "<samlp:Status >").replace(0, 0, "");
  };
  CHECK(outcome(options) == "accepted");  // white space inside a tag is not signed
  options.after_signing = [](std::string xml) {
    return forge::replaced(std::move(xml), "Version=\"2.0\" IssueInstant",
                           "Consent=\"x\" Version=\"2.0\" IssueInstant");
  };
  CHECK(outcome(options) == "signature_invalid");
}

TEST_CASE("weak and foreign algorithms are refused") {
  forge::Options options;
  SECTION("RSA-SHA1") {
    options.signature_method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
  }
  SECTION("SHA-1 digest under SHA-256") {
    options.digest_method = "http://www.w3.org/2000/09/xmldsig#sha1";
  }
  SECTION("RSA-MD5") {
    options.signature_method = "http://www.w3.org/2001/04/xmldsig-more#rsa-md5";
  }
  SECTION("HMAC with the public key") {
    options.after_signing = [](std::string xml) {
      return forge::replaced(std::move(xml), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                             "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256");
    };
  }
  SECTION("none at all") {
    options.after_signing = [](std::string xml) {
      return forge::replaced(std::move(xml), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                             "");
    };
  }
  CHECK(outcome(options) == "signature_algorithm");
}

TEST_CASE("SHA-1 is accepted only where the IdP was opted in") {
  Trust trust;
  trust.idp.allow_sha1 = true;
  forge::Options options;
  options.signature_method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
  options.digest_method = "http://www.w3.org/2000/09/xmldsig#sha1";
  CHECK(outcome(trust.verify(options)) == "accepted");
}

TEST_CASE("a weak key does not count: beside another it is left out") {
  const forge::Authority weak = forge::make_authority(forge::KeyType::rsa1024);
  const Trust both({weak, authority()});
  CHECK(outcome(both.verify(forge::Options{})) == "accepted");
  CHECK(outcome(both.verify(forge::Options{}, weak)) == "signature_invalid");
  Trust trust({forge::make_authority(forge::KeyType::rsa1024)});
  CHECK_THROWS_WITH(saml::ResponseVerifier(trust.sp, trust.idp), Catch::Contains("not accepted"));
}

TEST_CASE("an expired certificate is refused where the IdP's policy says so") {
  const forge::Authority old = forge::make_authority(forge::KeyType::rsa2048, -1);
  Trust trust({old});
  CHECK(outcome(trust.verify(forge::Options{}, old)) == "accepted");
  trust.idp.expired_certificate = ExpiredCertificate::reject;
  CHECK(outcome(trust.verify(forge::Options{}, old)) == "certificate_expired");
}

TEST_CASE("signature wrapping: every classical variant is refused") {
  const Parts p;
  const Trust trust;
  const std::string evil_signed = forge::replaced(p.evil, "</Issuer>", "</Issuer>" + p.signature);
  const auto code = [&](const std::string& xml) { return outcome(trust.verify(xml)); };
  SECTION("evil beside the genuine one, before it") {
    CHECK(code(p.with(p.evil + p.assertion)) == "assertion_count");
  }
  SECTION("evil beside the genuine one, behind it") {
    CHECK(code(p.with(p.assertion + p.evil)) == "assertion_count");
  }
  SECTION("the genuine one inside the evil one") {
    CHECK(code(p.with(Parts::inside(p.evil, p.assertion))) == "assertion_count");
  }
  SECTION("the evil one inside the genuine one") {
    CHECK(code(p.with(Parts::inside(p.assertion, p.evil))) == "assertion_count");
  }
  SECTION("the genuine one in an Object of its own signature") {
    const std::string with_object =
        forge::replaced(p.signature, "</ds:Signature>",
                        "<ds:Object>" + p.bare_assertion + "</ds:Object></ds:Signature>");
    CHECK(code(p.with(forge::replaced(p.evil, "</Issuer>", "</Issuer>" + with_object))) ==
          "assertion_count");
  }
  SECTION("the genuine one in Extensions") {
    const std::string xml = p.with(evil_signed);
    CHECK(code(forge::replaced(xml, "<samlp:Status>",
                               "<samlp:Extensions>" + p.bare_assertion +
                                   "</samlp:Extensions><samlp:Status>")) == "assertion_count");
  }
  SECTION("the signature moved to the evil one") {
    CHECK(code(p.with(evil_signed)) == "signature_shape");
  }
  SECTION("the same ID twice") {
    const std::string same_id = forge::replaced(evil_signed, "ID=\"_evil\"", "ID=\"_a1\"");
    CHECK(code(p.with(same_id + p.bare_assertion)) == "xml_duplicate_id");
  }
  SECTION("the same ID, the genuine one gone") {
    const std::string same_id = forge::replaced(evil_signed, "ID=\"_evil\"", "ID=\"_a1\"");
    CHECK(code(p.with(same_id)) == "signature_invalid");
  }
}

TEST_CASE("response-signed wrapping: a signed Response inside another is refused") {
  const Parts p(forge::Sign::response);
  const std::string genuine = p.xml.substr(p.xml.find("<samlp:Response"));
  std::string outer = forge::replaced(
      genuine, p.signature, p.signature + "<samlp:Extensions>" + genuine + "</samlp:Extensions>");
  CHECK(outcome(Trust().verify(outer)) != "accepted");
  outer = forge::replaced(genuine, "<AttributeValue>ann@", "<AttributeValue>boss@");
  CHECK(outcome(Trust().verify(outer)) == "signature_invalid");
}

TEST_CASE("a reference leads to the parent's own ID and nowhere else") {
  const auto reference = [](const std::string& uri) {
    return outcome(tampered("URI=\"#_a1\"", "URI=\"" + uri + "\""));
  };
  for (const char* uri : {"", "#", "#_r1", "#xpointer(/)", "#xpointer(id('_a1'))",
                          "http://evil.test/x", "file:///etc/passwd"}) {
    CAPTURE(uri);
    CHECK(reference(uri) == "signature_shape");
  }
  CHECK(outcome(tampered(" URI=\"#_a1\"", "")) == "signature_shape");
}

TEST_CASE("only the enveloped transform and exclusive c14n are followed") {
  const std::string enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
  for (const char* other :
       {"http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64"}) {
    CAPTURE(other);
    CHECK(outcome(tampered(enveloped, other)) == "signature_shape");
  }
  CHECK(outcome(tampered("<ds:Transform Algorithm=\"" + enveloped + "\"/>", "")) ==
        "signature_shape");
  CHECK(outcome(tampered("<ds:Transform Algorithm=\"" + enveloped + "\"/>",
                         "<ds:Transform Algorithm=\"" + enveloped +
                             "\"/><ds:Transform Algorithm=\"" + enveloped + "\"/>")) ==
        "signature_shape");
}

TEST_CASE("a second reference, an Object or a second Signature is refused") {
  const Parts p;
  const std::string reference = between(p.xml, "<ds:Reference", "</ds:Reference>");
  CHECK(outcome(Trust().verify(forge::replaced(p.xml, reference, reference + reference))) ==
        "signature_shape");
  CHECK(outcome(Trust().verify(forge::replaced(
            p.xml, "</ds:Signature>", "<ds:Object/></ds:Signature>"))) == "signature_shape");
  CHECK(outcome(Trust().verify(forge::replaced(p.xml, p.signature, p.signature + p.signature))) ==
        "signature_shape");
  CHECK(outcome(Trust().verify(forge::replaced(
            p.xml, "</samlp:Status>", p.signature + "</samlp:Status>"))) == "signature_shape");
}

TEST_CASE("two assertions, each well signed, are one too many") {
  const Parts p;
  CHECK(outcome(Trust().verify(
            p.with(p.assertion + forge::replaced(p.assertion, "\"_a1\"", "\"_a2\"")))) ==
        "assertion_count");
}

TEST_CASE("IDs in other spellings and places are refused") {
  CHECK(outcome(tampered("<samlp:Status>", "<samlp:Status xml:id=\"_a1\">")) == "xml_duplicate_id");
  CHECK(outcome(tampered("<samlp:Status>", "<samlp:Status Id=\"_a1\">")) == "xml_duplicate_id");
  CHECK(outcome(tampered("<samlp:Status>", "<samlp:Status id=\"_r1\">")) == "xml_duplicate_id");
}

TEST_CASE("an encrypted part that names a place to fetch from is refused in the guard") {
  const std::string encrypted =
      "<EncryptedAssertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"><xenc:EncryptedData "
      "xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"><xenc:CipherData><xenc:CipherReference "
      "URI=\"http://127.0.0.1:1/\"/></xenc:CipherData></xenc:EncryptedData></EncryptedAssertion>";
  const Parts p;
  CHECK(outcome(Trust().verify(p.with(encrypted))) == "encryption_shape");
  CHECK(outcome(Trust().verify(p.with(p.assertion + encrypted))) == "assertion_count");
}

TEST_CASE("LASSO_FLAG in the environment switches nothing off") {
  setenv("LASSO_FLAG", "no-verify-signature", 1);
  CHECK(outcome(Trust().verify(forge::Options{}, other_authority())) == "signature_invalid");
  unsetenv("LASSO_FLAG");
}
