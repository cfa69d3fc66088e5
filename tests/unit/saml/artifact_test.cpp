// saml-bindings 3.6, saml-core 3.5: artifacts, and what comes back for them.

#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

const std::string kRequest = "id0f0e0d0c0b0a09080706050403020100";

std::string artifact_of(const std::string& entity_id, int index = 0,
                        const std::string& type = std::string("\x00\x04", 2)) {
  const std::string place{static_cast<char>(index / 256), static_cast<char>(index % 256)};
  return crypto::base64(type + place + *crypto::digest(crypto::Hash::sha1, entity_id) +
                        std::string(20, 'h'));
}

// An answer with `message` in it, as an identity provider sends it.
std::string answer(const std::string& message, const std::string& more = "") {
  return "<?xml version=\"1.0\"?>\n<SOAP-ENV:Envelope "
         "xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\"><SOAP-ENV:Body>"
         "<samlp:ArtifactResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
         "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_ar1\" Version=\"2.0\" "
         "IssueInstant=\"2027-01-15T08:00:00Z\" InResponseTo=\"" +
         kRequest + "\"" + more +
         "><saml:Issuer>https://idp.test/</saml:Issuer>"
         "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
         "</samlp:Status>" +
         message + "</samlp:ArtifactResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>";
}

std::string without_declaration(const std::string& xml) {
  return xml.starts_with("<?xml") ? xml.substr(xml.find("?>") + 2) : xml;
}

std::string response_xml(const forge::Options& options = {}) {
  return without_declaration(forge::make_response(authority(), options));
}

struct Resolver {
  Trust trust;
  saml::ResponseVerifier verifier{trust.sp, trust.idp};

  [[nodiscard]] std::string opened(const std::string& soap) const {
    const auto message = saml::open_artifact_response(soap, kRequest, trust.idp);
    if (!message) return std::string(message.failure().code.name);
    return outcome(verifier.verify(*message, trust.params));
  }
};

}  // namespace

TEST_CASE("an artifact names its issuer and the place that resolves it") {
  const Trust trust;
  const auto artifact = saml::parse_artifact(artifact_of(trust.idp.metadata.entity_id, 258));
  REQUIRE(artifact);
  CHECK(artifact->endpoint_index == 258);
  CHECK(saml::is_issued_by(*artifact, trust.idp));
  CHECK_FALSE(
      saml::is_issued_by(*saml::parse_artifact(artifact_of("https://evil.test/")), trust.idp));
}

TEST_CASE("what is not an artifact of type 4 is refused") {
  const std::string good = artifact_of("https://idp.test/");
  for (const std::string& text :
       {std::string(), std::string("AAQAAA=="), good.substr(0, good.size() - 4), good + "AAAA",
        " " + good, good + "\n", artifact_of("https://idp.test/", 0, std::string("\x00\x01", 2)),
        std::string(1000, 'A')}) {
    CAPTURE(text);
    const auto artifact = saml::parse_artifact(text);
    REQUIRE_FALSE(artifact);
    CHECK(artifact.failure().code.name == "artifact_malformed");
  }
}

TEST_CASE("an artifact is resolved at the address of its index, by a signed question") {
  Trust trust;
  trust.idp.metadata.artifact_urls = {{0, "https://idp.test/zero"}, {7, "https://idp.test/seven"}};
  trust.idp.back_channel_ca_pem = "PEM";
  const std::string text = artifact_of(trust.idp.metadata.entity_id, 7);
  const auto artifact = saml::parse_artifact(text);
  const auto now = forge::Options{}.now;
  const auto plain = saml::build_artifact_resolve(trust.sp, trust.idp, *artifact, kRequest, now);
  REQUIRE(plain);
  CHECK(plain->url == "https://idp.test/seven");
  CHECK(plain->ca_pem == "PEM");
  CHECK(plain->body.find("<samlp:Artifact>" + text + "</samlp:Artifact>") != std::string::npos);
  CHECK(plain->body.find("ID=\"" + kRequest + "\"") != std::string::npos);
  CHECK(plain->body.find("Signature") == std::string::npos);
  trust.sp.signing = KeyPair{Secret(authority().private_key_pem), authority().certificate_pem};
  const auto by_us = saml::build_artifact_resolve(trust.sp, trust.idp, *artifact, kRequest, now);
  REQUIRE(by_us);
  CHECK(by_us->body.find("</saml:Issuer><Signature ") != std::string::npos);
  CHECK(by_us->body.find("<?xml") == std::string::npos);
  const auto elsewhere = saml::parse_artifact(artifact_of(trust.idp.metadata.entity_id, 1));
  const auto refused = saml::build_artifact_resolve(trust.sp, trust.idp, *elsewhere, kRequest, now);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code.name == "artifact_malformed");
}

TEST_CASE("the Response in an ArtifactResponse is verified like any other") {
  const Resolver resolver;
  CHECK(resolver.opened(answer(response_xml())) == "accepted");
  forge::Options both;
  both.sign = forge::Sign::both;
  CHECK(resolver.opened(answer(response_xml(both))) == "accepted");
  forge::Options unsigned_options;
  unsigned_options.sign = forge::Sign::none;
  CHECK(resolver.opened(answer(response_xml(unsigned_options))) == "signature_missing");
  CHECK(resolver.opened(forge::replaced(answer(response_xml()), ">ann@corp.test</AttributeValue>",
                                        ">eve@corp.test</AttributeValue>")) == "signature_invalid");
}

TEST_CASE("namespaces that are declared around the Response are part of what was signed") {
  const Resolver resolver;
  // Signed with a prefix that it uses by its value only, and moved under an envelope that has it.
  forge::Options options;
  options.inclusive_prefixes = "xs";
  options.before_signing = [](std::string xml) {
    return forge::replaced(std::move(xml), "<samlp:Response ",
                           "<samlp:Response xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ");
  };
  const std::string own = response_xml(options);
  CHECK(resolver.opened(answer(own)) == "accepted");
  const std::string declaration = " xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"";
  const auto at = own.find(declaration);
  REQUIRE(at != std::string::npos);
  std::string bare = own;
  bare.erase(at, declaration.size());
  CHECK(resolver.opened(answer(bare)) == "signature_invalid");
  CHECK(resolver.opened(answer(bare, declaration)) == "accepted");
}

TEST_CASE("an answer that is not the one asked for is refused") {
  const Resolver resolver;
  const std::string good = answer(response_xml());
  const auto refused = [&](const std::string& soap) { return resolver.opened(soap); };
  const auto changed = [&](const std::string& from, const std::string& to) {
    return refused(forge::replaced(good, from, to));
  };
  CHECK(changed("InResponseTo=\"" + kRequest, "InResponseTo=\"idother") == "artifact_response");
  CHECK(changed(" InResponseTo=\"" + kRequest + "\"", "") == "artifact_response");
  CHECK(changed("<saml:Issuer>https://idp.test/", "<saml:Issuer>https://evil.test/") == "issuer");
  CHECK(changed("ID=\"_ar1\" Version=\"2.0\"", "ID=\"_ar1\" Version=\"1.1\"") == "version");
  CHECK(changed("ID=\"_ar1\" ", "") == "artifact_response");
  CHECK(changed("ID=\"_ar1\" ", "ID=\"_a1\" ") == "xml_duplicate_id");
  CHECK(changed("<SOAP-ENV:Body>", "<SOAP-ENV:Body><!-- -->") == "xml_markup");
  CHECK(changed("schemas.xmlsoap.org/soap/envelope", "www.w3.org/2003/05/soap-envelope") ==
        "artifact_response");
  CHECK(changed("<SOAP-ENV:Body>", "<SOAP-ENV:Body><x/>") == "artifact_response");
  CHECK(changed("<SOAP-ENV:Body>", "<x/><SOAP-ENV:Body>") == "artifact_response");
  CHECK(changed("<SOAP-ENV:Body>", "<SOAP-ENV:Header/><SOAP-ENV:Body>") == "accepted");
  CHECK(changed("</samlp:ArtifactResponse>", response_xml() + "</samlp:ArtifactResponse>") ==
        "xml_duplicate_id");
  forge::Options second;
  second.response_id = "_r2";
  second.assertion_id = "_a2";
  CHECK(changed("</samlp:ArtifactResponse>", response_xml(second) + "</samlp:ArtifactResponse>") ==
        "artifact_response");
  const auto renamed = [&](const std::string& from, const std::string& to) {
    std::string soap = good;
    for (std::size_t at = 0; (at = soap.find(from, at)) != std::string::npos; at += to.size()) {
      soap.replace(at, from.size(), to);
    }
    return refused(soap);
  };
  CHECK(renamed("SOAP-ENV:Envelope", "SOAP-ENV:Parcel") == "artifact_response");
  CHECK(renamed("samlp:ArtifactResponse", "samlp:OtherResponse") == "artifact_response");
  CHECK(refused("<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"/>") ==
        "artifact_response");
  CHECK(refused("<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body/>"
                "</e:Envelope>") == "artifact_response");
  CHECK(refused("") == "response_size");
  CHECK(refused("<html>Bad gateway</html>") == "artifact_response");
  CHECK(refused("<!DOCTYPE x>" + good) != "accepted");
  CHECK(refused(response_xml()) == "artifact_response");
  CHECK(refused(std::string(400u << 10, ' ') + good) == "response_size");
}

TEST_CASE("an IdP that does not know the artifact says so in two ways") {
  const Resolver resolver;
  CHECK(resolver.opened(answer("")) == "artifact_unknown");
  CHECK(resolver.opened(forge::replaced(answer(""), "status:Success", "status:Requester")) ==
        "artifact_response");
  std::string failed = answer(response_xml());
  const std::string success = "status:Success";
  failed.replace(failed.find(success), success.size(), "status:Requester");  // the outer one
  CHECK(resolver.opened(failed) == "artifact_response");
  CHECK(resolver.opened("<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\">"
                        "<e:Body><e:Fault><faultcode>e:Server</faultcode></e:Fault></e:Body>"
                        "</e:Envelope>") == "artifact_response");
}
