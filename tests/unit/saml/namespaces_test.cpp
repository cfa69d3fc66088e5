// Namespaces in XML 1.0: what is not namespace-well-formed is not XML for us, whoever sends it and
// wherever it stands, in parts that no signature covers too.

#include "support/redirect.h"
#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

// Elements that can stand wherever any may.
const std::vector<std::string> kFlawed{
    R"(<x xmlns:zz=""/>)",
    R"(<w xmlns:zz="urn:x"><x xmlns:zz=""/></w>)",
    R"(<x xmlns:xml="urn:x"/>)",
    R"(<x xmlns:y="http://www.w3.org/XML/1998/namespace"/>)",
    R"(<x xmlns="http://www.w3.org/XML/1998/namespace"/>)",
    R"(<x xmlns:xmlns="urn:x"/>)",
    R"(<x xmlns:xmlns="http://www.w3.org/2000/xmlns/"/>)",
    R"(<x xmlns:y="http://www.w3.org/2000/xmlns/"/>)",
    R"(<x xmlns="http://www.w3.org/2000/xmlns/"/>)",
    R"(<zz:x/>)",
    R"(<x zz:y=""/>)",
    R"(<w><x xmlns:zz="urn:x"/><zz:x/></w>)",
    R"(<xmlns:x/>)",
    R"(<x xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:y="2"/>)",
    R"(<x xmlns:a="urn:&#120;" xmlns:b="urn:x" a:y="1" b:y="2"/>)",
    R"(<w xmlns:a="urn:x"><x xmlns:b="urn:x" a:y="1" b:y="2"/></w>)",
    R"(<a:b:c xmlns:a="urn:x"/>)",
    R"(<x xmlns:a="urn:x" a:b:c="1"/>)",
    R"(<:x/>)",
    R"(<x :y="1"/>)",
    R"(<a: xmlns:a="urn:x"/>)",
    R"(<a:1 xmlns:a="urn:x"/>)",
    R"(<x xmlns:="urn:x"/>)",
    R"(<x xmlns:a:b="urn:x"/>)",
    R"(<x xmlns:a="not a URI"/>)"};

const std::vector<std::string> kLegal{
    R"(<x xmlns=""/>)", R"(<x xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="en"/>)",
    R"(<x xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:z="2" y="3"/>)",
    R"(<w xmlns:a="urn:x"><a:x xmlns:a="urn:y" a:y=""/><a:x/></w>)",
    R"(<x xmlns:a="urn:x" xmlns:b="urn:y" a:y="1" b:y="2"/>)"};

std::string in_extensions(const std::string& element) {
  return "<samlp:Extensions>" + element + "</samlp:Extensions>";
}

// In the Response around a signed assertion.
std::string in_response(const std::string& element) {
  return outcome(tampered("<samlp:Status>", in_extensions(element) + "<samlp:Status>"));
}

struct Logout : Trust {
  Logout() { sp.slo_url = "https://login.test/saml2/logout"; }

  [[nodiscard]] std::string judged(const std::string& element) const {
    const std::string xml =
        "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
        "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_l1\" Version=\"2.0\" "
        "IssueInstant=\"2027-01-15T08:00:00Z\"><saml:Issuer>https://idp.test/</saml:Issuer>" +
        in_extensions(element) + "<saml:NameID>ann@corp.test</saml:NameID></samlp:LogoutRequest>";
    saml::EncodedLogout incoming;
    incoming.query = forge::signed_query({"SAMLRequest", xml, "", kRsaSha256, false}, authority());
    const auto verified = saml::LogoutVerifier(sp, idp).verify(incoming, params.now, kSkew);
    incoming.is_post = incoming.is_request = true;
    incoming.encoded = forge::to_base64(xml);
    const auto posted = saml::LogoutVerifier(sp, idp).verify(incoming, params.now, kSkew);
    return (verified ? "accepted" : std::string(verified.failure().code.name)) + ", posted " +
           std::string(posted.failure().code.name);
  }

  static constexpr const char* kRsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
  static constexpr std::chrono::seconds kSkew{120};
};

std::string in_soap(const std::string& element) {
  const std::string soap =
      "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header>" + element +
      "</e:Header><e:Body><samlp:ArtifactResponse "
      "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_ar1\" Version=\"2.0\" "
      "InResponseTo=\"id1\"><samlp:Status><samlp:StatusCode "
      "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status><samlp:Response/>"
      "</samlp:ArtifactResponse></e:Body></e:Envelope>";
  const auto opened = saml::open_artifact_response(soap, "id1", Trust().idp);
  return opened ? "accepted" : std::string(opened.failure().code.name);
}

std::string in_metadata(const std::string& element) {
  const std::string plain =
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()});
  const auto read = saml::parse_idp_metadata(
      forge::replaced(plain, "<IDPSSODescriptor",
                      "<Extensions>" + element + "</Extensions><IDPSSODescriptor"),
      forge::Options{}.now);
  return read ? "accepted" : read.failure().detail;
}

// The element in the plain text, in which it was when that was encrypted.
std::string in_encrypted(const std::string& element) {
  static const forge::Authority kOwn = forge::make_authority();
  Trust trust;
  trust.sp.decryption = {{Secret(kOwn.private_key_pem), ""}};
  forge::Encryption encryption;
  encryption.recipient = kOwn;
  std::string xml = forge::make_response(authority(), {});
  const auto from = xml.find("<Assertion");
  const auto to = xml.find("</samlp:Response>");
  const std::string plain = forge::replaced(xml.substr(from, to - from), "</Conditions>",
                                            "</Conditions><Advice>" + element + "</Advice>");
  return outcome(trust.verify(
      xml.replace(from, to - from, forge::encrypted("EncryptedAssertion", plain, encryption))));
}

std::string in_encrypted_name_id(const std::string& element) {
  static const forge::Authority kOwn = forge::make_authority();
  Trust trust;
  trust.sp.decryption = {{Secret(kOwn.private_key_pem), ""}};
  forge::Encryption encryption;
  encryption.recipient = kOwn;
  const std::string plain =
      "<NameID xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">" + element + "</NameID>";
  forge::Options options;
  options.before_signing = [&](std::string xml) {
    const auto from = xml.find("<NameID");
    const auto to = xml.find("<SubjectConfirmation");
    return xml.replace(from, to - from, forge::encrypted("EncryptedID", plain, encryption));
  };
  return outcome(trust.verify(options));
}

}  // namespace

TEST_CASE("what is not namespace-well-formed is refused wherever XML is read") {
  const Logout logout;
  for (const std::string& flawed : kFlawed) {
    CAPTURE(flawed);
    CHECK(in_response(flawed) == "xml_malformed");
    CHECK(logout.judged(flawed) == "xml_malformed, posted xml_malformed");
    CHECK(in_soap(flawed) == "xml_malformed");
    CHECK(in_metadata(flawed) == "this is not usable XML: not namespace-well-formed");
    CHECK(in_encrypted(flawed) == "decryption_failed");
    CHECK(in_encrypted_name_id(flawed) == "decryption_failed");
    const std::string xml = forge::replaced(forge::make_response(authority(), {}), "<samlp:Status>",
                                            in_extensions(flawed) + "<samlp:Status>");
    CHECK(saml::outline(forge::to_base64(xml)).empty());
  }
}

TEST_CASE("namespaces may be used in every way that the specification allows") {
  const Logout logout;
  for (const std::string& legal : kLegal) {
    CAPTURE(legal);
    CHECK(in_response(legal) == "accepted");
    CHECK(logout.judged(legal) == "accepted, posted signature_missing");
    CHECK(in_soap(legal) == "accepted");
    CHECK(in_metadata(legal) == "accepted");
    // Opened, and then not what was signed; opened, and then no plain text.
    CHECK(in_encrypted(legal) == "signature_invalid");
    CHECK(in_encrypted_name_id(legal) == "text_not_plain");
  }
}

TEST_CASE("names of instructions and entities need no rule: there are none") {
  const std::string good = forge::make_response(authority(), {});
  const std::string body = good.substr(good.find("<samlp:"));
  CHECK(outcome(Trust().verify("<?a:b c?>" + body)) == "xml_markup");
  CHECK(outcome(Trust().verify("<!DOCTYPE r [<!ENTITY a:b \"c\">]>" + body)) == "xml_markup");
  CHECK(in_response("&a:b;") == "xml_malformed");
}

TEST_CASE("a NameID that names nobody is refused, in the clear or encrypted") {
  for (const char* empty : {"", " \n\t"}) {
    CAPTURE(empty);
    CHECK(outcome(saying(">ann@corp.test</NameID>", ">" + std::string(empty) + "</NameID>")) ==
          "text_not_plain");
    CHECK(in_encrypted_name_id(empty) == "text_not_plain");
  }
}
