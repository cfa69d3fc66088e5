#include <catch2/catch.hpp>

#include "anteroom/companies.h"
#include "support/forge.h"

using namespace anteroom;

namespace {

// Of a live company whose settings say this of `access`.
IdentityProvider with_access(const std::string& access) {
  static const std::string kMetadata = forge::make_metadata(
      "https://contoso.test/", "https://contoso.test/sso", {forge::make_authority()});
  Settings settings;
  settings.service_provider.entity_id = "https://sp.test";
  settings.access.levels = {"viewer", "manager"};
  const store::CompanyRow row{
      "contoso", "Contoso", "live", {"contoso.test"}, R"({"access": )" + access + "}",
      kMetadata, 1};
  return read_company(row, settings, forge::Options{}.now).company;
}

std::string table_of(const std::string& row) {
  return R"({"attribute": "groups", "values": [)" + row + "]}";
}

std::string row_of(const std::string& value) {
  return R"({"value": ")" + value + R"(", "level": "viewer", "properties": "*"})";
}

}  // namespace

TEST_CASE("a table of asserted values is read as it is written") {
  const IdentityProvider company = with_access(
      table_of(R"({"value": "Elm\u00e9, 007", "level": "manager", "properties": ["elm", "oak"]},)" +
               row_of("A") + "," + row_of("A")));
  CHECK(company.closed.empty());
  CHECK(company.asserted.attribute == "groups");
  REQUIRE(company.asserted.values.size() == 3);
  CHECK(company.asserted.values[0].value == "Elm\xc3\xa9, 007");
  CHECK(company.asserted.values[0].level == "manager");
  CHECK(company.asserted.values[0].properties == std::vector<std::string>{"elm", "oak"});
  CHECK(company.asserted.values[1].properties == std::vector<std::string>{"*"});
}

TEST_CASE("without a table there is none") {
  CHECK(with_access("{}").closed.empty());
  CHECK(with_access("{}").asserted.values.empty());
}

TEST_CASE("whatever is wrong with a table is said") {
  const auto [access, about] = GENERATE(
      std::pair(std::string(R"({"attribute": "groups"})"), "'values' must list at least one"),
      std::pair(std::string(R"({"attribute": "groups", "values": []})"), "at least one"),
      std::pair(R"({"values": [)" + row_of("A") + "]}", "attribute' is missing"),
      std::pair(R"({"attribute": "", "values": [)" + row_of("A") + "]}", "must not be empty"),
      std::pair(std::string(R"({"attribute": "groups", "values": "A"})"), "must be a list"),
      std::pair(table_of(R"({"level": "viewer", "properties": "*"})"), "value' is missing"),
      std::pair(table_of(R"({"value": "A", "properties": "*"})"), "level' is missing"),
      std::pair(table_of(R"({"value": "A", "level": "owner", "properties": "*"})"),
                "'owner' is not in access.levels"),
      std::pair(table_of(R"({"value": "A", "level": "viewer"})"), "must list property keys"),
      std::pair(table_of(R"({"value": "A", "level": "viewer", "properties": ["*", "elm"]})"),
                "leave out the others"),
      std::pair(table_of(R"({"value": "A", "level": "viewer", "properties": ["Elm Court"]})"),
                "not a valid property key"),
      std::pair(table_of(R"({"value": "A", "level": "viewer", "properties": "*", "expires": "1"})"),
                "unknown key 'expires'"),
      std::pair(table_of(row_of(std::string(257, 'a'))), "plain text of at most 256 bytes"),
      std::pair(table_of(row_of("A ")), "without white space at its ends"),
      std::pair(table_of(row_of(R"(a\u0007b)")), "plain text of at most 256 bytes"),
      std::pair(table_of(row_of(R"(a\u202eb)")), "plain text of at most 256 bytes"));
  const std::string closed = with_access(access).closed;
  INFO(access << ": " << closed);
  CHECK(closed.find(about) != std::string::npos);
}

TEST_CASE("a table has 500 rows at most") {
  std::string rows = row_of("0");
  for (int i = 1; i < 500; ++i) rows += "," + row_of(std::to_string(i));
  CHECK(with_access(table_of(rows)).closed.empty());
  CHECK(with_access(table_of(rows + "," + row_of("500"))).closed ==
        "'values' must have no more than 500 rows");
}
