// fuzz-seeds DIR: the first inputs of each target, DIR/TARGET/NAME; legal ones and broken ones.
// fuzz-seeds --keys DIR: new keys for the world of the SAML targets; stored inputs signed by the
// old ones are worth little afterwards.

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "fuzz/genuine.h"

namespace {

using namespace anteroom;
using namespace anteroom::fuzz;
namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void write_keys(const fs::path& folder) {
  for (const auto& [name, type] :
       {std::pair{"idp-rsa", forge::KeyType::rsa2048}, std::pair{"idp-ec", forge::KeyType::ec256},
        std::pair{"sp", forge::KeyType::rsa2048}}) {
    const forge::Authority authority = forge::make_authority(type);
    write(folder / (std::string(name) + ".key.pem"), authority.private_key_pem);
    write(folder / (std::string(name) + ".certificate.pem"), authority.certificate_pem);
  }
}

// What an attacker without a key would try first.
std::map<std::string, std::string> tampered(const std::string& xml) {
  const auto at = xml.find("<Assertion ");
  const auto end = xml.find("</Assertion>") + 12;
  const std::string assertion = xml.substr(at, end - at);
  const auto from = assertion.find("<ds:Signature ");
  const std::string signature =
      assertion.substr(from, assertion.find("</ds:Signature>") + 15 - from);
  std::string evil = forge::replaced(assertion, signature, "");
  evil = forge::replaced(evil, ">ann@", ">evil@");
  const std::string other = forge::replaced(evil, "_a-ann", "_evil");
  return {{"email-changed", forge::replaced(xml, ">ann@", ">evil@")},
          {"comment", forge::replaced(xml, ">ann@", ">evil@corp.test<!---->ann@")},
          {"cdata", forge::replaced(xml, ">ann@", "><![CDATA[evil@corp.test]]>ann@")},
          {"entity", "<!DOCTYPE x [<!ENTITY e \"evil\">]>" + xml},
          {"instruction", forge::replaced(xml, ">ann@", "><?x y?>ann@")},
          {"twice", forge::replaced(xml, assertion, assertion + other)},
          {"evil-first", forge::replaced(xml, assertion, other + assertion)},
          {"within-evil",
           forge::replaced(xml, assertion,
                           forge::replaced(other, "</Assertion>", assertion + "</Assertion>"))},
          {"in-object",
           forge::replaced(xml, assertion,
                           forge::replaced(other, "<Subject>",
                                           forge::replaced(signature, "</ds:Signature>",
                                                           "<ds:Object>" + assertion +
                                                               "</ds:Object></ds:Signature>") +
                                               "<Subject>"))},
          {"in-extensions",
           forge::replaced(forge::replaced(xml, assertion, other), "<samlp:Status>",
                           "<samlp:Extensions>" + assertion + "</samlp:Extensions><samlp:Status>")},
          {"same-id", forge::replaced(xml, assertion, evil + assertion)},
          {"undeclared", forge::replaced(xml, "<samlp:Status>", "<samlp:Status zz:y=\"\">")},
          {"undeclaring", forge::replaced(xml, "<samlp:Status>", "<samlp:Status xmlns:zz=\"\">")},
          {"two-colons", forge::replaced(xml, "<samlp:Status>",
                                         "<samlp:Extensions><samlp:a:b/></samlp:Extensions>"
                                         "<samlp:Status>")},
          {"by-two-prefixes",
           forge::replaced(xml, "<samlp:Status>",
                           "<samlp:Status xmlns:a=\"urn:x\" xmlns:b=\"urn:x\" a:y=\"\" b:y=\"\">")},
          {"cut", xml.substr(0, xml.size() / 2)},
          {"failed-status", forge::replaced(forge::replaced(xml, assertion, ""), "status:Success",
                                            "status:Responder")}};
}

void write_responses(const fs::path& folder) {
  std::string first;
  for (const Genuine& genuine : genuine_responses()) {
    const std::string xml = make(genuine);
    if (first.empty()) first = xml;
    for (const char* target : {"verifier", "guard"}) write(folder / target / genuine.name, xml);
    forge::Options unsigned_options = genuine.options;
    unsigned_options.sign = forge::Sign::none;
    unsigned_options.encrypt_assertion = nullptr;
    write(folder / "assertion" / genuine.name,
          forge::make_response(ec_authority(), unsigned_options));
  }
  const auto bare = [](const std::string& xml) {
    return xml.starts_with("<?xml") ? xml.substr(xml.find("?>") + 2) : xml;
  };
  for (const Genuine& genuine : genuine_responses()) {
    write(folder / "artifact" / genuine.name, artifact_answer(bare(make(genuine))));
  }
  write(folder / "artifact" / "unknown", artifact_answer(""));
  for (const auto& [name, xml] : tampered(first)) {
    if (xml.find("<!DOCTYPE") != 0) write(folder / "artifact" / name, artifact_answer(bare(xml)));
    for (const char* target : {"verifier", "guard"}) write(folder / target / name, xml);
  }
  write(folder / "guard" / "form-value", forge::to_base64(first));
}

void write_metadata(const fs::path& folder) {
  const std::string id = "https://idp.test/";
  const std::string sso = "https://idp.test/sso";
  const std::string plain = forge::make_metadata(id, sso, {rsa_authority(), ec_authority()});
  write(folder / "two-keys", plain);
  write(folder / "entra", forge::make_metadata(id, sso, {ec_authority()}, true));
  write(folder / "template", forge::make_metadata("https://sts.test/{tenantid}/", sso, {}, true));
  write(folder / "expired",
        forge::replaced(plain, " entityID=", " validUntil=\"2020-01-01T00:00:00Z\" entityID="));
  write(folder / "valid",
        forge::replaced(plain, " entityID=", " validUntil=\"2040-01-01T00:00:00.5Z\" entityID="));
  const std::string element = plain.substr(plain.find("<EntityDescriptor"));
  write(folder / "federation",
        "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">" + element +
            "</EntitiesDescriptor>");
}

void write_texts(const fs::path& folder, const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) write(folder / std::to_string(i), texts[i]);
}

void write_plain(const fs::path& folder) {
  write_texts(folder / "url", {"/",
                               "/reports/?a=b&c=%2F",
                               "//evil.test/",
                               "/\\evil.test",
                               "\\/evil.test",
                               "/\t/evil.test",
                               "https://app.test",
                               "https://app.test:8443/a/../b?c",
                               "http://[::1]:80/",
                               "https://user@evil.test/",
                               "https://app.test\\@evil.test/",
                               "https:app.test",
                               "http://127.0.0.1/",
                               "javascript:alert(1)",
                               "https://app.test/#x",
                               "///evil.test",
                               "/%2f%2fevil.test",
                               "/.//evil.test",
                               "https://app.test:0/",
                               "https://app.test:65536/"});
  write_texts(
      folder / "cookie",
      {"__Host-anteroom=0123456789012345678901234567890123456789012", "a=b; c=d", "a; b=; =c",
       "__Host-anteroom-login-0011223344556677=AAAA; __Host-anteroom-browser=x", ";;; a==b ;",
       "a=\"b;c\"; \tb = c\t", std::string("\x00\x01z\x00\x02zz", 7)});
  write_texts(folder / "language", {"es-MX,es;q=0.9,en;q=0.5", "*", "en;q=0, *;q=0.001",
                                    " ES ; Q=1.000 ,\ten;q=2,,;q=;-,*;q=0"});
  write_texts(folder / "form", {"SAMLResponse=PHg%2BCg%3D%3D&RelayState=abc", "a=1&a=2",
                                "email=ann%40corp.test", "a=%00", "a=%4", "a+b=c+d", "&&a&=b&",
                                "SAMLRequest=fZ&SigAlg=http%3a%2f%2fwww&Signature=x%2B"});
}

void write_logout(const fs::path& folder) {
  const std::string request = logout_request();
  const std::string answer =
      "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
      "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_lr-ann\" Version=\"2.0\" "
      "InResponseTo=\"id1\" IssueInstant=\"2027-01-15T08:00:00Z\" "
      "Destination=\"https://sp.test/saml2/logout\"><saml:Issuer>" +
      forge::Options{}.issuer +
      "</saml:Issuer><samlp:Status><samlp:StatusCode "
      "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>"
      "</samlp:LogoutResponse>";
  write(folder / "logout" / "request", request);
  write(folder / "logout" / "answer", answer);
  write(folder / "logout" / "signed", forge::sign(request, kLogoutId, rsa_authority(), {}));
  forge::Redirect redirect;
  redirect.xml = request;
  write(folder / "redirect" / "unsigned", forge::unsigned_query(redirect));
  write(folder / "redirect" / "signed", forge::signed_query(redirect, rsa_authority()));
  redirect.is_lower = true;
  redirect.relay_state = "a/b=";
  write(folder / "redirect" / "entra", forge::signed_query(redirect, rsa_authority()));
  redirect.parameter = "SAMLResponse";
  redirect.xml = answer;
  write(folder / "redirect" / "answer", forge::unsigned_query(redirect));
  redirect.xml = std::string(100000, 'a');
  write(folder / "redirect" / "bomb", forge::unsigned_query(redirect));
}

constexpr const char* kYaml = R"(service_provider:
  entity_id: https://sp.test
  slo_path: /saml2/logout
  base_url: https://login.test
  apps: [https://app.test, "https://other.test:8443"]
  landing_url: https://app.test/
  acs_path: /saml2/idpresponse
  pages_prefix: /auth
  signing: { key: sp.key, certificate: sp.pem }
  decryption: [{ key: sp.key, certificate: sp.pem }]
identity_providers:
  - name: corp
    display_name: Corp
    preset: entra
    metadata: corp.xml
    domains: [corp.test, corp.example]
    button: Log In with Microsoft
    request_binding: post
    sign_requests: true
    send_login_hint: false
    name_id_format: urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress
    allow_unsolicited: true
    allow_sha1: true
    allow_rsa_pkcs1: true
    expired_certificate: reject
    attributes: { email: [mail], name: [displayName], subject: [oid] }
identity_providers_directory: idp.d
skip_email_page: true
database:
  connection: "host=/run/postgresql dbname=anteroom"
  password_file: password
  pool_size: 8
  queue_size: 64
  statement_timeout: 2s
  connect_timeout: 250ms
  grace: 5m
sessions:
  lifetime: 12h
  idle_timeout: 2h
  sign_on_timeout: 15m
  cache_ttl: 60s
  cache_size: 32M
  cookie_keys: [cookie.key]
access: { levels: [viewer, technician, manager, admin] }
manage: { request_new_users: manager, process_requests: admin }
pages:
  product_name: Example
  logo: logo.svg
  accent: "#1b5e9b"
  support: { email: support@corp.test, phone: "+1 555 0100", url: "https://corp.test/" }
  privacy_url: https://corp.test/privacy
  templates: templates
clock_skew: 2m
)";

void write_yaml(const fs::path& folder) {
  const std::string whole = kYaml;
  write(folder / "whole", whole);
  write(folder / "section", whole.substr(0, whole.find("identity_providers:")));
  write(folder / "unknown-key", forge::replaced(whole, "pool_size", "pool_sise"));
  write(folder / "alias", "a: &x [1]\nb: *x\n");
  write(folder / "flow", "{a: [1, {b: c}], ? d : e}");
  write(folder / "block",
        "a: |\n  text\n  more\nb: >-\n  folded\n--- \n...\n!!str x: \"\\u0041\"\n");
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "--keys") {
    write_keys(arguments[1]);
    return 0;
  }
  if (arguments.size() != 1 || arguments[0].starts_with("-")) {
    std::cerr << "usage: fuzz-seeds DIR | fuzz-seeds --keys DIR\n";
    return 2;
  }
  const fs::path folder = arguments[0];
  write_responses(folder);
  write_metadata(folder / "metadata");
  write_plain(folder);
  write_logout(folder);
  write_yaml(folder / "yaml");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "fuzz-seeds: " << error.what() << "\n";
    return 1;
  }
}
