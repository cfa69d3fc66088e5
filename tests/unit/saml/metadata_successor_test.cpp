#include <catch2/catch.hpp>

#include "anteroom/saml.h"
#include "support/forge.h"

using namespace anteroom;

namespace {

IdpMetadata metadata_with(const std::vector<forge::Authority>& authorities) {
  auto parsed = saml::parse_idp_metadata(
      forge::make_metadata("https://idp.test/", "https://idp.test/sso", authorities),
      forge::Options{}.now);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("new metadata takes the place of the old only if nothing is lost by it") {
  const auto now = forge::Options{}.now;
  const forge::Authority old_key = forge::make_authority();
  const IdpMetadata current = metadata_with({old_key});
  const IdpMetadata next = metadata_with({old_key, forge::make_authority(forge::KeyType::ec256)});
  CHECK(saml::check_successor(current, next, now, false));
  CHECK(saml::check_successor(next, current, now, false));

  const auto refused = [&](auto change) {
    IdpMetadata before = current;
    before.slo_post_url = "https://idp.test/slo";
    before.artifact_urls = {{0, "https://idp.test/artifact"}};
    IdpMetadata after = before;
    REQUIRE(saml::check_successor(before, after, now, false));
    change(after);
    return !saml::check_successor(before, after, now, false);
  };
  CHECK(refused([](IdpMetadata& m) { m.entity_id = "https://IDP.test/"; }));
  CHECK(refused([](IdpMetadata& m) { m.sso_redirect_url.clear(); }));
  CHECK(refused([](IdpMetadata& m) { m.slo_post_url.clear(); }));
  CHECK(refused([](IdpMetadata& m) { m.artifact_urls.clear(); }));
  CHECK(refused([](IdpMetadata& m) { m.signing_certificates_der.clear(); }));
  CHECK(refused([](IdpMetadata& m) { m.signing_certificates_der = {"no certificate"}; }));
}

TEST_CASE("one key in date is enough, and a weak one does not count") {
  const auto now = forge::Options{}.now;
  const forge::Authority good = forge::make_authority();
  const forge::Authority ended = forge::make_authority(forge::KeyType::rsa2048, -1);
  const IdpMetadata current = metadata_with({good});
  CHECK(saml::check_successor(current, metadata_with({ended, good}), now, false));
  CHECK_FALSE(saml::check_successor(current, metadata_with({ended}), now, false));
  const forge::Authority odd = forge::make_authority(forge::KeyType::secp256k1);
  CHECK(saml::check_successor(current, metadata_with({good, odd}), now, false));
  CHECK_FALSE(saml::check_successor(current, metadata_with({ended, odd}), now, false));
  IdpMetadata weak = current;  // which parse_idp_metadata() makes of nothing
  weak.signing_certificates_der = {odd.certificate_der};
  CHECK_FALSE(saml::check_successor(current, weak, now, false));
}

TEST_CASE("a company does not go over to this machine's own services") {
  const auto now = forge::Options{}.now;
  const IdpMetadata current = metadata_with({forge::make_authority()});
  for (const auto change : {+[](IdpMetadata& m) { m.sso_redirect_url = "http://127.0.0.1/"; },
                            +[](IdpMetadata& m) { m.slo_post_url = "http://localhost/"; },
                            +[](IdpMetadata& m) { m.artifact_urls[0] = "http://[::1]:631/"; }}) {
    IdpMetadata next = current;
    change(next);
    CHECK_FALSE(saml::check_successor(current, next, now, false));
    CHECK(saml::check_successor(next, next, now, false));
  }
}

TEST_CASE("signed metadata that somebody gives out again, after newer, is not taken back") {
  const auto now = forge::Options{}.now;
  IdpMetadata current = metadata_with({forge::make_authority()});
  IdpMetadata older = metadata_with({forge::make_authority()});
  CHECK(saml::check_successor(current, older, now, true));  // nothing says which is older
  current.valid_until = now + std::chrono::days(2);
  CHECK_FALSE(saml::check_successor(current, older, now, true));
  older.valid_until = now + std::chrono::days(1);
  CHECK_FALSE(saml::check_successor(current, older, now, true));
  CHECK(saml::check_successor(current, older, now, false));  // whoever publishes says what he likes
  CHECK(saml::check_successor(older, current, now, true));
  CHECK(saml::check_successor(current, current, now, true));
}
