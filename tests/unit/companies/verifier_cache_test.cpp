#include <array>
#include <catch2/catch.hpp>
#include <thread>

#include "companies/verifier_cache.h"
#include "unit/saml/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using companies::VerifierCache;

namespace {

struct Kept {
  Trust trust;
  VerifierCache cache{saml::OwnKeys(trust.sp), 2};

  [[nodiscard]] VerifierCache::Company company(const std::string& name) const {
    IdentityProvider made = trust.idp;
    made.name = name;
    return std::make_shared<const IdentityProvider>(std::move(made));
  }
  // Of one whose keys are known.
  Result<VerifierCache::Verifier> of(const VerifierCache::Company& company) {
    return cache.of(company).value();
  }
  // As the database's are known at first.
  [[nodiscard]] VerifierCache::Company summary(const std::string& name) const {
    IdentityProvider made = trust.idp;
    made.name = name;
    made.metadata.is_summary = true;
    made.metadata.signing_certificates_der.clear();
    return std::make_shared<const IdentityProvider>(std::move(made));
  }
};

}  // namespace

TEST_CASE("a company's verifier is made once, whoever asks") {
  Kept kept;
  const auto corp = kept.company("corp");
  std::array<const saml::CompanyVerifier*, 8> seen{};
  std::vector<std::thread> threads;
  for (auto& one : seen) {
    threads.emplace_back([&] {
      const auto verifier = kept.of(corp);
      one = verifier ? verifier->get() : nullptr;
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(seen[0] != nullptr);
  for (const auto* one : seen) CHECK(one == seen[0]);
}

TEST_CASE("another version of a company takes the place of the one before") {
  Kept kept;
  const auto before = kept.of(kept.company("corp"));
  const auto after = kept.of(kept.company("corp"));
  REQUIRE(before);
  REQUIRE(after);
  CHECK(*before != *after);
  CHECK(kept.cache.size() == 1);
}

TEST_CASE("the companies used last stay") {
  Kept kept;
  const auto one = kept.company("one");
  const auto two = kept.company("two");
  const auto of_one = kept.of(one);
  const auto of_two = kept.of(two);
  CHECK(kept.of(one).value() == of_one.value());
  (void)kept.of(kept.company("three"));
  CHECK(kept.cache.size() == 2);
  CHECK(kept.of(one).value() == of_one.value());
  CHECK(kept.of(two).value() != of_two.value());
}

TEST_CASE("data that is of no use closes its own company, and that is known afterwards") {
  Kept kept;
  IdentityProvider broken = kept.trust.idp;
  broken.name = "broken";
  broken.metadata.signing_certificates_der = {"no certificate"};
  const auto company = std::make_shared<const IdentityProvider>(broken);
  CHECK_FALSE(kept.cache.made(company));
  CHECK(kept.cache.size() == 0);
  const auto verifier = kept.of(company);
  REQUIRE_FALSE(verifier);
  CHECK(verifier.failure().code == companies::kCompanyClosed);
  REQUIRE(kept.cache.made(company));
  CHECK(kept.cache.made(company)->failure().detail == verifier.failure().detail);
  CHECK(kept.of(kept.company("corp")));
}

TEST_CASE("a company that is closed is asked nothing") {
  Kept kept;
  IdentityProvider closed = kept.trust.idp;
  closed.closed = "its metadata has no key";
  const auto company = std::make_shared<const IdentityProvider>(closed);
  CHECK(kept.of(company).failure().detail == "its metadata has no key");
}

TEST_CASE("a company that is known by its summary is opened by its metadata, once") {
  Kept kept;
  const auto corp = kept.summary("corp");
  const std::string xml =
      forge::make_metadata(corp->metadata.entity_id, "https://idp.test/sso", {authority()});
  CHECK_FALSE(kept.cache.of(corp));
  CHECK(kept.cache.size() == 0);  // whoever only asks takes nobody's place
  const auto opened = kept.cache.open(corp, xml);
  REQUIRE(opened);
  CHECK(kept.of(corp).value() == opened.value());
  CHECK(kept.cache.open(corp, "").value() == opened.value());
  const std::string message = forge::to_base64(forge::make_response(authority(), {}));
  CHECK((*opened)->responses().verify(message, kept.trust.params).assertion);
  CHECK_FALSE(kept.cache.of(kept.summary("corp")));  // another version of it
}

TEST_CASE("nothing is verified with a summary, or with another entity's metadata") {
  Kept kept;
  const auto closed = [&](const std::string& xml) {
    const auto company = kept.summary("corp");
    const auto opened = kept.cache.open(company, xml);
    REQUIRE_FALSE(opened);
    CHECK(opened.failure().code == companies::kCompanyClosed);
    REQUIRE(kept.cache.of(company));
    return opened.failure().detail;
  };
  CHECK_THAT(closed(""), Catch::Contains("XML"));
  CHECK_THAT(
      closed(forge::make_metadata("https://other.test/", "https://idp.test/sso", {authority()})),
      Catch::Contains("another entity's, https://other.test/"));
  const auto summary = kept.summary("corp");
  CHECK_THROWS(saml::CompanyVerifier(saml::OwnKeys(kept.trust.sp), summary));
}

TEST_CASE("of companies that are known by their summaries, those used last stay, too") {
  Kept kept;
  const auto one = kept.summary("one");
  const auto two = kept.summary("two");
  const std::string xml =
      forge::make_metadata(one->metadata.entity_id, "https://idp.test/sso", {authority()});
  REQUIRE(kept.cache.open(one, xml));
  REQUIRE(kept.cache.open(two, xml));
  REQUIRE(kept.cache.of(one));
  REQUIRE(kept.cache.open(kept.summary("three"), xml));
  CHECK(kept.cache.of(one));
  CHECK_FALSE(kept.cache.of(two));
}
