#include <catch2/catch.hpp>

#include "crypto/digest.h"
#include "session/set_up_link.h"
#include "support/fakes.h"

using namespace anteroom;

TEST_CASE("a link's token is ours, known by its hash, and opens in its letter alone") {
  const std::vector<Secret> keys{Secret(std::string(32, 'k'))};
  const std::vector<Secret> others{Secret(std::string(32, 'o'))};
  test::FakeRandom random;
  const Time now{};
  session::Mint mint(keys, session::kSetUpLinks);
  const crypto::Sealer sealer(keys);
  const auto made = session::make_link(mint, sealer, random, now);
  REQUIRE(made);
  CHECK(mint.has_made(made->token));
  CHECK(made->token.size() == 43);
  CHECK(made->hash == *crypto::sha256(made->token));
  CHECK(made->sealed.find(made->token) == std::string::npos);
  CHECK(session::open_in_letter(sealer, made->sealed, now) == made->token);
  CHECK_FALSE(session::open_in_letter(crypto::Sealer(others), made->sealed, now));
  CHECK_FALSE(session::open_in_letter(sealer, made->sealed, now + std::chrono::hours(2)));
  session::Mint sessions(keys, "anteroom session tokens");
  CHECK_FALSE(sessions.has_made(made->token));
}

TEST_CASE("the token stands behind the mark that no request holds") {
  ServiceProviderSettings sp;
  sp.origin.text = "https://login.test";
  sp.pages_prefix = "/auth";
  CHECK(session::set_up_address(sp, "TOKEN") == "https://login.test/auth/set-up#TOKEN");
}
