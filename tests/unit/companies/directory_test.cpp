#include <catch2/catch.hpp>

#include "anteroom/company_directory.h"

using namespace anteroom;

namespace {

IdentityProvider company(const std::string& name) {
  IdentityProvider made;
  made.name = name;
  made.display_name = "The " + name + " company";
  made.domains = {name + ".test", "mail." + name + ".test"};
  made.metadata.entity_id = "https://" + name + ".test/";
  return made;
}

std::shared_ptr<Settings> settings_of(std::vector<IdentityProvider> companies) {
  auto settings = std::make_shared<Settings>();
  settings->identity_providers = std::move(companies);
  return settings;
}

std::string name_of(const IdentityProvider* found) {
  return found == nullptr ? "" : found->name;
}

}  // namespace

TEST_CASE("a company is found by its name, its domains and its entity ID, and by nothing else") {
  const CompanyDirectory companies(settings_of({company("corp"), company("other")}));
  CHECK(name_of(companies.by_name("corp")) == "corp");
  CHECK(name_of(companies.by_name("Corp")).empty());
  CHECK(name_of(companies.by_domain("mail.other.test")) == "other");
  CHECK(name_of(companies.by_domain("sub.mail.other.test")).empty());
  CHECK(name_of(companies.by_entity_id("https://corp.test/")) == "corp");
  CHECK(companies.display_name("corp") == "The corp company");
  CHECK(companies.display_name("gone") == "gone");
}

TEST_CASE("a company without metadata is found by no entity ID") {
  IdentityProvider closed = company("closed");
  closed.metadata.entity_id.clear();
  const CompanyDirectory companies(settings_of({closed}));
  CHECK(name_of(companies.by_entity_id("")).empty());
  CHECK(name_of(companies.by_logout_issuer("")).empty());
}

TEST_CASE("the issuer of a logout message may be an alias, which goes behind an entity ID") {
  IdentityProvider impostor = company("impostor");
  impostor.logout.issuers = {"https://corp.test/", "https://alias.test/"};
  const CompanyDirectory companies(settings_of({impostor, company("corp")}));
  CHECK(name_of(companies.by_logout_issuer("https://corp.test/")) == "corp");
  CHECK(name_of(companies.by_logout_issuer("https://alias.test/")) == "impostor");
  CHECK(name_of(companies.by_entity_id("https://alias.test/")).empty());
}

TEST_CASE("a directory knows whether there is one company, and whether any comes unasked") {
  CHECK(CompanyDirectory(settings_of({})).only() == nullptr);
  CHECK(name_of(CompanyDirectory(settings_of({company("corp")})).only()) == "corp");
  IdentityProvider unasked = company("unasked");
  unasked.allow_unsolicited = true;
  const CompanyDirectory companies(settings_of({company("corp"), unasked}));
  CHECK(companies.only() == nullptr);
  CHECK(companies.allows_unsolicited());
  CHECK_FALSE(CompanyDirectory(settings_of({company("corp")})).allows_unsolicited());
}

TEST_CASE("whoever shares a company keeps it when the directory is gone") {
  CompanyDirectory::Company kept;
  {
    const CompanyDirectory companies(settings_of({company("corp"), company("other")}));
    kept = companies.share(*companies.by_name("other"));
  }
  CHECK(kept->domains.front() == "other.test");
}

namespace {

CompanyDirectory::Company in_database(const std::string& name) {
  return std::make_shared<const IdentityProvider>(company(name));
}

}  // namespace

TEST_CASE("companies of the database stand beside those of the configuration") {
  const CompanyDirectory companies(settings_of({company("corp")}), {in_database("contoso")});
  CHECK(name_of(companies.by_domain("contoso.test")) == "contoso");
  CHECK(name_of(companies.by_entity_id("https://contoso.test/")) == "contoso");
  CHECK(companies.all().size() == 2);
  CHECK(companies.conflicts().empty());
}

TEST_CASE(
    "a domain has one company, whatever the database says: the other vouches for nobody there") {
  IdentityProvider claiming = company("contoso");
  claiming.domains = {"corp.test", "contoso.test"};
  const CompanyDirectory companies(settings_of({company("corp")}),
                                   {std::make_shared<const IdentityProvider>(claiming)});
  CHECK(name_of(companies.by_domain("corp.test")) == "corp");
  const IdentityProvider* contoso = companies.by_name("contoso");
  REQUIRE(contoso != nullptr);
  CHECK(contoso->domains == std::vector<std::string>{"contoso.test"});
  REQUIRE(companies.conflicts().size() == 1);
  CHECK(companies.conflicts()[0] == "contoso: corp.test is corp's already");
}

TEST_CASE("a name has one company: the configuration's") {
  IdentityProvider claiming = company("corp");
  claiming.domains = {"elsewhere.test"};
  const CompanyDirectory companies(settings_of({company("corp")}),
                                   {std::make_shared<const IdentityProvider>(claiming)});
  CHECK(companies.all().size() == 1);
  CHECK(companies.by_domain("elsewhere.test") == nullptr);
  CHECK(companies.conflicts().size() == 1);
}

TEST_CASE("a company of the database with another's entity ID is closed, and the other is not") {
  IdentityProvider claiming = company("contoso");
  claiming.metadata.entity_id = "https://corp.test/";
  const CompanyDirectory companies(settings_of({company("corp")}),
                                   {std::make_shared<const IdentityProvider>(claiming)});
  CHECK(name_of(companies.by_entity_id("https://corp.test/")) == "corp");
  CHECK(companies.by_name("contoso")->closed == "its entity ID is another company's, corp");
  CHECK(companies.by_name("corp")->closed.empty());
}
