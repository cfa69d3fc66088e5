// Logout messages: what an IdP may tell us, and what we tell it.
#include "crypto/encoding.h"
#include "fixture.h"
#include "http/form.h"
#include "saml/redirect_message.h"
#include "support/redirect.h"

using namespace anteroom;
using namespace anteroom::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kRsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
constexpr const char* kSlo = "https://login.test/saml2/logout";

struct Logout : Trust {
  std::string xml =
      "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
      "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_l1\" Version=\"2.0\" "
      "IssueInstant=\"2027-01-15T08:00:00Z\" Destination=\"https://login.test/saml2/logout\">"
      "<saml:Issuer>https://idp.test/</saml:Issuer><saml:NameID>ann@corp.test</saml:NameID>"
      "<samlp:SessionIndex>_a1</samlp:SessionIndex></samlp:LogoutRequest>";
  std::string parameter = "SAMLRequest";
  std::string relay_state;
  std::string algorithm = kRsaSha256;
  bool is_lower = false;

  Logout() {
    sp.slo_url = kSlo;
    idp.logout.binding = LogoutBinding::redirect;
    idp.logout.request_url = idp.logout.response_url = "https://idp.test/slo";
  }

  Logout& change(const std::string& from, const std::string& to) {
    xml = forge::replaced(xml, from, to);
    return *this;
  }

  [[nodiscard]] forge::Redirect message() const {
    return {parameter, xml, relay_state, algorithm, is_lower};
  }
  [[nodiscard]] std::string unsigned_query() const { return forge::unsigned_query(message()); }
  [[nodiscard]] std::string query(const forge::Authority& by = authority()) const {
    return forge::signed_query(message(), by);
  }
  [[nodiscard]] Result<saml::VerifiedLogout> verify_query(const std::string& text) const {
    saml::EncodedLogout incoming;
    incoming.query = text;
    return saml::LogoutVerifier(sp, idp).verify(incoming, params.now, 120s);
  }
  [[nodiscard]] Result<saml::VerifiedLogout> verify_post(const std::string& text) const {
    saml::EncodedLogout incoming;
    incoming.is_post = true;
    incoming.is_request = parameter == "SAMLRequest";
    incoming.encoded = forge::to_base64(text);
    incoming.relay_state = relay_state;
    return saml::LogoutVerifier(sp, idp).verify(incoming, params.now, 120s);
  }
  [[nodiscard]] std::string posted(const forge::Authority& by = authority(),
                                   const forge::Options& options = {}) const {
    return forge::sign(xml, "_l1", by, options);
  }
};

std::string code_of(const Result<saml::VerifiedLogout>& result) {
  return result ? "accepted" : std::string(result.failure().code.name);
}
// By both bindings; they must agree.
std::string judged(const Logout& logout) {
  const std::string by_query = code_of(logout.verify_query(logout.query()));
  const std::string by_post = code_of(logout.verify_post(logout.posted()));
  return by_query == by_post ? by_query : by_query + " / " + by_post;
}

}  // namespace

TEST_CASE("a signed LogoutRequest is read from what was signed, by Redirect and by POST") {
  Logout logout;
  logout.relay_state = "r 1";
  for (const auto& message :
       {logout.verify_query(logout.query()), logout.verify_post(logout.posted())}) {
    REQUIRE(code_of(message) == "accepted");
    const saml::LogoutFacts& facts = message->facts();
    CHECK(facts.is_request);
    CHECK(facts.id == "_l1");
    CHECK(facts.name_id == "ann@corp.test");
    CHECK(facts.session_indexes == std::vector<std::string>{"_a1"});
    CHECK(facts.relay_state == "r 1");
  }
}

TEST_CASE("the octets of a redirect are verified as received: Entra escapes in lower case") {
  Logout logout;
  logout.is_lower = true;
  logout.relay_state = "a/b=";
  CHECK(code_of(logout.verify_query(logout.query())) == "accepted");
}

TEST_CASE("an unsigned or foreign logout message is refused") {
  const Logout logout;
  CHECK(code_of(logout.verify_query(logout.unsigned_query())) == "signature_missing");
  CHECK(code_of(logout.verify_post(logout.xml)) == "signature_missing");
  CHECK(code_of(logout.verify_query(logout.query(other_authority()))) == "signature_invalid");
  CHECK(code_of(logout.verify_post(logout.posted(other_authority()))) == "signature_invalid");
}

TEST_CASE("what was signed is verified to the letter") {
  const Logout logout;
  const std::string query = logout.query();
  CHECK(code_of(logout.verify_query(forge::replaced(query, "&SigAlg=", "&RelayState&SigAlg="))) ==
        "redirect_encoding");
}

TEST_CASE("half a signature does not count") {
  const Logout logout;
  const std::string query = logout.query();
  CHECK(code_of(logout.verify_query(query.substr(0, query.find("&Signature=")))) ==
        "redirect_encoding");
  CHECK(code_of(logout.verify_query(forge::replaced(query, "&SigAlg=", "&Other="))) ==
        "redirect_encoding");
}

TEST_CASE("whatever is changed after signing is noticed") {
  Logout logout;
  logout.relay_state = "one";
  CHECK(code_of(logout.verify_query(forge::replaced(logout.query(), "RelayState=one",
                                                    "RelayState=two"))) == "signature_invalid");
  CHECK(code_of(logout.verify_query(forge::replaced(logout.query(), "&RelayState=one", ""))) ==
        "signature_invalid");
  CHECK(code_of(logout.verify_post(forge::replaced(logout.posted(), "ann@", "bob@"))) ==
        "signature_invalid");
  Logout bob = logout;
  bob.change("ann@", "bob@");
  const std::string good = logout.query();
  const std::string forged = bob.unsigned_query() + good.substr(good.find("&SigAlg"));
  CHECK(code_of(logout.verify_query(forged)) == "signature_invalid");
}

TEST_CASE("SHA-1 and other algorithms are refused unless the IdP may use SHA-1") {
  Logout logout;
  logout.algorithm = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
  CHECK(code_of(logout.verify_query(logout.query())) == "signature_algorithm");
  logout.idp.allow_sha1 = true;
  CHECK(code_of(logout.verify_query(logout.query())) == "accepted");
  logout.algorithm = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
  CHECK(code_of(logout.verify_query(logout.query())) == "signature_algorithm");
}

TEST_CASE("rules for a logout message") {
  CHECK(judged(Logout()) == "accepted");
  CHECK(judged(Logout().change("Version=\"2.0\"", "Version=\"1.1\"")) == "version");
  CHECK(judged(Logout().change("https://idp.test/<", "https://evil.test/<")) == "issuer");
  CHECK(judged(Logout().change("login.test/saml2/logout", "login.test/saml2/idpresponse")) ==
        "destination");
  CHECK(judged(Logout().change("08:00:00Z", "08:03:00Z")) == "issue_instant");
  CHECK(judged(Logout().change("08:00:00Z", "07:54:00Z")) == "accepted");
  CHECK(judged(Logout().change("08:00:00Z", "07:52:00Z")) == "not_on_or_after");
  CHECK(judged(Logout().change(" Destination",
                               " NotOnOrAfter=\"2027-01-15T07:57:00Z\" Destination")) ==
        "not_on_or_after");
  CHECK(judged(Logout()
                   .change("08:00:00Z", "06:00:00Z")
                   .change(" Destination", " NotOnOrAfter=\"2030-01-01T00:00:00Z\" Destination")) ==
        "not_on_or_after");
  CHECK(judged(Logout().change("<saml:NameID>ann@corp.test</saml:NameID>", "")) ==
        "text_not_plain");
  CHECK(judged(Logout().change("ann@corp.test", "")) == "text_not_plain");
  CHECK(judged(Logout().change("ann@corp.test", "ann@<x/>corp.test")) == "text_not_plain");
  CHECK(judged(Logout().change("ann@corp.test", "ann@<!-- -->corp.test")) == "xml_markup");
  CHECK(judged(Logout().change("ID=\"_l1\"", "ID=\"_l1\" xml:id=\"_l1\"")) == "xml_duplicate_id");
  Logout alias;
  alias.idp.logout.issuers = {"https://login.microsoftonline.com/x/"};
  CHECK(judged(alias.change("https://idp.test/<", "https://login.microsoftonline.com/x/<")) ==
        "accepted");
}

TEST_CASE("Destination may be missing from a redirect, not from a post") {
  Logout logout;
  logout.change(" Destination=\"https://login.test/saml2/logout\"", "");
  CHECK(code_of(logout.verify_query(logout.query())) == "accepted");
  CHECK(code_of(logout.verify_post(logout.posted())) == "destination");
}

TEST_CASE("a signed LogoutRequest inside another one is not what is read") {
  const Logout logout;
  const std::string genuine = logout.posted();
  Logout evil;
  evil.change("_l1", "_evil").change("ann@", "bob@");
  const std::string wrapped =
      forge::replaced(evil.xml, "<samlp:SessionIndex>",
                      "<samlp:Extensions>" + genuine.substr(genuine.find("<samlp:LogoutRequest")) +
                          "</samlp:Extensions><samlp:SessionIndex>");
  CHECK(code_of(logout.verify_post(wrapped)) == "signature_shape");
}

TEST_CASE("a LogoutResponse says whether it is Success, and what it answers") {
  Logout logout;
  logout.parameter = "SAMLResponse";
  logout.xml =
      "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
      "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_l1\" Version=\"2.0\" "
      "IssueInstant=\"2027-01-15T08:00:00Z\" InResponseTo=\"id7\" "
      "Destination=\"https://login.test/saml2/logout\"><saml:Issuer>https://idp.test/</saml:Issuer>"
      "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
      "</samlp:Status></samlp:LogoutResponse>";
  const auto good = logout.verify_query(logout.query());
  REQUIRE(code_of(good) == "accepted");
  CHECK_FALSE(good->facts().is_request);
  CHECK(good->facts().is_success);
  CHECK(good->facts().in_response_to == "id7");
  CHECK(judged(logout) == "accepted");
  logout.change("status:Success", "status:Responder");
  CHECK_FALSE(logout.verify_query(logout.query())->facts().is_success);
  logout.change(" InResponseTo=\"id7\"", "");
  CHECK(judged(logout) == "in_response_to");
  // A request in the field of a response.
  Logout crossed;
  crossed.parameter = "SAMLResponse";
  CHECK(judged(crossed) == "response_shape");
}

TEST_CASE("a query holds one message, once, in DEFLATE, and not too much of it") {
  const Logout logout;
  const auto refused = [&](const std::string& query) {
    return code_of(logout.verify_query(query)) == "redirect_encoding";
  };
  const std::string good = logout.query();
  CHECK(refused(""));
  CHECK(refused("RelayState=x"));
  CHECK(refused(good + "&SAMLRequest=x"));
  CHECK(refused(good + "&SAMLResponse=x"));
  CHECK(refused(good + "&Signature=x"));
  CHECK(refused(good + "&SAMLEncoding=none"));
  CHECK(refused("SAMLRequest=%zz"));
  CHECK(refused("SAMLRequest=AAAA"));
  CHECK(refused("SAMLRequest=" +
                http::percent_encode(forge::to_base64(forge::deflated(logout.xml) + "x"))));
  CHECK(refused("SAMLRequest=" + http::percent_encode(forge::to_base64(
                                     forge::deflated(std::string(20u << 20, 'a'))))));
}

TEST_CASE("our LogoutRequest names the person as the IdP did, and is signed where we have a key") {
  Logout logout;
  saml::LogoutRequestParams params{"id1", logout.params.now, "<ann>", "urn:f", "_s<1>", "relay"};
  const auto plain = saml::build_logout_request(logout.sp, logout.idp, params);
  REQUIRE(plain.ok());
  const auto read =
      saml::read_redirect(std::string_view(plain->url).substr(plain->url.find('?') + 1));
  REQUIRE(read.ok());
  CHECK(plain->url.starts_with("https://idp.test/slo?SAMLRequest="));
  CHECK(read->signature.empty());
  CHECK(read->relay_state == "relay");
  CHECK(read->xml.find("<saml:NameID Format=\"urn:f\">&lt;ann&gt;</saml:NameID>"
                       "<samlp:SessionIndex>_s&lt;1&gt;</samlp:SessionIndex>") !=
        std::string::npos);
  params.session_index.clear();
  logout.sp.signing = KeyPair{Secret(authority().private_key_pem), authority().certificate_pem};
  const auto by_key = saml::build_logout_request(logout.sp, logout.idp, params);
  const auto signed_one =
      saml::read_redirect(std::string_view(by_key->url).substr(by_key->url.find('?') + 1));
  CHECK(signed_one->signature.size() == 256);
  CHECK(signed_one->xml.find("SessionIndex") == std::string::npos);
  params.name_id.clear();
  CHECK_FALSE(saml::build_logout_request(logout.sp, logout.idp, params).ok());
}

TEST_CASE("our LogoutResponse by POST carries an enveloped signature that its own verifier takes") {
  Logout logout;
  logout.idp.logout.binding = LogoutBinding::post;
  logout.sp.signing = KeyPair{Secret(authority().private_key_pem), authority().certificate_pem};
  const auto message =
      saml::build_logout_response(logout.sp, logout.idp, {"id2", logout.params.now, "_l1", "rs"});
  REQUIRE(message.ok());
  CHECK(message->parameter == "SAMLResponse");
  CHECK(message->relay_state == "rs");
  const std::string xml = *crypto::from_base64(message->message);
  CHECK(xml.find("InResponseTo=\"_l1\"") != std::string::npos);
  CHECK(xml.find("<SignatureValue") != std::string::npos);
}

TEST_CASE("what is posted passes the checks of a redirect, by name") {
  const Logout logout;
  const auto posted = [&](const std::string& xml) { return code_of(logout.verify_post(xml)); };
  const auto signed_with = [&](const std::string& method, const std::string& digest) {
    forge::Options options;
    options.signature_method = method;
    options.digest_method = digest;
    return posted(logout.posted(authority(), options));
  };
  CHECK(posted(logout.posted()) == "accepted");
  CHECK(signed_with("http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                    "http://www.w3.org/2000/09/xmldsig#sha1") == "signature_algorithm");
  CHECK(signed_with(kRsaSha256, "http://www.w3.org/2000/09/xmldsig#sha1") == "signature_algorithm");
  // A second signature, and one that is not where it belongs.
  const std::string good = logout.posted();
  const auto from = good.find("<ds:Signature");
  const std::string end = "</ds:Signature>";
  const std::string signature = good.substr(from, good.find(end) + end.size() - from);
  CHECK(posted(forge::replaced(good, signature, signature + signature)) == "signature_shape");
  const std::string bare = forge::replaced(good, signature, "");
  CHECK(posted(forge::replaced(bare, "</saml:NameID>", "</saml:NameID><x>" + signature + "</x>")) ==
        "signature_shape");
  CHECK(posted(forge::replaced(good, "#_l1", "#_l2")) == "signature_shape");
}

TEST_CASE("base64, XML, ID, issuer and SessionIndex of a logout message are checked") {
  const Logout logout;
  saml::EncodedLogout incoming;
  incoming.is_post = incoming.is_request = true;
  incoming.encoded = "no base64!";
  CHECK(code_of(saml::LogoutVerifier(logout.sp, logout.idp)
                    .verify(incoming, logout.params.now, 120s)) == "response_base64");
  CHECK(code_of(logout.verify_post("<a")) == "xml_malformed");
  CHECK(judged(Logout().change("<saml:Issuer>https://idp.test/",
                               "<saml:Issuer>https://evil.test/")) == "issuer");
  Logout odd;
  odd.change("ID=\"_l1\"", "ID=\"a b\"");
  CHECK(code_of(odd.verify_query(odd.query())) == "response_shape");
  CHECK(judged(Logout().change("<samlp:SessionIndex>_a1<",
                               "<samlp:SessionIndex>" + std::string(5000, 'x') + "<")) ==
        "text_not_plain");
  CHECK(judged(Logout().change("<samlp:SessionIndex>_a1<", "<samlp:SessionIndex><")) ==
        "text_not_plain");
  Logout within;
  within.xml = forge::sign(within.xml, "_l1", authority(), {});
  CHECK(code_of(within.verify_query(within.query())) == "signature_shape");
}

TEST_CASE("an expired certificate signs nobody out where that is refused") {
  const forge::Authority old = forge::make_authority(forge::KeyType::rsa2048, -1);
  Logout logout;
  logout.idp.metadata.signing_certificates_der = {old.certificate_der};
  CHECK(code_of(logout.verify_post(logout.posted(old))) == "accepted");
  logout.idp.expired_certificate = ExpiredCertificate::reject;
  CHECK(code_of(logout.verify_post(logout.posted(old))) == "certificate_expired");
  CHECK(code_of(logout.verify_query(logout.query(old))) == "certificate_expired");
}

TEST_CASE("an encrypted NameID in a logout message is opened, or the message refused") {
  static const forge::Authority kOwn = forge::make_authority();
  Logout logout;
  logout.sp.decryption = {{Secret(kOwn.private_key_pem), kOwn.certificate_pem}};
  const std::string plain_id = "<saml:NameID>ann@corp.test</saml:NameID>";
  const auto with = [&](const forge::Authority& recipient,
                        const std::function<std::string(std::string)>& change) {
    forge::Encryption how;
    how.recipient = recipient;
    how.after = change;
    const std::string inner =
        "<NameID xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">ann@corp.test</NameID>";
    const std::string holder = forge::encrypted("EncryptedID", inner, how);
    Logout changed = logout;
    return judged(changed.change(plain_id, holder));
  };
  const auto same = [](std::string xml) { return xml; };
  CHECK(with(kOwn, same) == "accepted");
  CHECK(with(other_authority(), same) == "decryption_failed");
  CHECK(with(kOwn, [](std::string xml) {
          return forge::replaced(std::move(xml), "xmlenc#aes256-cbc", "xmlenc#tripledes-cbc");
        }) == "encryption_algorithm");
}

TEST_CASE("whom a logout message says to be from is read before it is verified, if it can be") {
  saml::EncodedLogout incoming;
  incoming.query = Logout().query();
  CHECK(*saml::peek_logout_issuer(incoming) == "https://idp.test/");
  for (const std::string& junk :
       {std::string(), std::string("SAMLRequest=%"), "SAMLRequest=x&" + incoming.query}) {
    saml::EncodedLogout bad;
    bad.query = junk;
    CHECK_FALSE(saml::peek_logout_issuer(bad));
  }
  saml::EncodedLogout posted;
  posted.is_post = posted.is_request = true;
  for (const std::string& junk : {std::string("<a"), std::string("<a/>")}) {
    posted.encoded = forge::to_base64(junk);
    CHECK_FALSE(saml::peek_logout_issuer(posted));
  }
}
