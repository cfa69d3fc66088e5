#include "anteroom/session.h"

#include <catch2/catch.hpp>

#include "session/login_state.h"
#include "session/names.h"
#include "session/packing.h"
#include "session/token.h"
#include "support/fakes.h"

using namespace anteroom;
using namespace std::chrono_literals;

namespace {

const std::vector<Secret> kKeys{Secret(std::string(32, 'k'))};

SessionFields fields() {
  return {"0123456789abcdef",
          "11111111-2222-3333-4444-555555555555",
          "ann@corp.test",
          "Ann",
          "corp",
          "https://app.test",
          "manager",
          "*=viewer,elm=manager",
          "urn:mfa",
          "1.5",
          "oak"};
}

}  // namespace

TEST_CASE("a session record reads back as it was written") {
  const Time end(123456789us);
  const SessionRecord record(UserStatus::active, {end, Time(5us), Time(6us), Time(7us)}, fields());
  const auto view = SessionView::parse(record.bytes());
  REQUIRE(view);
  CHECK(view->status() == UserStatus::active);
  CHECK(view->expires_at() == end);
  CHECK(view->authenticated_at() == Time(5us));
  CHECK(view->times().ends_at == Time(6us));
  CHECK(view->times().idle_until == Time(7us));
  CHECK(view->fields().email == "ann@corp.test");
  CHECK(view->fields().properties == "*=viewer,elm=manager");
  CHECK(view->fields().authn_context == "urn:mfa");
  CHECK(view->fields().news == "1.5");
  CHECK(view->fields().closed == "oak");
  CHECK(view->is_provisioned());
}

TEST_CASE("using a session changes nothing of what its record says about access") {
  const SessionRecord before(UserStatus::active, {Time(9us), Time(5us), Time(6us), Time(7us)},
                             fields());
  const SessionRecord after(UserStatus::active, {Time(9us), Time(5us), Time(6us), Time(8us)},
                            fields());
  CHECK(before.bytes() != after.bytes());
  CHECK(SessionRecord::without_use(before.bytes()) == SessionRecord::without_use(after.bytes()));
  CHECK(SessionRecord::without_use("").empty());
  const SessionRecord later(UserStatus::active, {Time(9us), Time(6us), Time(6us), Time(7us)},
                            fields());
  CHECK(SessionRecord::without_use(before.bytes()) != SessionRecord::without_use(later.bytes()));
}

TEST_CASE("only an active user with a grant is provisioned") {
  SessionFields without_grant = fields();
  without_grant.access_level = "";
  CHECK_FALSE(SessionView::parse(SessionRecord(UserStatus::active, {}, without_grant).bytes())
                  ->is_provisioned());
  CHECK_FALSE(SessionView::parse(SessionRecord(UserStatus::waiting, {}, fields()).bytes())
                  ->is_provisioned());
  CHECK_FALSE(SessionView::parse(SessionRecord(UserStatus::disabled, {}, fields()).bytes())
                  ->is_provisioned());
}

TEST_CASE("a cut or padded record cannot be read") {
  const std::string bytes(SessionRecord(UserStatus::active, {}, fields()).bytes());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CHECK_FALSE(SessionView::parse(bytes.substr(0, length)));
  }
  CHECK_FALSE(SessionView::parse(bytes + "x"));
  CHECK_FALSE(SessionView::parse("\x01" + bytes.substr(1)));
}

TEST_CASE("no control character of a stored value reaches a header") {
  SessionFields hostile = fields();
  hostile.name = "Ann\r\nX-Auth-Access-Level: admin";
  const SessionRecord record(UserStatus::active, {}, hostile);
  CHECK(SessionView::parse(record.bytes())->fields().name == "Ann  X-Auth-Access-Level: admin");
}

TEST_CASE("packed fields come back whole or not at all") {
  const auto packed = *session::pack({"a", "", "ccc"});
  CHECK(session::unpack(packed, 3) == std::vector<std::string>{"a", "", "ccc"});
  CHECK_FALSE(session::unpack(packed, 2));
  CHECK_FALSE(session::unpack(packed, 4));
  CHECK_FALSE(session::unpack(packed.substr(0, packed.size() - 1), 3));
  CHECK_FALSE(session::pack({std::string(70'000, 'x')}));
}

TEST_CASE("tokens are 43 characters and never the same; without randomness there is none") {
  test::FakeRandom random;
  const auto a = session::new_token(random);
  const auto b = session::new_token(random);
  CHECK(a->size() == session::kTokenCharacters);
  CHECK(*a != *b);
  random.is_broken = true;
  CHECK_FALSE(session::new_token(random));
  CHECK_FALSE(session::new_hex(random, 8));
  CHECK(session::new_reference(random) == "NO-RANDOM");
}

TEST_CASE("a login state comes back from its own cookie only") {
  test::FakeClock clock;
  test::FakeRandom random;
  const crypto::Sealer sealer(kKeys);
  session::LoginState state;
  state.request_id = "id0123456789abcdef0123456789abcdef";
  state.idp = "corp";
  state.return_to = "handle";
  state.issued_at = clock.now();
  state.is_forced = true;
  state.authn_contexts = "urn:a urn:b";
  state.replaces = "00ff";
  const auto sealed = *session::seal_login_state(sealer, random, state, clock.now() + 900s);
  CHECK(state.cookie_name() == "__Host-anteroom-login-0123456789abcdef");

  std::vector<std::string> stale;
  const auto found = session::login_states(sealer, "x=1; " + state.cookie_name() + "=" + sealed,
                                           clock.now(), stale);
  REQUIRE(found.size() == 1);
  CHECK(found[0].request_id == state.request_id);
  CHECK(found[0].idp == "corp");
  CHECK(found[0].return_to == "handle");
  CHECK(found[0].issued_at == clock.now());
  CHECK_FALSE(found[0].is_done);
  CHECK(found[0].is_forced);
  CHECK_FALSE(found[0].is_passive);
  CHECK_FALSE(found[0].has_fragment);
  CHECK(found[0].authn_contexts == "urn:a urn:b");
  CHECK(found[0].replaces == "00ff");
  CHECK(stale.empty());

  SECTION("it says how it was begun") {
    const bool is_passive = GENERATE(false, true);
    state.is_passive = is_passive;
    state.has_fragment = !is_passive;
    const auto other = *session::seal_login_state(sealer, random, state, clock.now() + 900s);
    const auto begun =
        session::login_states(sealer, state.cookie_name() + "=" + other, clock.now(), stale);
    REQUIRE(begun.size() == 1);
    CHECK(begun[0].is_passive == is_passive);
    CHECK(begun[0].has_fragment != is_passive);
  }
  SECTION("moved to another name it is stale") {
    const auto moved = session::login_states(
        sealer, "__Host-anteroom-login-ffffffffffffffff=" + sealed, clock.now(), stale);
    CHECK(moved.empty());
    CHECK(stale == std::vector<std::string>{"__Host-anteroom-login-ffffffffffffffff"});
  }
  SECTION("expired or garbled it is stale") {
    CHECK(
        session::login_states(sealer, state.cookie_name() + "=" + sealed, clock.now() + 900s, stale)
            .empty());
    CHECK(session::login_states(sealer, state.cookie_name() + "=junk", clock.now(), stale).empty());
    CHECK(stale.size() == 2);
  }
}

TEST_CASE("a return handle is not a login state, and the other way round") {
  test::FakeClock clock;
  test::FakeRandom random;
  const crypto::Sealer sealer(kKeys);
  const session::ReturnTo wanted{"https://app.test", "/a?b=c", "00", 300s, "urn:mfa"};
  const auto handle = *session::seal_return_to(sealer, random, wanted, clock.now());
  CHECK(session::open_return_to(sealer, handle, clock.now()) == wanted);
  CHECK_FALSE(session::open_return_to(sealer, handle, clock.now() + 24h));
  std::vector<std::string> stale;
  CHECK(session::login_states(sealer, "__Host-anteroom-login-0=" + handle, clock.now(), stale)
            .empty());
}

TEST_CASE("our cookies are told apart from others that merely begin alike") {
  CHECK(session::is_our_cookie("__Host-anteroom"));
  CHECK(session::is_our_cookie("__Host-anteroom-login-00"));
  CHECK(session::is_our_cookie("__Host-anteroom-browser"));
  CHECK(session::is_our_cookie(session::kCompanyCookie));
  CHECK_FALSE(session::is_our_cookie("__Host-anteroom2"));
  CHECK_FALSE(session::is_our_cookie("anteroom"));
}
