// Whatever ends sessions ends those that are being made at the same time, too.
#include <atomic>
#include <thread>

#include "anteroom/scim.h"
#include "database/interleaving.h"
#include "database/people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using store::SignOnOutcome;

namespace {

// One person with one session; everything of theirs is known by `number`.
struct Scene {
  Company& c;
  int number;
  std::string name, id;
  store::Actor manager;

  Scene(Company& company, int which)
      : c(company),
        number(which * 100),
        name("p" + std::to_string(which)),
        manager(c.actor("sue")) {
    c.join(name, "technician", "elm");
    c.come_from_directory(name);
    id = c.id(name);
    REQUIRE(sign_on_outcome(c.db, sign_on(0)) == SignOnOutcome::signed_in);
  }

  static store::ScimCompany directory() { return {"corp", {"corp.test"}}; }
  [[nodiscard]] TokenHash hash(int which) const { return hash_of(number + which); }
  [[nodiscard]] store::SignOn sign_on(int which) const {
    store::SignOn s = sign_on_number(number + which);
    s.email = Company::address(name);
    s.subject = "tenant/" + name;
    s.name_id = name;
    s.reference = "reference" + std::to_string(number + which);
    return s;
  }
  [[nodiscard]] store::HandoffTicket ticket() const {
    return {hash(50), hash(0), "https://app.test", hash(60), "/x"};
  }
  [[nodiscard]] store::Redemption redemption() const {
    return {hash(50), "https://app.test", hash(60), hash(10), "handed-over", "", ""};
  }
  // Somebody else signs on in this browser.
  [[nodiscard]] store::SignOn sign_on_of_another() const {
    store::SignOn s = sign_on_number(number + 20);
    s.email = "other-" + Company::address(name);
    s.subject = "tenant/other-" + name;
    s.replaces = hash(0);
    return s;
  }
  [[nodiscard]] std::string sessions() const {
    return c.value("SELECT count(*) FROM anteroom.sessions WHERE user_id = '" + id + "'");
  }
};

struct Ending {
  const char* name;
  Status (*end)(Database&, const Scene&);
  enum { one_sign_on, everything, everything_and_later } what;
};

// In the order of the product's doors: Manage, command line, directory, person, company, browser.
const std::vector<Ending>& endings() {
  static const std::vector<Ending> kEndings{
      {"switched off in Manage",
       [](Database& db, const Scene& s) {
         return status_of(wait(store::set_disabled(db, s.manager, access(), s.id, true)));
       },
       Ending::everything_and_later},
      {"all ended in Manage",
       [](Database& db, const Scene& s) {
         return status_of(wait(store::end_sessions(db, s.manager, access(), s.id, "")));
       },
       Ending::everything},
      {"one sign-on ended in Manage",
       [](Database& db, const Scene& s) {
         return status_of(wait(store::end_sessions(db, s.manager, access(), s.id,
                                                   "reference" + std::to_string(s.number))));
       },
       Ending::one_sign_on},
      {"disabled by an operator",
       [](Database& db, const Scene& s) {
         return status_of(wait(store::disable_user(db, Company::address(s.name), "cli:root")));
       },
       Ending::everything_and_later},
      {"unpinned",
       [](Database& db, const Scene& s) {
         return status_of(wait(store::unpin_user(db, Company::address(s.name), "cli:root")));
       },
       Ending::everything},
      {"the company's sessions ended",
       [](Database& db, const Scene&) {
         return status_of(wait(store::end_company_sessions(db, "corp", "cli:root")));
       },
       Ending::everything},
      {"turned off by the directory",
       [](Database& db, const Scene& s) {
         scim::UserChange off;
         off.is_active = false;
         return status_of(wait(store::scim_change_user(db, Scene::directory(), s.id, off)));
       },
       Ending::everything_and_later},
      {"deleted by the directory",
       [](Database& db, const Scene& s) {
         return status_of(wait(store::scim_delete_user(db, Scene::directory(), s.id)));
       },
       Ending::everything_and_later},
      {"signed out",
       [](Database& db, const Scene& s) {
         return status_of(wait(store::sign_out(db, s.hash(0), "")));
       },
       Ending::one_sign_on},
      {"logged out by the identity provider",
       [](Database& db, const Scene& s) {
         const auto until = SystemClock().now() + 1h;
         return status_of(wait(store::log_out_by_idp(
             db, {"corp", "https://idp.test/", "_l" + s.name, until, s.name, {}, ""})));
       },
       Ending::one_sign_on},
      {"replaced by somebody else's sign-on",
       [](Database& db, const Scene& s) {
         return status_of(wait(store::sign_on(db, s.sign_on_of_another())));
       },
       Ending::one_sign_on},
  };
  return kEndings;
}

template <class Check>
void for_each_ending(Check check) {
  Company c;
  int which = 0;
  for (const Ending& ending : endings()) {
    INFO(ending.name);
    const Scene scene(c, ++which);
    check(ending, scene);
  }
}

}  // namespace

TEST_CASE("a session that is being handed over ends with the sign-on") {
  for_each_ending([](const Ending& ending, const Scene& scene) {
    REQUIRE(get(store::issue_ticket(scene.c.db, scene.ticket())));
    OpenTransaction browser(scene.c.db);
    REQUIRE(get(store::redeem_ticket(browser, scene.redemption())));
    Meanwhile<Status> end(scene.c.db, [&](Database& db) { return ending.end(db, scene); });
    CHECK(end.is_waiting());
    browser.commit();
    CHECK(end.result());
    CHECK(scene.sessions() == "0");
  });
}

TEST_CASE("a ticket that is being redeemed while the sign-on ends is worth nothing") {
  for_each_ending([](const Ending& ending, const Scene& scene) {
    REQUIRE(get(store::issue_ticket(scene.c.db, scene.ticket())));
    OpenTransaction end(scene.c.db);
    REQUIRE(ending.end(end, scene));
    Meanwhile<Result<std::optional<std::string>>> browser(scene.c.db, [&](Database& db) {
      return wait(store::redeem_ticket(db, scene.redemption()));
    });
    CHECK(browser.is_waiting());
    end.commit();
    CHECK_FALSE(get(browser.result()));
    CHECK(scene.sessions() == "0");
  });
}

TEST_CASE("a ticket that is being issued while the sign-on ends is worth nothing") {
  for_each_ending([](const Ending& ending, const Scene& scene) {
    OpenTransaction browser(scene.c.db);
    REQUIRE(get(store::issue_ticket(browser, scene.ticket())));
    Meanwhile<Status> end(scene.c.db, [&](Database& db) { return ending.end(db, scene); });
    CHECK(end.is_waiting());
    browser.commit();
    CHECK(end.result());
    CHECK_FALSE(get(store::redeem_ticket(scene.c.db, scene.redemption())));
    CHECK(scene.sessions() == "0");
  });
}

TEST_CASE("no ticket is issued for a sign-on that ends meanwhile") {
  for_each_ending([](const Ending& ending, const Scene& scene) {
    OpenTransaction end(scene.c.db);
    REQUIRE(ending.end(end, scene));
    Meanwhile<Result<bool>> browser(
        scene.c.db, [&](Database& db) { return wait(store::issue_ticket(db, scene.ticket())); });
    CHECK(browser.is_waiting());
    end.commit();
    CHECK_FALSE(get(browser.result()));
  });
}

TEST_CASE("no ticket is issued for a session that goes as expired ones do, its person not locked") {
  Company c;
  const Scene scene(c, 1);
  OpenTransaction removing(c.db);
  removing.script("DELETE FROM sessions");
  Meanwhile<Result<bool>> browser(
      c.db, [&](Database& db) { return wait(store::issue_ticket(db, scene.ticket())); });
  CHECK(browser.is_waiting());
  removing.commit();
  CHECK_FALSE(get(browser.result()));
}

TEST_CASE("housekeeping waits for nobody") {
  Company c;
  const Scene scene(c, 1);
  const Scene next(c, 2);
  c.db.script("UPDATE sessions SET expires_at = now()");
  OpenTransaction end(c.db);
  REQUIRE(get(store::sign_out(end, scene.hash(0), "")));
  Meanwhile<Result<store::Upkeep>> removing(
      c.db, [](Database& db) { return wait(store::housekeep(db, Retention{})); });
  CHECK_FALSE(removing.is_waiting());
  CHECK(get(removing.result()).removed == 1);
  CHECK(next.sessions() == "0");
}

TEST_CASE("a sign-on under way when somebody's sessions are ended ends with them") {
  for_each_ending([](const Ending& ending, const Scene& scene) {
    if (ending.what == Ending::one_sign_on) return;
    OpenTransaction browser(scene.c.db);
    REQUIRE(sign_on_outcome(browser, scene.sign_on(1)) == SignOnOutcome::signed_in);
    Meanwhile<Status> end(scene.c.db, [&](Database& db) { return ending.end(db, scene); });
    CHECK(end.is_waiting());
    browser.commit();
    CHECK(end.result());
    CHECK(scene.sessions() == "0");
  });
}

TEST_CASE("nobody signs on while they are switched off") {
  for_each_ending([](const Ending& ending, const Scene& scene) {
    if (ending.what == Ending::one_sign_on) return;
    OpenTransaction end(scene.c.db);
    REQUIRE(ending.end(end, scene));
    Meanwhile<Result<store::SignOnResult>> browser(
        scene.c.db, [&](Database& db) { return wait(store::sign_on(db, scene.sign_on(1))); });
    CHECK(browser.is_waiting());
    end.commit();
    const bool is_off = ending.what == Ending::everything_and_later;
    CHECK(get(browser.result()).outcome ==
          (is_off ? SignOnOutcome::user_disabled : SignOnOutcome::signed_in));
    CHECK(scene.sessions() == (is_off ? "0" : "1"));
  });
}

TEST_CASE("somebody's very first sign-on ends with the company's sessions") {
  Company c;
  OpenTransaction browser(c.db);
  store::SignOn first = sign_on_number(1);
  first.email = "new@corp.test";
  REQUIRE(sign_on_outcome(browser, first) == SignOnOutcome::waiting);
  Meanwhile<Result<int>> end(
      c.db, [](Database& db) { return wait(store::end_company_sessions(db, "corp", "cli:root")); });
  CHECK(end.is_waiting());
  browser.commit();
  CHECK(get(end.result()) == 1);
  CHECK(c.count("sessions") == "0");
}

TEST_CASE("a company's sign-ons do not wait for another company's sessions to be ended") {
  Company c;
  OpenTransaction end(c.db);
  REQUIRE(get(store::end_company_sessions(end, "other", "cli:root")) == 0);
  Meanwhile<Result<store::SignOnResult>> browser(
      c.db, [](Database& db) { return wait(store::sign_on(db, sign_on_number(1))); });
  CHECK_FALSE(browser.is_waiting());
  CHECK(get(browser.result()).outcome == SignOnOutcome::signed_in);
}

TEST_CASE(
    "six browsers that cross to the app host while a company's sessions are ended keep none") {
  Company c;
  for (int round = 0; round < 8; ++round) {
    std::atomic<int> crossings = 0;
    std::atomic<int> failures = 0;
    std::vector<std::thread> browsers;
    for (int b = 0; b < 6; ++b) {
      store::SignOn s = sign_on_number(10'000 + round * 1000 + b);
      s.email = "b" + std::to_string(b) + "@corp.test";
      s.subject = "tenant/b" + std::to_string(b);
      REQUIRE(sign_on_outcome(c.db, s) == SignOnOutcome::waiting);
      browsers.emplace_back([&, b, session = s.token_hash, base = 20'000 + round * 1000 + b * 100] {
        BlockingDatabase own(c.db.settings());
        for (int n = 0; n < 100; ++n) {
          const auto issued = wait(store::issue_ticket(
              own, {hash_of(base + n), session, "https://app.test", hash_of(b), "/"}));
          if (!issued) ++failures;
          if (!issued || !*issued) return;
          const auto landed =
              wait(store::redeem_ticket(own, {hash_of(base + n), "https://app.test", hash_of(b),
                                              hash_of(base + n), "r", "", ""}));
          if (!landed) ++failures;
          ++crossings;
        }
      });
    }
    while (crossings < 6 + round * 3) std::this_thread::yield();
    const auto ended = wait(store::end_company_sessions(c.db, "corp", "cli:root"));
    for (std::thread& browser : browsers) browser.join();
    CHECK(ended);
    CHECK(failures == 0);
    CHECK(c.count("sessions") == "0");
  }
}
