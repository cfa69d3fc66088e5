#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "anteroom/company_directory.h"
#include "anteroom/settings.h"
#include "config/keys.h"
#include "support/folder.h"
#include "support/forge.h"

using namespace anteroom;
namespace fs = std::filesystem;

namespace {

const forge::Authority& authority() {
  static const forge::Authority kAuthority = forge::make_authority();
  return kAuthority;
}

// A directory of configuration files that goes when the case ends.
class Files {
 public:
  Files() {
    write("cookie.key", std::string(64, 'a') + "\n", 0600);
    write("corp.xml",
          forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()}, true));
    fs::create_directory(directory_ / "idp.d");
  }

  void write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    const fs::path path = directory_ / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
  }
  void remove(const std::string& name) const { fs::remove(directory_ / name); }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (directory_ / name).string();
  }

  [[nodiscard]] LoadedSettings load(const std::string& yaml) const {
    write("anteroom.yaml", yaml);
    return load_settings(path("anteroom.yaml"), forge::Options{}.now);
  }
  /// The problems as lines, the directory left out.
  [[nodiscard]] std::vector<std::string> complaints(const std::string& yaml) const {
    std::vector<std::string> lines;
    for (const Problem& problem : load(yaml).problems) {
      std::string line = to_string(problem);
      for (std::size_t at = 0; (at = line.find(directory_.string() + "/")) != std::string::npos;) {
        line.erase(at, directory_.string().size() + 1);
      }
      lines.push_back(line);
    }
    return lines;
  }

 private:
  test::Folder folder_;
  fs::path directory_ = folder_.path();
};

const std::string kGood = R"(service_provider:
  entity_id: urn:amazon:cognito:sp:us-east-1_rlgU6e3y5
  base_url: https://login.servusconnect.com
  apps: [https://app.servusconnect.com]
  landing_url: https://app.servusconnect.com
identity_providers:
  - name: corp
    preset: entra
    metadata: corp.xml
    domains: [corp.test]
database: { connection: "host=/run/postgresql dbname=anteroom" }
sessions: { cookie_keys: [cookie.key] }
access: { levels: [viewer, manager] }
)";

std::string with(const std::string& from, const std::string& to) {
  return forge::replaced(kGood, from, to);
}

bool has(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("the values of a typical Entra tutorial load") {
  const Files files;
  const LoadedSettings loaded = files.load(kGood);
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(to_string(problem));
  REQUIRE(loaded.settings != nullptr);
  CHECK(loaded.problems.empty());
  const auto& sp = loaded.settings->service_provider;
  CHECK(sp.acs_url == "https://login.servusconnect.com/saml2/idpresponse");
  CHECK(sp.apps.size() == 2);
  const auto& idp = loaded.settings->identity_providers.at(0);
  CHECK(idp.button == "Log In with Microsoft");
  CHECK(idp.subject_attributes.size() == 2);
  CHECK(idp.metadata.entity_id == "https://idp.test/");
  CHECK(loaded.settings->access.process_requests == "manager");
  CHECK(loaded.settings->sessions.cookie_keys.at(0).reveal().size() == 32);
}

TEST_CASE("everything that is wrong is reported at once, by place") {
  const Files files;
  const auto lines = files.complaints(R"(service_provider:
  entity_id: x
  base_ur: https://login.test
  base_url: http://login.test
  landing_url: https://elsewhere.test
databse: {}
sessions:
  lifetime: soon
  cookie_keys: [missing.key]
access: { levels: [viewer, viewer, "Bad Level"] }
manage: { request_new_users: boss }
pages: { accent: blue, stream_heartbeat: 1h }
clock_skew: 1h
)");
  CHECK(has(lines, "anteroom.yaml:3:3: error: unknown key 'base_ur', did you mean 'base_url'?"));
  CHECK(has(lines, "anteroom.yaml:4:13: error: 'base_url' must be https"));
  CHECK(has(lines, "anteroom.yaml:6:1: error: unknown key 'databse', did you mean 'database'?"));
  CHECK(has(lines, "error: 'database.connection' is missing"));
  CHECK(has(lines, "anteroom.yaml:8:13: error: 'sessions.lifetime' must be a time such as 30s"));
  CHECK(has(lines, "anteroom.yaml:9:17: error: missing.key: No such file"));
  CHECK(has(lines, "error: level 'viewer' is there twice"));
  CHECK(has(lines, "error: 'Bad Level' is not a valid level name"));
  CHECK(has(lines, "error: 'boss' is not in access.levels"));
  CHECK(has(lines, "error: 'pages.accent' must be a colour"));
  CHECK(has(lines, "error: 'pages.stream_heartbeat' must be a time"));
  CHECK(has(lines, "error: 'clock_skew' must be a time"));
}

TEST_CASE("plain http is for this machine only") {
  const Files files;
  CHECK(files.load(with("https://login.servusconnect.com", "http://localhost:8080")).settings !=
        nullptr);
  CHECK(has(
      files.complaints(with("https://login.servusconnect.com", "http://login.servusconnect.com")),
      "must be https"));
}

TEST_CASE("a repeated key, a wrong type and broken YAML are told by place") {
  const Files files;
  CHECK(has(files.complaints(kGood + "access: { levels: [a] }\n"),
            "anteroom.yaml:14:1: error: 'access' is there twice"));
  CHECK(has(files.complaints(with("[corp.test]", "{a: b}")),
            "'identity_providers.domains' must be a list of texts"));
  CHECK(has(files.complaints("a: [\n"), "YAML:"));
  CHECK(has(files.complaints(""), "the file is empty"));
  CHECK(has(files.complaints("- a\n"), "the file must be a mapping"));
  CHECK(has(files.complaints("a: &x [1]\nb: *x\n"), "anchors, aliases"));
  CHECK(has(files.complaints(std::string(200, '[') + "\n"), "deep nesting"));
}

TEST_CASE("a configuration that is not there is told") {
  const LoadedSettings loaded = load_settings("/nonexistent/anteroom.yaml", forge::Options{}.now);
  REQUIRE(loaded.problems.size() == 1);
  CHECK(to_string(loaded.problems[0]) ==
        "/nonexistent/anteroom.yaml: error: /nonexistent/anteroom.yaml: No such file or directory");
}

TEST_CASE("a domain belongs to one company, which owns it") {
  const Files files;
  const auto complain = [&](const std::string& domains) {
    return files.complaints(with("[corp.test]", domains));
  };
  CHECK(has(complain("[gmail.com]"), "gmail.com is a public mail domain"));
  CHECK(has(complain("[Corp.test]"), "'Corp.test' is not an email domain in lower case"));
  CHECK(has(complain("[corp]"), "is not an email domain"));
  CHECK(has(complain("['@corp.test']"), "is not an email domain"));
  CHECK(has(complain("[corp.test, corp.test]"), "corp.test belongs to 'corp' already"));
  CHECK(has(complain("[münchen.example, xn--mnchen-3ya.example]"),
            "xn--mnchen-3ya.example belongs to 'corp' already"));
  CHECK(has(complain("[ｃorp.test]"), "is not an email domain"));
}

TEST_CASE("a domain may be written in Unicode") {
  const Files files;
  const LoadedSettings loaded = files.load(with("[corp.test]", "[münchen.example]"));
  REQUIRE(loaded.settings != nullptr);
  CHECK(CompanyDirectory(loaded.settings).by_domain("xn--mnchen-3ya.example") != nullptr);
}

TEST_CASE(
    "identity providers in the directory: each its own file, all checked against each other") {
  const Files files;
  const std::string yaml = kGood + "identity_providers_directory: idp.d\n";
  files.write("idp.d/other.yaml", "name: other\nmetadata: other.xml\ndomains: [other.test]\n");
  files.write("idp.d/other.xml",
              forge::make_metadata("https://other.test/", "https://other.test/sso", {authority()}));
  const LoadedSettings loaded = files.load(yaml);
  REQUIRE(loaded.settings != nullptr);
  CHECK(CompanyDirectory(loaded.settings).by_domain("other.test")->name == "other");
  CHECK(CompanyDirectory(loaded.settings).by_domain("sub.other.test") == nullptr);

  files.write("idp.d/other.yaml",
              "name: corp\nmetadata: other.xml\ndomains: [corp.test]\nextra: 1\n");
  const auto lines = files.complaints(yaml);
  CHECK(has(lines, "idp.d/other.yaml:4:1: error: unknown key 'extra'"));
  CHECK(has(lines, "identity provider 'corp' is there already: "));
  CHECK(has(lines,
            "idp.d/other.yaml:3:11: error: corp.test belongs to 'corp' already: anteroom.yaml:10"));
}

TEST_CASE("metadata must hold one SAML 2.0 identity provider") {
  const Files files;
  const std::string good =
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()});
  const auto complain = [&](const std::string& xml) {
    files.write("corp.xml", xml);
    return files.complaints(kGood);
  };
  CHECK(has(complain("junk"), "until this is mended: this is not usable XML"));
  CHECK(has(complain("<a/>"), "not EntityDescriptor"));
  CHECK(has(
      complain(forge::replaced(good, "<IDPSSODescriptor", "<SPSSODescriptor").replace(0, 0, "")),
      "not usable XML"));
  CHECK(has(
      complain("<EntityDescriptor entityID=\"x\" xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>"),
      "no identity provider (IDPSSODescriptor)"));
  const std::string body = good.substr(good.find("<EntityDescriptor"));
  CHECK(has(complain("<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">" + body +
                     body + "</EntitiesDescriptor>"),
            "several identity providers"));
  CHECK(has(
      complain(forge::replaced(good, "https://idp.test/\"", "https://sts.windows.net/{tenant}/\"")),
      "is a template"));
  // Its people are turned away until it is mended; nobody else.
  const auto expired =
      complain(forge::replaced(good, "ID=\"_m1\"", "validUntil=\"2020-01-01T00:00:00Z\""));
  CHECK(has(expired, "warning: "));
  CHECK(has(expired, "corp.xml: it has expired (validUntil)"));
  CHECK(has(complain(forge::replaced(good, "Location=\"https://idp.test/sso\"",
                                     "Location=\"http://idp.test/sso\"")),
            "not an https URL"));
  CHECK(has(complain(forge::make_metadata("https://idp.test/", "https://idp.test/sso", {})),
            "no signing certificate"));
}

TEST_CASE("what companies are kept in is a directory of its own") {
  const Files files;
  const auto kept_in = [&](const std::string& name) {
    return files.complaints(with("database:", "companies: { kept_in: " + name + " }\ndatabase:"));
  };
  CHECK(kept_in("kept").empty());
  CHECK(kept_in("/var/cache/anteroom").empty());
  for (const char* name : {".", "./", "kept/..", "/", "..", "/tmp"}) {
    INFO(name);
    CHECK(has(kept_in(name), "becomes the workers' own"));
  }
}

TEST_CASE("metadata is read only as it was signed, where its certificate is pinned") {
  const Files files;
  const std::string plain =
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()});
  const std::string good = forge::sign(plain, "_m1", authority(), {});
  const std::string pinned = with("metadata: corp.xml",
                                  "metadata: corp.xml\n    "
                                  "metadata_certificate: pinned.pem");
  files.write("pinned.pem", authority().certificate_pem);
  const auto complain = [&](const std::string& xml) {
    files.write("corp.xml", xml);
    return files.complaints(pinned);
  };
  CHECK(complain(good).empty());
  files.write("pinned.pem", authority().certificate_pem + forge::make_authority().certificate_pem);
  CHECK(has(complain(good), "holds several certificates"));
  files.write("pinned.pem", authority().certificate_pem);
  CHECK(
      complain(forge::replaced(good, "<KeyDescriptor", "<!-- a remark --><KeyDescriptor")).empty());
  CHECK(has(complain(plain), "it is not signed"));
  CHECK(has(complain(forge::replaced(good, "https://idp.test/sso", "https://evil.test/sso")),
            "changed after it was signed"));
  CHECK(has(complain(forge::replaced(good, "<ds:SignatureValue>", "<ds:SignatureValue>AAAA")),
            "not signed by the certificate"));
  CHECK(has(complain(forge::sign(plain, "_m1", forge::make_authority(), {})),
            "not signed by the certificate"));
  CHECK(has(complain(forge::replaced(good, "ID=\"_m1\"", "ID=\"_m2\"")), "its signature"));
  forge::Options sha1;
  sha1.digest_method = "http://www.w3.org/2000/09/xmldsig#sha1";
  CHECK(has(complain(forge::sign(plain, "_m1", authority(), sha1)), "signed with SHA-1"));
  sha1.digest_method = forge::Options{}.digest_method;
  sha1.signature_method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
  CHECK(has(complain(forge::sign(plain, "_m1", authority(), sha1)), "not supported"));
  SECTION("a forged entity around or beside the signed one is no part of it") {
    const std::string forged = forge::replaced(plain, "_m1", "_evil");
    const std::string body = good.substr(good.find("<EntityDescriptor"));
    CHECK(has(complain("<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">" +
                       body + "</EntitiesDescriptor>"),
              "it is not signed"));
    const auto from = body.find("<ds:Signature ");
    const std::string signature = body.substr(from, body.find("</ds:Signature>") + 15 - from);
    CHECK(
        has(complain(forge::replaced(forged, "<IDPSSODescriptor", signature + "<IDPSSODescriptor")),
            "its signature"));
  }
  SECTION("what is pinned must be a certificate") {
    files.write("pinned.pem", "junk");
    CHECK(has(complain(good), "there is no certificate in PEM in it"));
  }
}

TEST_CASE("metadata is fetched over https only, and never without what it is held to") {
  const Files files;
  const auto load = [&](const std::string& more) {
    return files.load(with("metadata: corp.xml", "metadata: corp.xml" + more));
  };
  auto loaded = load("\n    metadata_url: https://idp.test/metadata");
  REQUIRE(loaded.metadata_sources.size() == 1);
  CHECK(loaded.metadata_sources[0].idp == "corp");
  CHECK(loaded.metadata_sources[0].file == files.path("corp.xml"));
  CHECK(loaded.metadata_sources[0].refresh_every == std::chrono::hours(6));
  CHECK(load("").metadata_sources.empty());

  for (const char* more :
       {"\n    metadata_url: http://idp.test/metadata", "\n    metadata_url: http://localhost/m",
        "\n    metadata_url: file:///etc/passwd", "\n    metadata_url: ''",
        "\n    metadata_url: https://idp.test/m\n    metadata_ca: none.pem",
        "\n    metadata_url: https://idp.test/m\n    metadata_ca: corp.xml",
        "\n    metadata_url: https://idp.test/m\n    metadata_certificate: none.pem"}) {
    INFO(more);
    loaded = load(more);
    CHECK(loaded.settings == nullptr);
    CHECK(loaded.metadata_sources.empty());
  }
  // What is fetched may be what mends the rest.
  loaded = load("\n    metadata_url: https://idp.test/m\n    sign_requests: true");
  CHECK(loaded.settings == nullptr);
  CHECK(loaded.metadata_sources.size() == 1);
  CHECK(load("\n    metadata_refresh: 1h").problems.size() == 1);
}

TEST_CASE("our own metadata is signed only with a key") {
  const Files files;
  CHECK(has(files.complaints(with("base_url:", "sign_metadata: true\n  base_url:")),
            "needs 'service_provider.signing'"));
}

TEST_CASE("an expired signing certificate warns, or refuses where the IdP's policy says so") {
  const Files files;
  files.write("corp.xml",
              forge::make_metadata("https://idp.test/", "https://idp.test/sso",
                                   {forge::make_authority(forge::KeyType::rsa2048, -1)}));
  const LoadedSettings loaded = files.load(kGood);
  CHECK(loaded.settings != nullptr);
  CHECK(loaded.problems.size() == 1);
  const auto lines =
      files.complaints(with("preset: entra", "preset: entra\n    expired_certificate: reject"));
  CHECK_FALSE(has(lines, "error: "));
  CHECK(
      has(lines,
          "nobody of 'corp' signs on until this is mended: every signing certificate has expired"));
}

TEST_CASE("a certificate that expires within thirty days is announced") {
  const Files files;
  files.write("corp.xml",
              forge::make_metadata("https://idp.test/", "https://idp.test/sso",
                                   {forge::make_authority(forge::KeyType::rsa2048, 7)}));
  CHECK(has(files.complaints(kGood), "expires in 7 days"));
}

TEST_CASE("signing needs a key and a certificate that belong together and are in date") {
  const Files files;
  const std::string yaml =
      with("landing_url", "signing: { key: sp.key, certificate: sp.crt }\n  landing_url");
  files.write("sp.key", authority().private_key_pem, 0600);
  files.write("sp.crt", authority().certificate_pem);
  CHECK(files.load(yaml).settings != nullptr);
  files.write("sp.crt", forge::make_authority().certificate_pem);
  CHECK(has(files.complaints(yaml), "do not belong together"));
  const forge::Authority old = forge::make_authority(forge::KeyType::rsa2048, -1);
  files.write("sp.key", old.private_key_pem, 0600);
  files.write("sp.crt", old.certificate_pem);
  // Whoever starts nginx that night must not find the gate closed.
  CHECK(has(files.complaints(yaml), "warning: "));
  CHECK(has(files.complaints(yaml), "sp.crt has expired"));
  CHECK(files.load(yaml).settings != nullptr);
  CHECK(has(files.complaints(with("preset: entra", "sign_requests: true")),
            "needs 'service_provider.signing'"));
}

TEST_CASE("a key that nothing can be signed with is refused when the configuration is read") {
  const Files files;
  const std::string yaml =
      with("landing_url", "signing: { key: sp.key, certificate: sp.crt }\n  landing_url");
  for (const auto type : {forge::KeyType::ec256, forge::KeyType::ed25519, forge::KeyType::rsa_pss,
                          forge::KeyType::rsa1024, forge::KeyType::dsa}) {
    const forge::Authority unfit = forge::make_authority(type);
    files.write("sp.key", unfit.private_key_pem, 0600);
    files.write("sp.crt", unfit.certificate_pem);
    CHECK(files.load(yaml).settings == nullptr);
    CHECK(has(files.complaints(yaml), "error: sp.key: RSA of at least 2048 bits is needed"));
    // The next one is left out: nothing is signed with it yet.
    files.write("sp.key", authority().private_key_pem, 0600);
    files.write("sp.crt", authority().certificate_pem);
    files.write("sp.key.next", unfit.private_key_pem, 0600);
    files.write("sp.crt.next", unfit.certificate_pem);
    const auto loaded = files.load(yaml);
    REQUIRE(loaded.settings != nullptr);
    CHECK(loaded.settings->service_provider.other_signing.empty());
    CHECK(has(files.complaints(yaml), "warning: sp.key.next is left out"));
    files.remove("sp.key.next");
  }
}

TEST_CASE("what a company says of itself closes that company, and is not an error") {
  const Files files;
  const std::string good =
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()});
  const std::string weak = forge::make_metadata("https://idp.test/", "https://idp.test/sso",
                                                {forge::make_authority(forge::KeyType::rsa1024)});
  const auto check = [&](const std::string& yaml, const std::string& xml, const std::string& why) {
    CAPTURE(why);
    files.write("corp.xml", xml);
    const auto loaded = files.load(yaml);
    REQUIRE(loaded.settings != nullptr);
    const std::string& closed = loaded.settings->identity_providers.at(0).closed;
    CHECK((why.empty() ? closed.empty() : closed.find(why) != std::string::npos));
    CHECK(has(files.complaints(yaml), "nobody of 'corp' signs on") == !why.empty());
  };
  check(kGood, good, "");
  check(kGood, "junk", "not usable XML");
  check(kGood, "<!DOCTYPE x>" + good.substr(good.find("<EntityDescriptor")), "not usable XML");
  check(kGood, weak, "no usable signing key");
  check(with("domains: [corp.test]", "domains: [corp.test]\n    response_binding: artifact"), good,
        "no ArtifactResolutionService");
  std::string post = good;
  const auto at = post.find("<SingleSignOnService");
  post.erase(at, post.find("/>", at) + 2 - at);
  check(with("domains: [corp.test]", "domains: [corp.test]\n    request_binding: redirect"), post,
        "no sign-on address");
  check(kGood, post, "");
  files.write("pinned.pem", authority().certificate_pem);
  check(with("metadata: corp.xml", "metadata: corp.xml\n    metadata_certificate: pinned.pem"),
        good, "it is not signed");
  check(with("domains: [corp.test]", "domains: [corp.test]\n    single_logout: { binding: post }"),
        good, "");
}

TEST_CASE("requests go as the metadata offers and asks") {
  const Files files;
  std::string post =
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()});
  const auto at = post.find("<SingleSignOnService");
  post.erase(at, post.find("/>", at) + 2 - at);
  const auto idp = [&](const std::string& yaml) {
    const auto loaded = files.load(yaml);
    REQUIRE(loaded.settings != nullptr);
    return loaded.settings->identity_providers.at(0);
  };
  CHECK(idp(kGood).request_binding == RequestBinding::redirect);
  files.write("corp.xml", post);
  CHECK(idp(kGood).request_binding == RequestBinding::post);
  CHECK(idp(kGood).sign_on_url() == "https://idp.test/sso");

  files.write("corp.xml", forge::replaced(post, "<IDPSSODescriptor ",
                                          "<IDPSSODescriptor WantAuthnRequestsSigned=\"true\" "));
  CHECK_FALSE(idp(kGood).sign_requests);
  CHECK(has(files.complaints(kGood),
            "warning: corp.xml: it wants signed requests "
            "(WantAuthnRequestsSigned): without "
            "'service_provider.signing'"));
  files.write("sp.key", authority().private_key_pem, 0600);
  files.write("sp.crt", authority().certificate_pem);
  const std::string able =
      with("landing_url", "signing: { key: sp.key, certificate: sp.crt }\n  landing_url");
  CHECK(idp(able).sign_requests);
  CHECK_FALSE(has(files.complaints(able), "wants signed requests"));
  const std::string against =
      forge::replaced(able, "preset: entra", "preset: entra\n    sign_requests: false");
  CHECK_FALSE(idp(against).sign_requests);
  CHECK(has(files.complaints(against), "without 'sign_requests' every sign-on may be refused"));
}

TEST_CASE("a NameID format that the metadata does not name is told") {
  const Files files;
  const std::string yaml = with("preset: entra", "preset: entra\n    name_id_format: urn:wanted");
  CHECK(files.complaints(yaml).empty());
  const std::string plain =
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()});
  const auto offering = [&](const std::string& format) {
    files.write("corp.xml",
                forge::replaced(plain, "<SingleLogoutService",
                                "<NameIDFormat>" + format + "</NameIDFormat><SingleLogoutService"));
    return files.complaints(yaml);
  };
  CHECK(offering("urn:wanted").empty());
  CHECK(has(offering("urn:other"),
            "warning: 'name_id_format' is not among those that the metadata names: "
            "urn:other"));
}

TEST_CASE("our entity ID is plain text") {
  const Files files;
  CHECK(has(files.complaints(with("entity_id: urn:amazon", "entity_id: \"urn:\\x01amazon\" #")),
            "'entity_id' has control characters"));
}

TEST_CASE("decryption keys: up to three pairs that belong together, RSA of 2048 bits") {
  const Files files;
  const auto yaml = [](const std::string& list) {
    return with("landing_url", "decryption: [" + list + "]\n  landing_url");
  };
  const std::string pair = "{ key: sp.key, certificate: sp.crt }";
  files.write("sp.key", authority().private_key_pem, 0600);
  files.write("sp.crt", authority().certificate_pem);
  const LoadedSettings two = files.load(yaml(pair + ", " + pair));
  REQUIRE(two.settings != nullptr);
  CHECK(two.settings->service_provider.decryption.size() == 2);
  CHECK(has(files.complaints(yaml(pair + "," + pair + "," + pair + "," + pair)), "at most three"));
  CHECK(has(files.complaints(yaml("{ key: sp.key }")), "certificate"));
  files.write("sp.key", authority().private_key_pem, 0644);
  CHECK(has(files.complaints(yaml(pair)), "sp.key"));
  for (const auto type : {forge::KeyType::rsa1024, forge::KeyType::ec256}) {
    const forge::Authority weak = forge::make_authority(type);
    files.write("sp.key", weak.private_key_pem, 0600);
    files.write("sp.crt", weak.certificate_pem);
    CHECK(has(files.complaints(yaml(pair)), "must be RSA with at least 2048 bits"));
    CHECK(files.load(yaml(pair)).settings == nullptr);
    // Beside the current one it is left out.
    files.write("sp.key.next", weak.private_key_pem, 0600);
    files.write("sp.crt.next", weak.certificate_pem);
    files.write("sp.key", authority().private_key_pem, 0600);
    files.write("sp.crt", authority().certificate_pem);
    const auto loaded = files.load(yaml(pair));
    REQUIRE(loaded.settings != nullptr);
    CHECK(loaded.settings->service_provider.decryption.size() == 1);
    CHECK(has(files.complaints(yaml(pair)), "sp.key.next is left out: "));
    files.remove("sp.key.next");
  }
  const forge::Authority old = forge::make_authority(forge::KeyType::rsa2048, -1);
  files.write("sp.key", old.private_key_pem, 0600);
  files.write("sp.crt", old.certificate_pem);
  CHECK(files.load(yaml(pair)).settings != nullptr);
  CHECK(has(files.complaints(yaml(pair)), "warning: "));
}

TEST_CASE("secrets that others can read are refused") {
  const Files files;
  files.write("cookie.key", std::string(64, 'a'), 0644);
  CHECK(has(files.complaints(kGood), "cookie.key is open to others: chmod 600"));
  files.write("cookie.key", std::string(64, 'a'), 0640);
  CHECK(files.load(kGood).settings != nullptr);
  files.write("cookie.key", "short", 0600);
  CHECK(has(files.complaints(kGood), "must hold 64 hex digits"));
}

TEST_CASE("the email page can be skipped with one identity provider only") {
  const Files files;
  CHECK(files.load(kGood + "skip_email_page: true\n").settings != nullptr);
  CHECK(
      has(files.complaints(with(
              "identity_providers:\n  - name: corp\n    preset: entra\n    metadata: corp.xml\n    "
              "domains: [corp.test]\n",
              "skip_email_page: true\n")),
          "needs exactly one identity provider"));
}

TEST_CASE("how people are signed on is configured per identity provider") {
  const Files files;
  const auto loaded =
      files.load(with("preset: entra", "force_authn: true\n    authn_context: urn:a"));
  REQUIRE(loaded.settings != nullptr);
  const auto& idp = loaded.settings->identity_providers.at(0);
  CHECK(idp.force_authn);
  CHECK(idp.authn_contexts == std::vector<std::string>{"urn:a"});
  const auto complaint = [&](const std::string& more) {
    return files.complaints(with("preset: entra", "preset: entra\n    " + more));
  };
  CHECK(has(complaint("force_authn: true\n    passive_first: true"), "contradict"));
  CHECK(has(complaint("passive_first: true"), "no effect without 'skip_email_page'"));
  CHECK(has(complaint("authn_context: \"urn:a urn:b\""), "must be a list of URIs"));
  CHECK(has(complaint("authn_context: urn:a"), "AADSTS75011"));
}

TEST_CASE("presets know what each product sends") {
  const Files files;
  const auto idp = [&](const std::string& preset) {
    const auto loaded = files.load(with("preset: entra", "preset: " + preset));
    REQUIRE(loaded.settings != nullptr);
    return loaded.settings->identity_providers.at(0);
  };
  CHECK(idp("adfs").email_attributes.at(1) ==
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn");
  CHECK(idp("adfs").button == "Log In with corp");
  CHECK(idp("adfs").button_of == "corp");
  CHECK(idp("okta").button_of == "Okta");
  CHECK(idp("okta\n    button: Enter").button == "Enter");
  CHECK(idp("okta\n    button: Enter").button_of.empty());
  CHECK(idp("okta").button == "Log In with Okta");
  CHECK(idp("google").button == "Log In with Google");
  CHECK(idp("keycloak").email_attributes.at(1) == "urn:oid:1.2.840.113549.1.9.1");
  CHECK(idp("generic").email_attributes.at(0) == "mail");
  for (const char* preset : {"adfs", "okta", "google", "keycloak", "generic"}) {
    CHECK(idp(preset).email_attributes.back() == "NameID");
    CHECK(idp(preset).subject_attributes.empty());
  }
  CHECK(has(files.complaints(with("preset: entra", "preset: azure")),
            "must be one of: adfs, entra, generic, google, keycloak, okta"));
}

TEST_CASE("a node must ask for a session often enough to note its use") {
  const Files files;
  const std::string from = "cookie_keys: [cookie.key]";
  CHECK(has(files.complaints(with(from, from + ", idle_timeout: 10m, cache_ttl: 6m")),
            "at most half of"));
  CHECK(files.load(with(from, from + ", idle_timeout: 10m, cache_ttl: 5m")).settings != nullptr);
}

TEST_CASE("templates that override nothing or do not parse are told") {
  const Files files;
  fs::create_directory(files.path("templates"));
  files.write("templates/nothing.mustache", "x");
  files.write("templates/sign_in.mustache", "{{#open}}");
  const auto lines = files.complaints(kGood + "pages: { templates: templates }\n");
  CHECK(has(lines, "nothing.mustache overrides nothing"));
  CHECK(has(lines, "sign_in.mustache"));
}

TEST_CASE("paths of our own must not collide") {
  const Files files;
  CHECK(has(files.complaints(with("landing_url", "acs_path: /auth/acs\n  landing_url")),
            "must not lie below"));
  CHECK(has(files.complaints(with("landing_url", "acs_path: //x\n  landing_url")),
            "'acs_path' must be a path"));
  CHECK(has(files.complaints(with("landing_url: https://app.servusconnect.com",
                                  "landing_url: https://evil.test")),
            "is on none of 'base_url' and 'apps'"));
}

TEST_CASE("audit events and decided requests are kept for a day at least, or for ever") {
  const Files files;
  const auto set = [](const std::string& what) {
    return with("dbname=anteroom\"", "dbname=anteroom\", " + what);
  };
  CHECK(
      has(files.complaints(set("keep_audit: 1h")), "'database.keep_audit' must be at least a day"));
  CHECK(
      has(files.complaints(set("keep_requests: 1h")), "'database.keep_requests' must be at least"));
  const Retention keep =
      files.load(set("keep_audit: 400d, keep_requests: 100d")).settings->database.keep;
  CHECK(keep.audit == std::chrono::hours(24 * 400));
  CHECK(keep.requests == std::chrono::hours(24 * 100));
  CHECK(files.load(set("keep_audit: 0s")).settings->database.keep.requests ==
        std::chrono::seconds(0));
}

TEST_CASE("every key is in the reference, and every key of the reference exists") {
  std::ifstream file(std::string(ANTEROOM_SOURCE_DIR) + "/nginx-conf/manual/configuration.md");
  std::vector<std::string> documented;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `")) documented.push_back(line.substr(3, line.find('`', 3) - 3));
  }
  std::vector<std::string> known = config::known_keys();
  std::sort(documented.begin(), documented.end());
  std::sort(known.begin(), known.end());
  CHECK(documented == known);
}

TEST_CASE("the annotated example loads") {
  const Files files;
  std::ifstream example(std::string(ANTEROOM_SOURCE_DIR) + "/nginx-conf/anteroom.yaml");
  std::string yaml{std::istreambuf_iterator<char>(example), {}};
  REQUIRE_FALSE(yaml.empty());
  files.write("contoso.xml", forge::make_metadata("https://contoso.test/",
                                                  "https://contoso.test/sso", {authority()}));
  const LoadedSettings loaded = files.load(yaml);
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(to_string(problem));
  CHECK(loaded.settings != nullptr);
}

TEST_CASE("Responses by artifact need a place that resolves them") {
  const Files files;
  const std::string yaml =
      with("domains: [corp.test]", "domains: [corp.test]\n    response_binding: artifact");
  CHECK(has(files.complaints(yaml), "the metadata has no ArtifactResolutionService over SOAP"));
  const std::string plain =
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()});
  const auto service = [&](const std::string& attributes) {
    return forge::replaced(plain, "<SingleLogoutService",
                           "<ArtifactResolutionService " + attributes + "/><SingleLogoutService");
  };
  const std::string soap = "Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" ";
  for (const std::string& unusable :
       {soap + "Location=\"https://idp.test/a\"", soap + "index=\"x\" Location=\"https://a.test/\"",
        std::string("Binding=\"urn:x\" index=\"0\" Location=\"https://idp.test/a\"")}) {
    files.write("corp.xml", service(unusable));
    CHECK(has(files.complaints(yaml), "the metadata has no ArtifactResolutionService"));
  }
  files.write("corp.xml", service(soap + "index=\"0\" Location=\"http://idp.test/a\""));
  CHECK(has(files.complaints(yaml), "ArtifactResolutionService leads to 'http://idp.test/a'"));
  // Of this machine's own services none is the company's to name; where we are on it, tests are.
  files.write("corp.xml", service(soap + "index=\"0\" Location=\"http://127.0.0.1:631/admin\""));
  CHECK(has(files.complaints(yaml),
            "ArtifactResolutionService http://127.0.0.1:631/admin is not an https URL"));
  CHECK_FALSE(has(files.complaints(
                      forge::replaced(yaml, "https://login.servusconnect.com", "http://localhost")),
                  "ArtifactResolutionService"));
  files.write("corp.xml", service(soap + "index=\"3\" Location=\"https://idp.test/a\""));
  const auto loaded = files.load(yaml);
  REQUIRE(loaded.settings != nullptr);
  const auto& idp = loaded.settings->identity_providers.at(0);
  CHECK(idp.metadata.artifact_urls == std::map<int, std::string>{{3, "https://idp.test/a"}});
  CHECK(has(files.complaints(yaml), "warning: without 'service_provider.signing'"));
}

TEST_CASE("the authorities of the back channel are certificates in PEM") {
  const Files files;
  const auto yaml =
      with("domains: [corp.test]", "domains: [corp.test]\n    back_channel_ca: ca.pem");
  CHECK(has(files.complaints(yaml), "ca.pem: No such file"));
  files.write("ca.pem", "no certificate");
  CHECK(has(files.complaints(yaml), "ca.pem: there is no certificate in PEM in it"));
  files.write("ca.pem", authority().certificate_pem);
  CHECK(has(files.complaints(yaml),
            "warning: 'back_channel_ca' is used with 'response_binding: artifact' only"));
}

TEST_CASE("metadata with a certificate, time or address that cannot be used is told") {
  const Files files;
  const std::string plain =
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()});
  const auto complain = [&](const std::string& metadata) {
    files.write("corp.xml", metadata);
    return files.complaints(kGood);
  };
  const auto from = plain.find("<X509Certificate>") + 17;
  std::string broken = plain;
  broken.replace(from, broken.find("</X509Certificate>") - from, "AAAA");
  CHECK(has(complain(broken), "a signing certificate in it cannot be read"));
  broken.replace(broken.find("AAAA"), 4, "no base64!");
  CHECK(has(complain(broken), "a signing certificate in it cannot be read"));
  CHECK(has(complain(forge::replaced(plain, " entityID=", " validUntil=\"soon\" entityID=")),
            "validUntil 'soon' is not a UTC time"));
  const std::string post =
      "<SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" ";
  for (const char* location : {"Location=\"http://idp.test/slo\"",
                               "Location=\"https://idp.test/slo\" ResponseLocation=\"ftp://x/\""}) {
    CHECK(has(complain(forge::replaced(plain, "<SingleLogoutService ",
                                       post + location + "/><SingleLogoutService ")),
              "SingleLogoutService leads to"));
  }
}

TEST_CASE("metadata without a name, a role for SAML 2.0 or a sign-on address is refused") {
  const Files files;
  const std::string plain =
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()});
  const auto complain = [&](const std::string& metadata) {
    files.write("corp.xml", metadata);
    return files.complaints(kGood);
  };
  const auto cut = [&](const std::string& from, const std::string& to) {
    const auto start = plain.find(from);
    return plain.substr(start, plain.find(to, start) + to.size() - start);
  };
  CHECK(has(complain(forge::replaced(plain, " entityID=\"https://idp.test/\"", "")),
            "has no entityID"));
  CHECK(has(complain(forge::replaced(plain, "SAML:2.0:protocol\"", "SAML:1.1:protocol\"")),
            "does not speak SAML 2.0"));
  const std::string role = cut("<IDPSSODescriptor", "</IDPSSODescriptor>");
  CHECK(has(complain(forge::replaced(plain, role, role + role)), "several IDPSSODescriptors"));
  std::string without = plain;
  for (std::size_t at = 0; (at = without.find("<SingleSignOnService")) != std::string::npos;) {
    without.erase(at, without.find("/>", at) + 2 - at);
  }
  CHECK(has(complain(without), "there is no SingleSignOnService with HTTP-Redirect or HTTP-POST"));
}

TEST_CASE("the signature of pinned metadata has one place and one shape") {
  const Files files;
  const std::string good =
      forge::sign(forge::make_metadata("https://idp.test/", "https://idp.test/sso", {authority()}),
                  "_m1", authority(), {});
  files.write("pinned.pem", authority().certificate_pem);
  const std::string pinned = with("metadata: corp.xml",
                                  "metadata: corp.xml\n    "
                                  "metadata_certificate: pinned.pem");
  const auto complain = [&](const std::string& xml) {
    files.write("corp.xml", xml);
    return files.complaints(pinned);
  };
  const auto from = good.find("<ds:Signature ");
  const std::string signature = good.substr(from, good.find("</ds:Signature>") + 15 - from);
  CHECK(has(complain(forge::replaced(good, signature, signature + signature)),
            "more than one signature"));
  CHECK(has(complain(forge::replaced(good, "ID=\"_m1\"", "ID=\"a b\"")), "no usable ID"));
  const auto second = good.find("<ds:Transform ", good.find("<ds:Transform ") + 1);
  std::string bare = good;
  const auto end = bare.find("</ds:Transforms>", second);
  bare.erase(second, end - second);
  CHECK(has(complain(bare), "does not use exclusive c14n"));
  std::string commented = good;
  const std::string exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
  commented.insert(commented.find(exclusive, second) + exclusive.size(), "WithComments");
  CHECK(has(complain(commented), "does not use exclusive c14n"));
}

namespace {

const std::string kMail = kGood +
                          "mail:\n  from: Maintenance <No-Reply@corp.test>\n"
                          "  smtp: smtp://mail.corp.test:587\n";

}  // namespace

TEST_CASE("mail: what is not said has safe defaults") {
  const Files files;
  CHECK_FALSE(files.load(kGood).settings->mail);
  const LoadedSettings loaded = files.load(kMail);
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(to_string(problem));
  REQUIRE(loaded.settings != nullptr);
  CHECK(loaded.problems.empty());
  const MailSettings& mail = *loaded.settings->mail;
  CHECK(mail.from_address == "no-reply@corp.test");
  CHECK(mail.from_name == "Maintenance");
  CHECK(mail.starttls);
  CHECK(mail.language == "en");
  CHECK(mail.max_age == std::chrono::hours(72));
  const auto bare = files.load(kGood + "mail: { from: a@corp.test, smtp: 'smtps://corp.test' }\n");
  REQUIRE(bare.settings != nullptr);
  CHECK(bare.settings->mail->from_name == "Anteroom");
  CHECK_FALSE(bare.settings->mail->starttls);  // TLS from the start
}

TEST_CASE("mail: everything that is wrong is reported at once, by place") {
  const Files files;
  files.write("password", "secret\n", 0644);
  files.write("ca.pem", "junk");
  const auto lines = files.complaints(kGood + R"(mail:
  from: "Ann <ann@corp.test>, Eve <eve@evil.test>"
  smtp: http://mail.corp.test
  startls: false
  user: anteroom
  password_file: password
  ca: ca.pem
  language: tlh
  notify: [a@corp.test, "b@corp.test\r\nBcc: c", a@corp.test]
  digest_every: 1s
  remind_after: soon
  max_age: 90d
  templates: nowhere
)");
  CHECK(has(lines, "anteroom.yaml:15:9: error: 'mail.from' must be an address"));
  CHECK(has(lines, "anteroom.yaml:16:9: error: 'mail.smtp' must be smtp://HOST:PORT"));
  CHECK(has(lines, "anteroom.yaml:17:3: error: unknown key 'startls', did you mean 'starttls'?"));
  CHECK(has(lines, "anteroom.yaml:19:18: error: password is open to others"));
  CHECK(has(lines, "anteroom.yaml:20:7: error: 'mail.ca' must be a PEM file"));
  CHECK(has(lines, "anteroom.yaml:21:13: error: 'mail.language' must be one of: en, es"));
  CHECK(has(lines, "anteroom.yaml:22:25: error: 'b@corp.test"));
  CHECK(has(lines, "error: a@corp.test is in 'mail.notify' twice"));
  CHECK(has(lines, "anteroom.yaml:23:17: error: 'mail.digest_every' must be a time"));
  CHECK(has(lines, "error: 'mail.remind_after' must be a time"));
  CHECK(has(lines, "error: 'mail.max_age' must be a time"));
  CHECK(has(lines, "error: nowhere: No such file"));
  CHECK(has(files.complaints(kGood + "mail: {}\n"), "'mail.from' is missing"));
  CHECK(has(files.complaints(kGood + "mail: {}\n"), "'mail.smtp' is missing"));
}

TEST_CASE("mail: a sender is one address") {
  const Files files;
  for (const std::string bad :
       {"ann", "<>", "Ann <ann>", "Ann <ann@corp.test> x", "a@corp.test, b@corp.test",
        "\"Ann\\r\\nBcc: <b@corp.test>\"", "<a@corp.test>, <b@corp.test>"}) {
    CAPTURE(bad);
    CHECK(has(files.complaints(
                  forge::replaced(kMail, "Maintenance <No-Reply@corp.test>", "'" + bad + "'")),
              "'mail.from' must be"));
  }
  CHECK(has(files.complaints(forge::replaced(kMail, "Maintenance <No-Reply@corp.test>",
                                             "\"Ann\\nBcc <b@corp.test>\"")),
            "'mail.from' must be"));
}

TEST_CASE("mail: nothing secret travels in the clear to another machine") {
  const Files files;
  files.write("password", "secret\n", 0600);
  const std::string user = "  user: anteroom\n  password_file: password\n";
  const std::string near = forge::replaced(kMail, "mail.corp.test:587", "127.0.0.1:2525");
  const auto settings = files.load(kMail + user).settings;
  REQUIRE(settings != nullptr);
  CHECK(settings->mail->password.reveal() == "secret");
  CHECK(has(files.complaints(kMail + "  starttls: false\n"),
            "anteroom.yaml:17:13: warning: mail travels to mail.corp.test in the clear"));
  CHECK(has(files.complaints(kMail + user + "  starttls: false\n"),
            "error: the password would travel to mail.corp.test in the clear"));
  CHECK(files.load(near + user).settings != nullptr);
  CHECK_FALSE(files.load(near).settings->mail->starttls);
  CHECK(files.load(near + "  starttls: true\n").settings->mail->starttls);
  CHECK(has(files.complaints(forge::replaced(kMail, "smtp://", "smtps://") + "  starttls: true\n"),
            "is for smtp:// only"));
  CHECK(has(files.complaints(kMail + "  user: anteroom\n"), "need each other"));
  CHECK(has(files.complaints(kMail + "  password_file: password\n"), "need each other"));
  for (const char* bad : {"smtp://a.test/path", "smtp://user@a.test", "smtp://a.test?x", "a.test",
                          "smtp://", "smtp://a.test:0", "smtp://a test"}) {
    CAPTURE(bad);
    CHECK(has(files.complaints(forge::replaced(kMail, "smtp://mail.corp.test:587",
                                               std::string("'") + bad + "'")),
              "'mail.smtp' must be"));
  }
}

TEST_CASE("mail: templates are checked when they are loaded") {
  const Files files;
  fs::create_directory(files.path("letters"));
  files.write("letters/digest.en.txt.mustache", "no subject\n");
  files.write("letters/digest.fr.txt.mustache", "Subject: x\n");
  files.write("letters/access_approved.en.html.mustache", "<p>{{{name}}}</p>");
  const auto lines = files.complaints(kMail + "  templates: letters\n");
  CHECK(has(lines, "letters/digest.en.txt.mustache: error: line 1: it must start with"));
  CHECK(has(lines, "digest.fr.txt.mustache overrides nothing"));
  CHECK(has(lines, "letters/access_approved.en.html.mustache: error: line 1: this writes"));
}
TEST_CASE("groups of a directory give levels at properties") {
  const Files files;
  const auto groups = [](const std::string& list) {
    return with("domains: [corp.test]", "domains: [corp.test]\n    scim:\n      groups:\n" + list);
  };
  const LoadedSettings loaded = files.load(
      groups("        - { name: Elm Managers, level: manager, properties: [elm-court, oak] }\n"
             "        - { name: Everybody, level: viewer, properties: \"*\" }"));
  REQUIRE(loaded.settings != nullptr);
  const auto& read = loaded.settings->identity_providers[0].scim_groups;
  REQUIRE(read.size() == 2);
  CHECK(read[0].group == "Elm Managers");
  CHECK(read[0].level == "manager");
  CHECK(read[0].properties == std::vector<std::string>{"elm-court", "oak"});
  CHECK(read[1].properties == std::vector<std::string>{"*"});

  const auto complains = [&](const std::string& entry, const std::string& about) {
    return has(files.complaints(groups("        - " + entry)), about);
  };
  CHECK(complains("{ name: A, level: boss, properties: [elm] }",
                  "anteroom.yaml:13:29: error: 'boss' is not in access.levels"));
  CHECK(complains("{ level: viewer, properties: [elm] }", "name' is missing"));
  CHECK(complains("{ name: A, level: viewer }", "'properties' must list property keys"));
  CHECK(complains("{ name: A, level: viewer, properties: [Elm Court] }",
                  "is not a valid property key"));
  CHECK(complains("{ name: A, level: viewer, properties: [elm, \"*\"] }",
                  "\"*\" stands for all properties"));
  CHECK(complains("{ name: A, level: viewer, properties: [elm], role: x }", "unknown key 'role'"));
}
