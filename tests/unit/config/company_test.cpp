#include <catch2/catch.hpp>

#include "anteroom/companies.h"
#include "support/forge.h"

using namespace anteroom;

namespace {

const std::string& metadata() {
  static const std::string kXml = forge::make_metadata(
      "https://contoso.test/", "https://contoso.test/sso", {forge::make_authority()});
  return kXml;
}

Settings settings() {
  Settings made;
  made.service_provider.entity_id = "https://sp.test";
  made.access.levels = {"viewer", "manager"};
  return made;
}

store::CompanyRow live() {
  return {"contoso", "Contoso", "live", {"contoso.test"}, R"({"preset": "entra"})", metadata(), 1};
}

IdentityProvider read(const store::CompanyRow& row) {
  return read_company(row, settings(), forge::Options{}.now).company;
}

}  // namespace

TEST_CASE("a company of the database is read by the rules of the configuration") {
  store::CompanyRow row = live();
  row.settings = R"({"preset": "okta", "force_authn": true, "attributes": {"email": ["mail"]},
                     "scim": {"groups": [{"name": "G", "level": "viewer", "properties": ["elm"]}]}})";
  const IdentityProvider company = read(row);
  CHECK(company.closed.empty());
  CHECK(company.name == "contoso");
  CHECK(company.display_name == "Contoso");
  CHECK(company.button == "Log In with Okta");
  CHECK(company.domains == std::vector<std::string>{"contoso.test"});
  CHECK(company.metadata.entity_id == "https://contoso.test/");
  CHECK(company.force_authn);
  CHECK(company.email_attributes == std::vector<std::string>{"mail"});
  REQUIRE(company.scim_groups.size() == 1);
}

TEST_CASE("whatever is wrong with a company closes it, and is said") {
  const auto change = GENERATE(
      std::pair(R"({"presett": "entra"})", "unknown key 'presett'"),
      std::pair(R"({"preset": "entro"})", "'preset' must be one of"),
      std::pair(R"({"metadata": "/etc/passwd"})", "'metadata' is not a setting"),
      std::pair(R"({"back_channel_ca": "/etc/passwd"})",
                "'back_channel_ca' of a company in the database must be the certificates"),
      std::pair(R"({"name": "corp"})", "'name' is not a setting"),
      std::pair(R"({"domains": ["corp.test"]})", "'domains' is not a setting"),
      std::pair(R"({"force_authn": "perhaps"})", "must be true or false"),
      std::pair(R"({"scim": {"groups": [{"name": "G", "level": "owner", "properties": "*"}]}})",
                "'owner' is not in access.levels"),
      std::pair(R"([1])", ""), std::pair("{", ""), std::pair("&a [*a]", ""));
  store::CompanyRow row = live();
  row.settings = change.first;
  const IdentityProvider company = read(row);
  INFO(change.first << ": " << company.closed);
  if (std::string_view(change.second).empty() && company.closed.empty()) {
    CHECK(company.preset == "generic");  // no setting at all
  } else {
    CHECK_FALSE(company.closed.empty());
  }
  CHECK(company.closed.find(change.second) != std::string::npos);
  CHECK(company.name == "contoso");
  CHECK(company.domains == std::vector<std::string>{"contoso.test"});
}

TEST_CASE("a public mail domain in a row closes the company") {
  store::CompanyRow row = live();
  row.domains = {"gmail.com"};
  CHECK(read(row).closed.find("public mail domain") != std::string::npos);
}

TEST_CASE("nobody signs on at a company that is suspended, or that has no metadata, or bad one") {
  store::CompanyRow row = live();
  row.state = "suspended";
  CHECK(read(row).closed == "support has suspended it");
  row.state = "live";
  row.metadata.clear();
  CHECK(read(row).closed == "it has no metadata");
  row.metadata = "<a/>";
  CHECK_FALSE(read(row).closed.empty());
}
