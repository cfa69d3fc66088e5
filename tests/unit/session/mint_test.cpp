#include "session/mint.h"

#include <catch2/catch.hpp>
#include <set>

#include "session/token.h"
#include "support/fakes.h"

using namespace anteroom;

namespace {

const std::vector<Secret> kOld{Secret(std::string(32, 'o'))};
const std::vector<Secret> kNew{Secret(std::string(32, 'n'))};
const std::vector<Secret> kDuring{kNew[0], kOld[0]};  // either is previous or next to the other

}  // namespace

TEST_CASE("a token is known for ours, and has the form that it always had") {
  test::FakeRandom random;
  session::Mint mint(kOld, "kind");
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) {
    const auto token = mint.make(random);
    REQUIRE(token);
    CHECK(token->size() == session::kTokenCharacters);
    CHECK(mint.has_made(*token));
    CHECK(made.insert(*token).second);
  }
}

TEST_CASE("a token that was made up, changed or cut is not ours") {
  test::FakeRandom random;
  session::Mint mint(kOld, "kind");
  CHECK_FALSE(mint.has_made(*session::new_token(random)));
  const std::string token = *mint.make(random);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'E' : 'A';
    CAPTURE(i);
    CHECK_FALSE(mint.has_made(changed));
  }
  for (const std::string& other :
       {std::string(), token.substr(1), token.substr(0, 42), token + "A", token.substr(0, 42) + "=",
        std::string(43, 'A'), std::string(43, '+'), std::string(64, '0')}) {
    CAPTURE(other);
    CHECK_FALSE(mint.has_made(other));
  }
}

TEST_CASE("a token of one kind does not count as another") {
  test::FakeRandom random;
  session::Mints mints(kOld);
  const std::string session = *mints.sessions.make(random);
  const std::string ticket = *mints.tickets.make(random);
  const std::string directory = *mints.directories.make(random, "corp");
  CHECK(mints.sessions.has_made(session));
  CHECK(mints.tickets.has_made(ticket));
  CHECK(mints.directories.has_made(directory, "corp"));
  CHECK_FALSE(mints.sessions.has_made(ticket));
  CHECK_FALSE(mints.sessions.has_made(directory, "corp"));
  CHECK_FALSE(mints.tickets.has_made(session));
  CHECK_FALSE(mints.directories.has_made(session, "corp"));
}

TEST_CASE("a token that is bound to something is good with that alone") {
  test::FakeRandom random;
  session::Mint mint(kOld, "kind");
  const std::string token = *mint.make(random, "corp");
  CHECK(mint.has_made(token, "corp"));
  CHECK_FALSE(mint.has_made(token, "corp2"));
  CHECK_FALSE(mint.has_made(token));
}

TEST_CASE(
    "tokens roll over with the keys: the first makes them, all know them, a removed one none") {
  test::FakeRandom random;
  session::Mint before(kOld, "kind");
  session::Mint during(kDuring, "kind");
  session::Mint after(kNew, "kind");
  const std::string old_token = *before.make(random);
  const std::string new_token = *during.make(random);
  CHECK(during.has_made(old_token));
  CHECK(after.has_made(new_token));
  CHECK_FALSE(before.has_made(new_token));
  CHECK_FALSE(after.has_made(old_token));
}

TEST_CASE("without randomness or a key there is no token") {
  test::FakeRandom random;
  session::Mint none({}, "kind");
  CHECK_FALSE(none.make(random));
  CHECK_FALSE(none.has_made(std::string(43, 'A')));
  random.is_broken = true;
  CHECK_FALSE(session::Mint(kOld, "kind").make(random));
}
