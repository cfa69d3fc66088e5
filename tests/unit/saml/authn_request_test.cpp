// saml-core 3.4.1, saml-bindings 3.4 and 3.5, and what Entra ID accepts.

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "crypto/encoding.h"
#include "http/form.h"
#include "support/redirect.h"
#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

const saml::AuthnRequestParams kParams{"id00112233445566778899aabbccddeeff", forge::Options{}.now,
                                       "ann+x@corp.test", "relay-1"};

std::string query_of(const std::string& url) {
  return url.substr(url.find('?') + 1);
}

std::string request_in(const std::string& url) {
  const auto form = http::Form::parse(query_of(url));
  REQUIRE(form);
  return forge::inflated(*crypto::from_base64(form->get("SAMLRequest")));
}

bool is_signed_by(const forge::Authority& authority, const std::string& text,
                  const std::string& signature) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(authority.private_key_pem.data(), -1), BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  const auto bytes = [](const std::string& s) {
    return reinterpret_cast<const unsigned char*>(s.data());
  };
  REQUIRE(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1);
  return EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text),
                          text.size()) == 1;
}

Trust signing_trust() {
  Trust trust;
  trust.sp.signing = KeyPair{Secret(authority().private_key_pem), authority().certificate_pem};
  trust.idp.sign_requests = true;
  return trust;
}

}  // namespace

TEST_CASE("how to be signed on is asked for only where it is wished") {
  const Trust trust;
  const std::string plain =
      request_in(saml::build_authn_request(trust.sp, trust.idp, kParams)->url);
  for (const char* part : {"ForceAuthn", "IsPassive", "RequestedAuthnContext"}) {
    CHECK(plain.find(part) == std::string::npos);
  }
  saml::AuthnRequestParams params = kParams;
  params.force_authn = params.is_passive = true;
  params.authn_contexts = {"urn:a", "urn:b&c"};
  const std::string asked = request_in(saml::build_authn_request(trust.sp, trust.idp, params)->url);
  CHECK(asked.find(" ForceAuthn=\"true\" IsPassive=\"true\"") != std::string::npos);
  CHECK(asked.find("<samlp:RequestedAuthnContext Comparison=\"exact\">"
                   "<saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef>"
                   "<saml:AuthnContextClassRef>urn:b&amp;c</saml:AuthnContextClassRef>"
                   "</samlp:RequestedAuthnContext></samlp:AuthnRequest>") != std::string::npos);
}

TEST_CASE(
    "a redirect carries the request, the relay state and the hint, and nothing Entra refuses") {
  const Trust trust;
  const auto message = saml::build_authn_request(trust.sp, trust.idp, kParams);
  REQUIRE(message);
  CHECK(message->url.starts_with("https://idp.test/sso?SAMLRequest="));
  const auto form = http::Form::parse(query_of(message->url));
  CHECK(form->get("RelayState") == "relay-1");
  CHECK(form->get("login_hint") == "ann+x@corp.test");
  CHECK_FALSE(form->has("Signature"));
  const std::string xml = request_in(message->url);
  CHECK(xml.find("ID=\"id00112233445566778899aabbccddeeff\"") != std::string::npos);
  CHECK(xml.find("IssueInstant=\"2027-01-15T08:00:00Z\"") != std::string::npos);
  CHECK(xml.find("AssertionConsumerServiceURL=\"https://login.test/saml2/idpresponse\"") !=
        std::string::npos);
  CHECK(xml.find("<saml:Issuer>https://sp.test</saml:Issuer>") != std::string::npos);
  for (const char* unwanted : {"Subject", "RequestedAuthnContext", "NameIDPolicy", "Scoping"}) {
    CHECK(xml.find(unwanted) == std::string::npos);
  }
}

TEST_CASE("an IdP address with a query of its own keeps it; names are escaped") {
  Trust trust;
  trust.idp.metadata.sso_redirect_url = "https://idp.test/sso?tenant=1";
  trust.sp.entity_id = "urn:x:\"<&>'";
  trust.idp.name_id_format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
  const auto message = saml::build_authn_request(trust.sp, trust.idp, kParams);
  CHECK(message->url.starts_with("https://idp.test/sso?tenant=1&SAMLRequest="));
  const std::string xml = request_in(message->url);
  CHECK(xml.find("urn:x:&quot;&lt;&amp;&gt;&apos;") != std::string::npos);
  CHECK(xml.find("<samlp:NameIDPolicy Format=") != std::string::npos);
}

TEST_CASE("no hint is sent where it is unknown or switched off") {
  Trust trust;
  saml::AuthnRequestParams without = kParams;
  without.login_hint = "";
  CHECK(saml::build_authn_request(trust.sp, trust.idp, without)->url.find("login_hint") ==
        std::string::npos);
  trust.idp.send_login_hint = false;
  CHECK(saml::build_authn_request(trust.sp, trust.idp, kParams)->url.find("login_hint") ==
        std::string::npos);
}

TEST_CASE("a signed redirect is signed over exactly the octets sent, the hint outside") {
  const Trust trust = signing_trust();
  const auto message = saml::build_authn_request(trust.sp, trust.idp, kParams);
  REQUIRE(message);
  const std::string query = query_of(message->url);
  const std::string octets = query.substr(0, query.find("&Signature="));
  CHECK(
      octets.ends_with("&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256"));
  const auto signature = crypto::from_base64(http::Form::parse(query)->get("Signature"));
  REQUIRE(signature);
  CHECK(is_signed_by(authority(), octets, *signature));
  CHECK_FALSE(is_signed_by(authority(), octets + "x", *signature));
  CHECK(query.find("login_hint") > query.find("&Signature="));
}

TEST_CASE("a signed POST request carries a good signature right behind its Issuer") {
  Trust trust = signing_trust();
  trust.idp.request_binding = RequestBinding::post;
  trust.idp.metadata.sso_post_url = "https://idp.test/post";
  const auto message = saml::build_authn_request(trust.sp, trust.idp, kParams);
  REQUIRE(message);
  CHECK(message->url == "https://idp.test/post?login_hint=ann%2Bx%40corp.test");
  CHECK(message->relay_state == "relay-1");
  const std::string xml = *crypto::from_base64(message->message);
  CHECK(xml.find("</saml:Issuer><Signature") != std::string::npos);
  // The independent signer makes the same value for the same document (RSASSA-PKCS1-v1_5 is
  // deterministic).
  const auto start = xml.find("<Signature ");
  const std::string bare = xml.substr(0, start) + xml.substr(xml.find("</Signature>") + 12);
  const std::string again = forge::sign(bare, kParams.id, authority(), {});
  const auto digest_of = [](const std::string& text) {
    const auto at = text.find("DigestValue>") + 12;
    return text.substr(at, text.find('<', at) - at);
  };
  CHECK(digest_of(xml) == digest_of(again));
}

TEST_CASE("without a key a request that must be signed is not sent") {
  Trust trust;
  trust.idp.sign_requests = true;
  CHECK_FALSE(saml::build_authn_request(trust.sp, trust.idp, kParams));
  trust.idp.request_binding = RequestBinding::post;
  CHECK_FALSE(saml::build_authn_request(trust.sp, trust.idp, kParams));
}
