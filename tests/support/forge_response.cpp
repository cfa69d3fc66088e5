// forge-response: an identity provider for tests written in other languages.
//
//   forge-response authority DIR ENTITY_ID SSO_URL
//     writes DIR/key.pem, DIR/certificate.pem and DIR/metadata.xml.
//
//   forge-response response DIR < JSON
//     prints the base64 of a Response signed with DIR's key. All members are optional:
//     {"issuer", "audience", "acs_url", "in_response_to", "response_id", "assertion_id", "name_id",
//      "name_id_format", "signature_method", "digest_method": text,
//      "now": seconds since 1970 (default: the clock),
//      "attributes": {"mail": ["ann@corp.test"]},
//      "sign": "none" | "assertion" | "response" | "both",
//      "encrypt_for": DIR of another authority, "encrypt_with": its algorithm for the data,
//      "replace": [["from", "to"], …]         before signing,
//      "replace_after": [["from", "to"], …]}  after signing

#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "support/forge.h"

namespace {

using anteroom::forge::Authority;
using anteroom::forge::Options;
using nlohmann::json;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

std::function<std::string(std::string)> replacements(const json& list) {
  return [list](std::string xml) {
    for (const json& pair : list)
      xml = anteroom::forge::replaced(std::move(xml), pair.at(0), pair.at(1));
    return xml;
  };
}

Options options_of(const json& given) {
  Options o;
  o.now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  if (given.contains("now"))
    o.now = anteroom::forge::Time(std::chrono::seconds(given["now"].get<std::int64_t>()));
  const auto text = [&](const char* name, std::string& value) { value = given.value(name, value); };
  text("issuer", o.issuer);
  text("audience", o.audience);
  text("acs_url", o.acs_url);
  text("in_response_to", o.in_response_to);
  text("response_id", o.response_id);
  text("assertion_id", o.assertion_id);
  text("name_id", o.name_id);
  text("name_id_format", o.name_id_format);
  text("signature_method", o.signature_method);
  text("digest_method", o.digest_method);
  if (given.contains("attributes")) {
    o.attributes.clear();
    for (const auto& [name, values] : given["attributes"].items()) {
      o.attributes.emplace_back(name, values.get<std::vector<std::string>>());
    }
  }
  using anteroom::forge::Sign;
  const std::map<std::string, Sign> signs{{"none", Sign::none},
                                          {"assertion", Sign::assertion},
                                          {"response", Sign::response},
                                          {"both", Sign::both}};
  o.sign = signs.at(given.value("sign", "assertion"));
  if (given.contains("encrypt_for")) {
    o.encrypt_assertion = std::make_shared<anteroom::forge::Encryption>();
    o.encrypt_assertion->recipient.certificate_der =
        read_file(given["encrypt_for"].get<std::string>() + "/certificate.der");
    text("encrypt_with", o.encrypt_assertion->block);
  }
  if (given.contains("replace")) o.before_signing = replacements(given["replace"]);
  if (given.contains("replace_after")) o.after_signing = replacements(given["replace_after"]);
  return o;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 4 && arguments[0] == "authority") {
    const Authority authority = anteroom::forge::make_authority();
    write_file(arguments[1] + "/key.pem", authority.private_key_pem);
    write_file(arguments[1] + "/certificate.pem", authority.certificate_pem);
    write_file(arguments[1] + "/certificate.der", authority.certificate_der);
    write_file(arguments[1] + "/metadata.xml",
               anteroom::forge::make_metadata(arguments[2], arguments[3], {authority}, true));
    return 0;
  }
  if (arguments.size() == 2 && arguments[0] == "response") {
    const Authority authority{read_file(arguments[1] + "/key.pem"),
                              read_file(arguments[1] + "/certificate.pem"),
                              read_file(arguments[1] + "/certificate.der")};
    const Options options = options_of(json::parse(std::cin));
    std::cout << anteroom::forge::to_base64(anteroom::forge::make_response(authority, options))
              << "\n";
    return 0;
  }
  std::cerr << "usage: forge-response authority DIR ENTITY_ID SSO_URL | response DIR < JSON\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "forge-response: " << error.what() << "\n";
    return 1;
  }
}
