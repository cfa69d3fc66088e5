#include "fuzz/genuine.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "crypto/pem.h"
#include "fuzz/target.h"

namespace anteroom::fuzz {

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string replaced_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// Everybody is somebody else, so that a mix-up shows.
Genuine person(const std::string& name, forge::Sign sign = forge::Sign::assertion) {
  Genuine genuine{name, {}};
  forge::Options& o = genuine.options;
  o.assertion_id = "_a-" + name;
  o.response_id = "_r-" + name;
  o.name_id = name + "@corp.test";
  o.attributes = {{"mail", {name + "@corp.test"}},
                  {"displayName", {name + " of Corp"}},
                  {"groups", {name, "staff"}}};
  o.sign = sign;
  return genuine;
}

std::shared_ptr<forge::Encryption> for_us(const std::string& block, bool is_key_beside) {
  auto encryption = std::make_shared<forge::Encryption>();
  encryption->recipient = load_authority("sp");
  encryption->block = block;
  encryption->is_key_beside = is_key_beside;
  return encryption;
}

std::vector<Genuine> plain_people() {
  std::vector<Genuine> all{person("ann"), person("bob", forge::Sign::response),
                           person("cid", forge::Sign::both), person("dan")};
  all.back().is_ec = true;
  all.push_back(person("eve", forge::Sign::response));
  all.back().is_ec = true;
  all.push_back(person("fay"));
  all.back().options.before_signing = [](const std::string& xml) {
    return replaced_all(xml, "><", ">\n  <");
  };
  all.push_back(person("gus", forge::Sign::both));
  all.back().options.inclusive_prefixes = "xs samlp";
  all.push_back(person("hal"));
  all.back().options.signature_method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
  all.back().options.digest_method = "http://www.w3.org/2001/04/xmlenc#sha512";
  all.push_back(person("ida", forge::Sign::response));
  all.back().options.before_signing = [](const std::string& xml) {
    return replaced_all(replaced_all(xml, "samlp:", "p2:"), "xmlns:samlp", "xmlns:p2");
  };
  return all;
}

std::vector<Genuine> encrypted_people() {
  const std::string aes = "http://www.w3.org/2001/04/xmlenc#aes";
  const std::string gcm = "http://www.w3.org/2009/xmlenc11#aes";
  std::vector<Genuine> all;
  for (const auto& [name, sign, block, is_beside] :
       {std::tuple{"jim", forge::Sign::assertion, aes + "256-cbc", false},
        std::tuple{"kay", forge::Sign::response, gcm + "128-gcm", true},
        std::tuple{"lee", forge::Sign::both, gcm + "256-gcm", false}}) {
    all.push_back(person(name, sign));
    all.back().options.encrypt_assertion = for_us(block, is_beside);
  }
  all.push_back(person("moe"));
  all.back().options.encrypt_name_id = for_us(aes + "128-cbc", false);
  for (Genuine& genuine : all) genuine.is_ec = true;
  return all;
}

KeyPair key_pair(const forge::Authority& authority) {
  return {Secret(authority.private_key_pem), authority.certificate_pem};
}

World make_world() {
  saml::initialize();
  const forge::Options defaults;
  World w;
  w.sp.entity_id = defaults.audience;
  w.sp.acs_url = defaults.acs_url;
  w.sp.slo_url = "https://sp.test/saml2/logout";
  w.sp.decryption.push_back(key_pair(load_authority("sp")));
  w.idp.name = "corp";
  w.idp.domains = {"corp.test"};
  w.idp.email_attributes = {"mail", "NameID"};
  w.idp.name_attributes = {"displayName"};
  w.idp.metadata.entity_id = defaults.issuer;
  w.idp.metadata.sso_redirect_url = "https://idp.test/sso";
  w.idp.metadata.signing_certificates_der = {rsa_authority().certificate_der,
                                             ec_authority().certificate_der};
  w.idp.logout.binding = LogoutBinding::redirect;
  w.idp.logout.request_url = w.idp.logout.response_url = "https://idp.test/slo";
  w.params = {w.sp.entity_id, w.sp.acs_url, defaults.in_response_to, defaults.now,
              std::chrono::seconds(120)};
  return w;
}

}  // namespace

forge::Authority load_authority(const std::string& name) {
  const std::string path = std::string(ANTEROOM_FUZZ_KEYS) + "/" + name;
  forge::Authority authority{read_file(path + ".key.pem"), read_file(path + ".certificate.pem"),
                             ""};
  authority.certificate_der = crypto::pem_to_der_certificate(authority.certificate_pem).value();
  return authority;
}

const forge::Authority& rsa_authority() {
  static const forge::Authority kAuthority = load_authority("idp-rsa");
  return kAuthority;
}

const forge::Authority& ec_authority() {
  static const forge::Authority kAuthority = load_authority("idp-ec");
  return kAuthority;
}

std::vector<Genuine> genuine_responses() {
  auto all = plain_people();
  for (Genuine& genuine : encrypted_people()) all.push_back(std::move(genuine));
  for (Genuine& genuine : all) {
    if (genuine.is_ec) {
      genuine.options.signature_method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    }
  }
  return all;
}

std::string make(const Genuine& genuine) {
  return forge::make_response(genuine.is_ec ? ec_authority() : rsa_authority(), genuine.options);
}

std::string logout_request() {
  return "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
         "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"" +
         std::string(kLogoutId) +
         "\" Version=\"2.0\" IssueInstant=\"2027-01-15T08:00:00Z\" "
         "Destination=\"https://sp.test/saml2/logout\"><saml:Issuer>" +
         forge::Options{}.issuer +
         "</saml:Issuer><saml:NameID>ann@corp.test</saml:NameID>"
         "<samlp:SessionIndex>_a-ann</samlp:SessionIndex></samlp:LogoutRequest>";
}

const World& world() {
  // Never destroyed: the verifier refers to it for as long as the process lives.
  static const World* const kWorld = [] {
    auto* made = new World(make_world());
    made->verifier = std::make_unique<saml::ResponseVerifier>(made->sp, made->idp);
    made->logout_verifier = std::make_unique<saml::LogoutVerifier>(made->sp, made->idp);
    return made;
  }();
  return *kWorld;
}

void require_genuine(const saml::VerifiedAssertion& a) {
  static const auto* const kAll = new std::vector<Genuine>(genuine_responses());
  const auto found = std::find_if(kAll->begin(), kAll->end(), [&](const Genuine& genuine) {
    return genuine.options.assertion_id == a.assertion_id();
  });
  require(found != kAll->end(), "an assertion nobody made was accepted");
  const forge::Options& o = found->options;
  require(a.idp() == "corp" && a.issuer() == o.issuer, "issuer");
  require(a.email() == o.name_id && a.name_id() == o.name_id && a.subject().empty(), "person");
  require(a.name_id_format() == o.name_id_format, "NameID format");
  require(a.session_index() == o.assertion_id, "SessionIndex");
  require(a.replay_until() == o.now + std::chrono::minutes(70) + std::chrono::seconds(120),
          "replay_until");
  require(!a.session_not_on_or_after(), "SessionNotOnOrAfter");
  require(a.display_name() == found->name + " of Corp", "display name");
  require(a.attributes() ==
              saml::VerifiedAssertion::Attributes(o.attributes.begin(), o.attributes.end()),
          "attributes");
}

std::string artifact_answer(const std::string& message) {
  return "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>"
         "<samlp:ArtifactResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
         "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_ar\" Version=\"2.0\" "
         "IssueInstant=\"2027-01-15T08:00:00Z\" InResponseTo=\"" +
         std::string(kResolveId) + "\"><saml:Issuer>" + forge::Options{}.issuer +
         "</saml:Issuer><samlp:Status><samlp:StatusCode "
         "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>" +
         message + "</samlp:ArtifactResponse></soap:Body></soap:Envelope>";
}

}  // namespace anteroom::fuzz
