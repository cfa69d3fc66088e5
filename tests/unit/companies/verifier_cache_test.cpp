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
};

}  // namespace

TEST_CASE("a company's verifier is made once, whoever asks") {
  Kept kept;
  const auto corp = kept.company("corp");
  std::array<const saml::CompanyVerifier*, 8> seen{};
  std::vector<std::thread> threads;
  for (auto& one : seen) {
    threads.emplace_back([&] {
      const auto verifier = kept.cache.of(corp);
      one = verifier ? verifier->get() : nullptr;
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(seen[0] != nullptr);
  for (const auto* one : seen) CHECK(one == seen[0]);
}

TEST_CASE("another version of a company takes the place of the one before") {
  Kept kept;
  const auto before = kept.cache.of(kept.company("corp"));
  const auto after = kept.cache.of(kept.company("corp"));
  REQUIRE(before);
  REQUIRE(after);
  CHECK(*before != *after);
  CHECK(kept.cache.size() == 1);
}

TEST_CASE("the companies used last stay") {
  Kept kept;
  const auto one = kept.company("one");
  const auto two = kept.company("two");
  const auto of_one = kept.cache.of(one);
  const auto of_two = kept.cache.of(two);
  CHECK(kept.cache.of(one).value() == of_one.value());
  (void)kept.cache.of(kept.company("three"));
  CHECK(kept.cache.size() == 2);
  CHECK(kept.cache.of(one).value() == of_one.value());
  CHECK(kept.cache.of(two).value() != of_two.value());
}

TEST_CASE("data that is of no use closes its own company, and that is known afterwards") {
  Kept kept;
  IdentityProvider broken = kept.trust.idp;
  broken.name = "broken";
  broken.metadata.signing_certificates_der = {"no certificate"};
  const auto company = std::make_shared<const IdentityProvider>(broken);
  CHECK_FALSE(kept.cache.made(company));
  CHECK(kept.cache.size() == 0);
  const auto verifier = kept.cache.of(company);
  REQUIRE_FALSE(verifier);
  CHECK(verifier.failure().code == companies::kCompanyClosed);
  REQUIRE(kept.cache.made(company));
  CHECK(kept.cache.made(company)->failure().detail == verifier.failure().detail);
  CHECK(kept.cache.of(kept.company("corp")));
}

TEST_CASE("a company that is closed is asked nothing") {
  Kept kept;
  IdentityProvider closed = kept.trust.idp;
  closed.closed = "its metadata has no key";
  const auto company = std::make_shared<const IdentityProvider>(closed);
  CHECK(kept.cache.of(company).failure().detail == "its metadata has no key");
}
