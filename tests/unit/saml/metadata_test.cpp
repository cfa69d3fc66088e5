// What an identity provider's metadata may hold: odd parts cost that part, and are named.

#include <catch2/catch.hpp>

#include "anteroom/saml.h"
#include "support/forge.h"

using namespace anteroom;
using forge::KeyType;

namespace {

const forge::Authority& good() {
  static const forge::Authority kGood = forge::make_authority();
  return kGood;
}

std::string plain(const std::vector<forge::Authority>& authorities = {good()}) {
  return forge::make_metadata("https://idp.test/", "https://idp.test/sso", authorities);
}

std::string in_role(const std::string& more) {
  return forge::replaced(plain(), "<SingleLogoutService", more + "<SingleLogoutService");
}

Result<IdpMetadata> parsed(const std::string& xml) {
  return saml::parse_idp_metadata(xml, forge::Options{}.now);
}

IdpMetadata usable(const std::string& xml) {
  auto metadata = parsed(xml);
  INFO(xml);
  INFO((metadata ? "" : metadata.failure().detail));
  REQUIRE(metadata.ok());
  CHECK(metadata->signing_certificates_der == std::vector<std::string>{good().certificate_der});
  CHECK(metadata->sso_redirect_url + metadata->sso_post_url != "");
  return *metadata;
}

std::string remarks(const IdpMetadata& metadata) {
  std::string all;
  for (const std::string& remark : metadata.remarks) all += remark + "\n";
  return all;
}

std::string refusal(const std::string& xml) {
  const auto metadata = parsed(xml);
  return metadata ? "" : metadata.failure().detail;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string kBinding = "Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:";
const std::string kSignOn = "<SingleSignOnService " + kBinding + "HTTP-Redirect\" ";

}  // namespace

TEST_CASE("a key that is weak or of no use is left out and named; without another there is none") {
  for (const auto& [type, name] :
       std::vector<std::pair<KeyType, std::string>>{{KeyType::rsa1024, "(RSA, 1024 bits)"},
                                                    {KeyType::secp256k1, "(EC, secp256k1, "},
                                                    {KeyType::brainpool, "(EC, brainpoolP256r1, "},
                                                    {KeyType::ed25519, "(ED25519, "},
                                                    {KeyType::dsa, "(DSA, 1024 bits)"},
                                                    {KeyType::rsa_pss, "(RSA-PSS, 2048 bits)"},
                                                    {KeyType::exponent_one, "(RSA, 2048 bits)"}}) {
    CAPTURE(name);
    const forge::Authority weak = forge::make_authority(type);
    for (const auto& both : {std::vector{weak, good()}, std::vector{good(), weak}}) {
      const IdpMetadata metadata = usable(plain(both));
      CHECK(metadata.remarks.size() == 1);
      CHECK(has(remarks(metadata), name));
      CHECK(has(remarks(metadata), "signing key "));
    }
    const std::string alone = refusal(plain({weak}));
    CHECK(has(alone, "no usable signing key"));
    CHECK(has(alone, name));
  }
}

TEST_CASE("a certificate that cannot be read costs itself") {
  const std::string one =
      "<X509Certificate>" + forge::to_base64(good().certificate_der) + "</X509Certificate>";
  for (const char* bad :
       {"<X509Certificate>AAAA</X509Certificate>", "<X509Certificate>no base64!</X509Certificate>",
        "<X509Certificate/>", "<X509Certificate><!-- none --></X509Certificate>"}) {
    CAPTURE(bad);
    CHECK(has(remarks(usable(forge::replaced(plain(), one, bad + one))), "cannot be read"));
    CHECK(has(refusal(forge::replaced(plain(), one, bad)),
              "a signing certificate in it cannot be read"));
  }
}

TEST_CASE("keys may be written in many ways") {
  const std::string bytes = forge::to_base64(good().certificate_der);
  const auto written = [&](const std::string& certificate) {
    return forge::replaced(plain(), bytes, certificate);
  };
  CHECK(usable(written("\n  " + bytes + "\t\n")).remarks.empty());
  CHECK(usable(written("-----BEGIN CERTIFICATE-----\n" + bytes + "\n-----END CERTIFICATE-----"))
            .remarks.empty());
  // A second certificate in one X509Data, and the same once more.
  const forge::Authority second = forge::make_authority();
  const auto both = parsed(written(bytes + "</X509Certificate><X509Certificate>" +
                                   forge::to_base64(second.certificate_der) +
                                   "</X509Certificate><X509Certificate>" + bytes));
  REQUIRE(both);
  CHECK(both->signing_certificates_der ==
        std::vector<std::string>{good().certificate_der, second.certificate_der});
  // Keys without a certificate, and for other things.
  const std::string info =
      "<KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><KeyName>k</KeyName></KeyInfo>";
  CHECK(has(remarks(usable(in_role("<KeyDescriptor>" + info + "</KeyDescriptor>"))),
            "without X509Certificate"));
  CHECK(
      has(remarks(usable(in_role("<KeyDescriptor use=\"signing\"/>"))), "without X509Certificate"));
  CHECK(has(remarks(usable(in_role("<KeyDescriptor use=\"sealing\">" + info + "</KeyDescriptor>"))),
            "a key for 'sealing'"));
  CHECK(usable(in_role("<KeyDescriptor use=\"encryption\">" + info + "</KeyDescriptor>"))
            .remarks.empty());
}

TEST_CASE("sign-on by POST only is enough") {
  std::string xml = plain();
  const std::string redirect = "<SingleSignOnService " + kBinding + "HTTP-Redirect\"";
  const auto at = xml.find(redirect);
  xml.erase(at, xml.find("/>", at) + 2 - at);
  const IdpMetadata metadata = usable(xml);
  CHECK(metadata.sso_redirect_url.empty());
  CHECK(metadata.sso_post_url == "https://idp.test/sso");
  CHECK(metadata.remarks.empty());
  CHECK(has(refusal(forge::replaced(xml, "HTTP-POST", "SOAP")),
            "no SingleSignOnService with HTTP-Redirect or HTTP-POST"));
}

TEST_CASE("the white space around an address is no part of it") {
  const std::string sso = "Location=\"https://idp.test/sso\"";
  const IdpMetadata spaced =
      usable(forge::replaced(plain(), "HTTP-Redirect\" " + sso,
                             "HTTP-Redirect \" Location=\"&#10; https://idp.test/sso\t\""));
  CHECK(spaced.sso_redirect_url == "https://idp.test/sso");
  CHECK(has(remarks(spaced), "white space around 'https://idp.test/sso'"));
  CHECK(usable(forge::replaced(plain(), "entityID=\"https://idp.test/\"",
                               "entityID=\" https://idp.test/ \""))
            .entity_id == "https://idp.test/");
  CHECK(usable(forge::replaced(plain(), "SAML:2.0:protocol\"",
                               "SAML:1.1:protocol&#10;urn:oasis:names:tc:SAML:2.0:protocol&#9;\""))
            .remarks.empty());
}

TEST_CASE("what signing on does not need is left out and named") {
  const std::string slo = "<SingleLogoutService " + kBinding + "HTTP-POST\" ";
  const IdpMetadata no_logout = usable(in_role(slo + "Location=\"http://idp.test/slo\"/>"));
  CHECK(no_logout.slo_post_url.empty());
  CHECK(has(remarks(no_logout), "SingleLogoutService leads to 'http://idp.test/slo'"));
  // The next one that is usable takes its place, with its own address for answers.
  const IdpMetadata next =
      usable(in_role(slo + "Location=\"ftp://x/\" ResponseLocation=\"https://a.test/\"/>" + slo +
                     "Location=\"https://idp.test/slo\" ResponseLocation=\"javascript:x\"/>"));
  CHECK(next.slo_post_url == "https://idp.test/slo");
  CHECK(next.slo_post_response_url.empty());
  CHECK(has(remarks(next), "'javascript:x'"));
  const std::string artifact = "<ArtifactResolutionService " + kBinding + "SOAP\" ";
  CHECK(has(remarks(usable(in_role(artifact + "index=\"x\" Location=\"https://idp.test/a\"/>"))),
            "index 'x'"));
  CHECK(has(remarks(usable(in_role(artifact + "index=\"1\" Location=\"http://idp.test/a\"/>"))),
            "ArtifactResolutionService leads to 'http://idp.test/a'"));
  // One address for sign-on that is no use beside one that is.
  const IdpMetadata post =
      usable(forge::replaced(plain(), kSignOn + "Location=\"https:", kSignOn + "Location=\"http:"));
  CHECK(post.sso_redirect_url.empty());
  CHECK(has(remarks(post), "SingleSignOnService leads to 'http://idp.test/sso'"));
}

TEST_CASE("what nobody reads refuses nobody") {
  const std::string style = "<?xml-stylesheet href=\"x.xsl\"?>";
  const std::string bare = plain().substr(plain().find("<EntityDescriptor"));
  CHECK(usable(style + bare).remarks.empty());
  CHECK(usable("<?xml version=\"1.0\"?>\n<!-- <a/> -->" + style + style + bare).remarks.empty());
  CHECK(has(refusal(style + "<!DOCTYPE x>" + bare), "a document type declaration"));
  CHECK(has(refusal(forge::replaced(bare, "<SingleLogoutService", style + "<SingleLogoutService")),
            "a processing instruction"));
  const std::string organization =
      "<Organization><OrganizationName xml:lang=\"\"/></Organization>"
      "<ContactPerson contactType=\"nobody\"/>";
  for (const std::string& xml :
       {forge::replaced(plain(), "</IDPSSODescriptor>", "</IDPSSODescriptor>" + organization),
        forge::replaced(plain(), "<IDPSSODescriptor ",
                        "<Extensions><x xmlns=\"urn:x\" y=\"z\"/></Extensions><IDPSSODescriptor "),
        forge::replaced(plain(), "<IDPSSODescriptor ",
                        "<PDPDescriptor protocolSupportEnumeration=\"urn:x\"/><IDPSSODescriptor "),
        forge::replaced(plain(), "<IDPSSODescriptor ",
                        "<IDPSSODescriptor cacheDuration=\"PT0S\" errorURL=\"x y\" "),
        forge::replaced(plain(), "<IDPSSODescriptor ",
                        "<IDPSSODescriptor cacheDuration=\"for a while\" "),
        in_role("<Attribute xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" Name=\"x\"/>"),
        in_role("<NameIDMappingService Location=\"nowhere\"/>")}) {
    CHECK(usable(xml).remarks.empty());
  }
}

TEST_CASE("of several roles for SAML 2.0 the first that is usable is taken") {
  const std::string one = plain();
  const auto from = one.find("<IDPSSODescriptor");
  const auto end = one.find("</IDPSSODescriptor>") + std::string("</IDPSSODescriptor>").size();
  const std::string role = one.substr(from, end - from);
  const std::string keyless =
      forge::replaced(role, "KeyDescriptor use=\"signing\"", "KeyDescriptor use=\"encryption\"");
  const std::string second =
      forge::replaced(role, kSignOn + "Location=\"https://idp", kSignOn + "Location=\"https://b");
  const IdpMetadata metadata = usable(forge::replaced(one, role, keyless + second + role));
  CHECK(metadata.sso_redirect_url == "https://b.test/sso");
  CHECK(has(remarks(metadata), "several IDPSSODescriptors"));
  CHECK(refusal(forge::replaced(one, role, keyless + keyless)) ==
        "there is no signing certificate in it");
}

TEST_CASE("an end counts wherever it stands and in whichever zone it is said") {
  const std::string body = plain().substr(plain().find("<EntityDescriptor"));
  const auto around = [&](const std::string& until) {
    return "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"><EntitiesDescriptor "
           "validUntil=\"" +
           until + "\">" + body + "</EntitiesDescriptor></EntitiesDescriptor>";
  };
  const Time now = forge::Options{}.now;  // 2027-01-15T08:00:00Z
  CHECK(usable(around("2027-01-15T08:00:10Z")).valid_until == now + std::chrono::seconds(10));
  CHECK(usable(around(" 2027-01-15T10:00:10+02:00 ")).valid_until ==
        now + std::chrono::seconds(10));
  CHECK(usable(around("2027-01-15T05:30:10-02:30")).valid_until == now + std::chrono::seconds(10));
  CHECK(usable(around("2027-01-15T08:00:10")).valid_until == now + std::chrono::seconds(10));
  CHECK(has(refusal(around("2027-01-15T09:59:59+02:00")), "it expired at"));
  CHECK(has(refusal(around("soon")), "is not a UTC time"));
}

TEST_CASE("what it asks for and offers is read") {
  CHECK_FALSE(usable(plain()).wants_signed_requests);
  const auto wants = [](const std::string& value) {
    return usable(forge::replaced(plain(), "<IDPSSODescriptor ",
                                  "<IDPSSODescriptor WantAuthnRequestsSigned=\"" + value + "\" "))
        .wants_signed_requests;
  };
  CHECK(wants("true"));
  CHECK(wants("1"));
  CHECK_FALSE(wants("false"));
  CHECK_FALSE(wants("0"));
  CHECK(usable(in_role("<NameIDFormat> urn:x </NameIDFormat><NameIDFormat>urn:y</NameIDFormat>"))
            .name_id_formats == std::vector<std::string>{"urn:x", "urn:y"});
}

TEST_CASE("there are as many remarks as anybody reads") {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "<KeyDescriptor use=\"k" + std::to_string(i) + "\"/>";
  CHECK(usable(in_role(many)).remarks.size() == 20);
}

TEST_CASE("a verifier can be made of whatever metadata is taken") {
  saml::initialize();
  ServiceProviderSettings sp;
  sp.entity_id = "https://sp.test";
  sp.acs_url = "https://login.test/acs";
  for (const auto type : {KeyType::rsa2048, KeyType::ec256}) {
    IdentityProvider idp;
    idp.name = "corp";
    const auto metadata =
        parsed(plain({forge::make_authority(KeyType::rsa1024), forge::make_authority(type)}));
    REQUIRE(metadata);
    idp.metadata = *metadata;
    CHECK_NOTHROW(saml::ResponseVerifier(sp, idp));
    CHECK_NOTHROW(saml::LogoutVerifier(sp, idp));
  }
}
