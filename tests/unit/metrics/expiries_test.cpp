#include <catch2/catch.hpp>

#include "anteroom/companies.h"
#include "anteroom/metrics.h"
#include "crypto/pem.h"
#include "support/forge.h"

using namespace anteroom;

namespace {

std::vector<metrics::Expiry> expiries_of(const Settings& settings) {
  return metrics::expiries(settings.service_provider,
                           CompanyDirectory(std::make_shared<const Settings>(settings)));
}

}  // namespace

TEST_CASE("everything that ends is listed once, the same certificate twice in metadata too") {
  const forge::Authority authority = forge::make_authority();
  Settings settings;
  IdentityProvider idp;
  idp.name = "corp";
  const auto facts = crypto::certificate_facts(authority.certificate_der).value();
  const IdpCertificate one{facts.sha256_fingerprint, facts.subject, facts.not_after};
  idp.metadata.certificates = {one, one};
  idp.metadata.valid_until = Time(std::chrono::hours(24));
  settings.identity_providers = {idp};
  settings.service_provider.signing =
      KeyPair{Secret(authority.private_key_pem), authority.certificate_pem};
  const auto all = expiries_of(settings);
  using What = metrics::Expiry::What;
  REQUIRE(all.size() == 3);
  CHECK(all[0].what == What::idp_signing);
  CHECK(all[0].idp == "corp");
  CHECK(all[0].fingerprint.size() == 16);
  CHECK(all[1].what == What::idp_metadata);
  CHECK(all[1].at == Time(std::chrono::hours(24)));
  CHECK(all[2].what == What::own_signing);
  CHECK(all[2].fingerprint == all[0].fingerprint);
  CHECK(all[2].at == all[0].at);

  settings.service_provider.decryption = {*settings.service_provider.signing,
                                          *settings.service_provider.signing};
  settings.service_provider.decryption[1].stage = KeyStage::previous;
  CHECK(expiries_of(settings).size() == 4);  // what is on its way out may end
}

TEST_CASE("a company that is suspended ends nothing") {
  Settings settings;
  IdentityProvider idp;
  idp.name = "corp";
  idp.metadata.valid_until = Time(std::chrono::hours(24));
  settings.identity_providers = {idp};
  CHECK(expiries_of(settings).size() == 1);
  settings.identity_providers[0].closed = "its certificate has expired";
  CHECK(expiries_of(settings).size() == 1);
  settings.identity_providers[0].closed = kSuspended;
  CHECK(expiries_of(settings).empty());
}

TEST_CASE(
    "of many companies those are shown that end first or ended last, and always what is our own") {
  using What = metrics::Expiry::What;
  using std::chrono::days;
  const Time now(days(20000));
  std::vector<metrics::Expiry> all;
  for (int day = -300; day <= 300; ++day) {
    all.push_back({What::idp_signing, "c" + std::to_string(day), "AA", now + days(day)});
  }
  all.push_back({What::own_signing, "", "BB", now + days(900)});
  all.push_back({What::own_decryption, "", "CC", now - days(900)});
  const auto shown = metrics::nearest(all, now);
  CHECK(shown.size() == 2 * metrics::kMostExpiries + 2);
  for (const metrics::Expiry& one : shown) {
    CHECK((one.idp.empty() || (one.at > now - days(100) && one.at <= now + days(100))));
  }
  CHECK(metrics::nearest({all.begin(), all.begin() + 3}, now).size() == 3);
}

TEST_CASE("people are told 60, 30 and 7 days ahead") {
  using std::chrono::days;
  const Time end(days(20000));
  const auto told = [&](auto before) { return metrics::warning_before(end, end - before); };
  CHECK_FALSE(told(days(60) + std::chrono::seconds(1)));
  CHECK(told(days(60)) == 60);
  CHECK(told(days(30) + std::chrono::seconds(1)) == 60);
  CHECK(told(days(30)) == 30);
  CHECK(told(days(8)) == 30);
  CHECK(told(days(7)) == 7);
  CHECK(told(std::chrono::seconds(1)) == 7);
  CHECK_FALSE(told(days(0)));
  CHECK_FALSE(told(-days(1)));
}
