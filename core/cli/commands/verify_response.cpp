#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "anteroom/email.h"
#include "anteroom/saml.h"
#include "cli/commands/console.h"
#include "crypto/encoding.h"
#include "crypto/envelope.h"
#include "text/instant.h"

namespace anteroom::cli {

namespace {

struct Given {
  std::string file, metadata, sp_entity_id, acs_url, in_response_to, at;
  std::vector<std::string> email_attributes, domains, decryption_keys;
  bool is_unsolicited = false;
  bool allow_sha1 = false;
  bool allow_rsa_pkcs1 = false;
  int clock_skew = 120;
};

Abort unusable(const std::string& what) {
  return {exit_usage, what};
}

std::string read_all(const std::string& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream file(path, std::ios::binary);
  if (!file) throw unusable("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// XML as it is, or the form value that the browser posted.
std::string encoded_of(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string::npos) throw unusable("the Response is empty");
  return text[first] == '<' ? crypto::base64(text) : text;
}

Time time_of(const std::string& text) {
  if (text.empty()) return SystemClock().now();
  const auto time = text::parse_instant(text);
  if (!time) throw unusable("--at wants a UTC time such as 2027-01-31T12:00:00Z");
  return *time;
}

Json json_of(const saml::Verdict& verdict) {
  Json checks = Json::array();
  for (const saml::Check& check : verdict.checks) {
    checks.push_back({{"name", check.name}, {"passed", check.passed}, {"detail", check.detail}});
  }
  Json json{{"accepted", verdict.assertion.ok()},
            {"failure", nullptr},
            {"issuer", nullptr},
            {"name_id", nullptr},
            {"name_id_format", nullptr},
            {"session_index", nullptr},
            {"email", nullptr},
            {"attributes", Json::object()},
            {"checks", checks}};
  if (!verdict.assertion) {
    json["failure"] = verdict.assertion.failure().code.name;
    return json;
  }
  const saml::VerifiedAssertion& assertion = *verdict.assertion;
  json["issuer"] = assertion.issuer();
  json["name_id"] = assertion.name_id();
  json["name_id_format"] = assertion.name_id_format();
  json["session_index"] = assertion.session_index();
  json["email"] = assertion.email();
  for (const auto& [name, values] : assertion.attributes()) json["attributes"][name] = values;
  return json;
}

std::string text_of(const saml::Verdict& verdict) {
  std::string text;
  for (const saml::Check& check : verdict.checks) {
    text += (check.passed ? "ok    " : "FAIL  ") + check.name +
            (check.detail.empty() ? "" : ": " + check.detail) + "\n";
  }
  if (verdict.assertion) return text + "accepted: " + verdict.assertion->email();
  return text + "rejected: " + std::string(verdict.assertion.failure().code.name);
}

// The ACS takes any domain that is registered; here, without a configuration, any is.
saml::Verdict verdict_of(saml::ResponseVerifier& verifier, IdentityProvider& idp,
                         const std::string& encoded, const saml::VerifyParams& params) {
  const bool is_any_domain = idp.domains.empty();
  saml::Verdict verdict = verifier.verify(encoded, params);
  if (is_any_domain && !verdict.unregistered_domain.empty()) {
    idp.domains.push_back(verdict.unregistered_domain);
    return verifier.verify(encoded, params);
  }
  return verdict;
}

void verify(Console& console, const Given& given) {
  const Time now = time_of(given.at);
  const auto metadata = saml::parse_idp_metadata(read_all(given.metadata), now);
  if (!metadata) throw unusable(given.metadata + ": " + metadata.failure().detail);
  if (given.is_unsolicited == !given.in_response_to.empty()) {
    throw unusable("say either --in-response-to ID or --unsolicited");
  }
  ServiceProviderSettings sp;
  sp.entity_id = given.sp_entity_id;
  sp.acs_url = given.acs_url;
  for (const std::string& file : given.decryption_keys) {
    sp.decryption.push_back({Secret(read_all(file)), ""});
    if (!crypto::DecryptionKey::load(sp.decryption.back().private_key_pem.reveal())) {
      throw unusable(file + ": a decryption key is RSA with at least 2048 bits, in PEM");
    }
  }
  IdentityProvider idp;
  idp.name = "the given metadata";
  idp.metadata = *metadata;
  idp.allow_sha1 = given.allow_sha1;
  idp.allow_rsa_pkcs1 = given.allow_rsa_pkcs1;
  idp.domains = given.domains;
  idp.email_attributes = given.email_attributes;
  const saml::VerifyParams params{given.sp_entity_id, given.acs_url, given.in_response_to, now,
                                  std::chrono::seconds(given.clock_skew)};
  const std::string encoded = encoded_of(read_all(given.file));
  saml::initialize();
  std::unique_ptr<saml::ResponseVerifier> verifier;
  try {
    verifier = std::make_unique<saml::ResponseVerifier>(sp, idp);
  } catch (const std::runtime_error& error) {
    throw unusable(error.what());
  }
  const saml::Verdict verdict = verdict_of(*verifier, idp, encoded, params);
  console.say(text_of(verdict), json_of(verdict));
  if (!verdict.assertion) throw Abort{exit_refused, ""};
}

}  // namespace

void add_verify_response(CLI::App& app, Console& console) {
  auto* command =
      app.add_subcommand("verify-response", "explain a captured Response, check by check");
  auto given = std::make_shared<Given>();
  given->email_attributes = {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
                             "mail",
                             "email",
                             "urn:oid:0.9.2342.19200300.100.1.3",
                             "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
                             "NameID"};
  command->add_option("FILE", given->file, "XML or base64; - for standard input")->default_val("-");
  command->add_option("--idp-metadata", given->metadata)->required();
  command->add_option("--sp-entity-id", given->sp_entity_id)->required();
  command->add_option("--acs-url", given->acs_url)->required();
  command->add_option("--in-response-to", given->in_response_to, "the request's ID");
  command->add_flag("--unsolicited", given->is_unsolicited, "no request was sent");
  command->add_option("--at", given->at, "as if it were this UTC time; default: now");
  command->add_option("--clock-skew", given->clock_skew, "seconds")
      ->check(CLI::Range(0, 300))
      ->capture_default_str();
  command->add_option("--decryption-key", given->decryption_keys,
                      "file with one of our private keys, PEM; repeatable");
  command->add_flag("--allow-sha1", given->allow_sha1);
  command->add_flag("--allow-rsa-pkcs1", given->allow_rsa_pkcs1,
                    "content keys encrypted by PKCS#1 v1.5");
  command->add_option("--email-attribute", given->email_attributes, "tried in order; repeatable");
  command->add_option("--domain", given->domains, "email domains of the IdP; default: any")
      ->transform([](const std::string& name) { return canonical_domain(name).value_or(name); });
  command->callback([&console, given] { verify(console, *given); });
}

}  // namespace anteroom::cli
