#include <algorithm>
#include <thread>

#include "anteroom/scim.h"
#include "database/people_fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using store::Deciding;

namespace {

// "recipient template" of every letter, by recipient.
std::string letters(Company& c) {
  return c.value(
      "SELECT coalesce(string_agg(recipient || ' ' || template, ', ' ORDER BY recipient, template),"
      " '') FROM anteroom.mail_outbox");
}

std::string letter(Company& c, const std::string& name, const std::string& parameter) {
  return c.value("SELECT parameters->>'" + parameter +
                 "' FROM anteroom.mail_outbox WHERE template = '" + name + "'");
}

}  // namespace

TEST_CASE("an approval lets the person in, tells both, and is audited with before and after") {
  Company c;
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  const std::string request = c.open_request("new", "technician");
  CHECK(c.approve("sue", request) == Deciding::done);
  CHECK(c.grants("new") == "elm=technician");
  const std::string session = load(c.db, 1);
  CHECK(SessionView::parse(session)->is_provisioned());
  CHECK(letters(c) == "ann@corp.test request_approved, new@corp.test access_approved");
  CHECK(letter(c, "access_approved", "properties") == "[\"Elm Court\"]");
  CHECK(letter(c, "access_approved", "level") == "technician");
  CHECK(letter(c, "access_approved", "requested_by") == "ann@corp.test");
  CHECK(letter(c, "request_approved", "decided_by") == "sue@corp.test");
  CHECK(c.value("SELECT actor || ': ' || detail FROM anteroom.audit_events"
                " WHERE kind = 'request_approved'") ==
        "sue@corp.test: before: nothing; after: technician at elm; request " + request);
  store::RequestFilter all;
  all.state = "";
  const auto rows = get(store::list_requests(c.db, c.actor("ann"), access(), all));
  CHECK(rows[0].state == "approved");
  CHECK(rows[0].decided_by == "sue@corp.test");
  CHECK_FALSE(rows[0].decided_at.empty());
  CHECK_FALSE(rows[0].may_decide);
}

TEST_CASE("level and properties may be changed while approving") {
  Company c;
  const std::string request = c.open_request("new", "technician");
  const store::Decision decision{{request}, true, "viewer", {"oak", "elm", "oak"}, ""};
  SECTION("by who may at each of them") {
    CHECK(c.decide(c.actor("sue"), decision).outcome == Deciding::done);
    CHECK(c.grants("new") == "elm=viewer,oak=viewer");
  }
  SECTION("not by who may at one only") {
    CHECK(c.decide(c.actor("max"), decision).outcome == Deciding::not_allowed);
    CHECK(c.count("users WHERE email = 'new@corp.test'") == "0");
  }
  SECTION("nor to a level above one's own") {
    CHECK(c.decide(c.actor("sue"), {{request}, true, "admin", {}, ""}).outcome ==
          Deciding::above_own_level);
    CHECK(c.decide(c.actor("ida"), {{request}, true, "admin", {}, ""}).outcome == Deciding::done);
  }
  SECTION("nor to what there is not") {
    CHECK(c.decide(c.actor("sue"), {{request}, true, "boss", {}, ""}).outcome ==
          Deciding::no_level);
    CHECK(c.decide(c.actor("sue"), {{request}, true, "", {"ash"}, ""}).outcome ==
          Deciding::no_property);
  }
}

TEST_CASE("who may not decide") {
  Company c;
  const std::string request = c.open_request("new");
  SECTION("below the level") {
    CHECK(c.approve("ann", request) == Deciding::not_allowed);
    CHECK(c.approve("vic", request) == Deciding::not_allowed);
  }
  SECTION("whose grant is elsewhere") {
    c.join("pat", "manager", "oak");
    CHECK(c.approve("pat", request) == Deciding::not_allowed);
  }
  SECTION("who asked") {
    c.db.script("UPDATE access_requests SET requested_by = '" + c.id("max") + "'");
    CHECK(c.approve("max", request) == Deciding::own_request);
    CHECK(c.decide(c.actor("max"), {{request}, false, "", {}, ""}).outcome ==
          Deciding::own_request);
  }
  SECTION("who it is for") {
    c.db.script("UPDATE access_requests SET email = 'MAX@corp.test'");
    CHECK(c.approve("max", request) == Deciding::own_request);
  }
  CHECK(c.count("mail_outbox") == "0");
  CHECK(c.count("access_requests WHERE state = 'open'") == "1");
  CHECK(c.value("SELECT count(*) > 0 FROM anteroom.audit_events WHERE kind = 'manage_refused'"
                " AND detail LIKE '%; request " +
                request + "%'") == "t");
}

TEST_CASE("a request above a decider's own level waits for somebody higher, but may be declined") {
  Company c;
  const auto filed = c.file(c.actor("ida"), {"new@corp.test", "", "elm", "admin", "", ""});
  CHECK(c.approve("sue", filed.request) == Deciding::above_own_level);
  CHECK(c.decide(c.actor("sue"), {{filed.request}, false, "", {}, "no"}).outcome == Deciding::done);
}

TEST_CASE("each decision stands on its own, in the order given") {
  Company c;
  const std::string good = c.open_request("a");
  const std::string gone = c.open_request("b");
  REQUIRE(get(store::withdraw_request(c.db, c.actor("ann"), gone)));
  const auto results = get(store::decide_requests(
      c.db, c.actor("sue"), access(),
      {{gone, "11111111-1111-1111-1111-111111111111", "x'", good}, true, "", {}, ""}));
  REQUIRE(results.size() == 4);
  CHECK(results[0].outcome == Deciding::decided_already);
  CHECK(results[0].decided_by == "ann@corp.test");
  CHECK(results[1].outcome == Deciding::not_found);
  CHECK(results[2].outcome == Deciding::not_found);
  CHECK(results[2].request == "x'");
  CHECK(results[3].outcome == Deciding::done);
  CHECK(results[3].request == good);
}

TEST_CASE("what was asked for may have become impossible") {
  Company c;
  const std::string request = c.open_request("new");
  SECTION("the person was disabled") {
    c.db.script("INSERT INTO users (email, status) VALUES ('new@corp.test', 'disabled')");
    CHECK(c.approve("sue", request) == Deciding::user_disabled);
  }
  SECTION("the access would have ended") {
    c.db.script("UPDATE access_requests SET expires_at = now()");
    CHECK(c.approve("sue", request) == Deciding::expired);
  }
  SECTION("the level is gone") {
    c.db.script("UPDATE access_requests SET level = 'retired'");
    CHECK(c.approve("sue", request) == Deciding::no_level);
  }
  CHECK(c.decide(c.actor("sue"), {{request}, false, "", {}, ""}).outcome == Deciding::done);
}

TEST_CASE("an approval takes nothing away") {
  Company c;
  const std::string request = c.open_request("new");
  // Not by provision(), which would close the request.
  const auto hold = [&c](const std::string& level) {
    c.db.script(
        "INSERT INTO users (email, status) VALUES ('new@corp.test', 'active');"
        "INSERT INTO grants (user_id, property, level, granted_by)"
        " SELECT id, 'elm', '" +
        level + "', 'test' FROM users WHERE email = 'new@corp.test'");
  };
  SECTION("a higher level stays") {
    hold("manager");
    CHECK(c.approve("sue", request) == Deciding::done);
    CHECK(c.grants("new") == "elm=manager");
  }
  SECTION("the same for longer stays") {
    c.db.script("UPDATE access_requests SET expires_at = now() + interval '1 day'");
    hold("viewer");
    CHECK(c.approve("sue", request) == Deciding::done);
    CHECK(c.value("SELECT expires_at IS NULL FROM anteroom.grants WHERE user_id = '" + c.id("new") +
                  "'") == "t");
  }
  SECTION("the same for shorter is prolonged") {
    hold("viewer");
    c.db.script("UPDATE grants SET expires_at = now() + interval '1 day' WHERE user_id = '" +
                c.id("new") + "'");
    CHECK(c.approve("sue", request) == Deciding::done);
    CHECK(c.value("SELECT expires_at IS NULL FROM anteroom.grants WHERE user_id = '" + c.id("new") +
                  "'") == "t");
  }
}

TEST_CASE("declining tells the requester, and the person only if they wait") {
  Company c;
  const std::string request = c.open_request("new");
  const store::Decision decline{{request}, false, "", {}, "we do not know her"};
  SECTION("has not signed on") {
    CHECK(c.decide(c.actor("sue"), decline).outcome == Deciding::done);
    CHECK(letters(c) == "ann@corp.test request_declined");
    CHECK(letter(c, "request_declined", "reason") == "we do not know her");
  }
  SECTION("waits") {
    REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
    CHECK(c.decide(c.actor("sue"), decline).outcome == Deciding::done);
    CHECK(letters(c) == "ann@corp.test request_declined, new@corp.test access_declined");
    CHECK(c.grants("new").empty());
  }
  CHECK(c.value("SELECT detail FROM anteroom.audit_events WHERE kind = 'request_declined'") ==
        "viewer at elm; request " + request + "; reason: we do not know her");
  CHECK(c.approve("ida", request) == Deciding::decided_already);
}

TEST_CASE("operators decide under their own name; nobody is written to about an operator") {
  Company c;
  const auto filed = c.file(root(), {"new@corp.test", "", "oak", "admin", "", ""});
  CHECK(c.decide(root(), {{filed.request}, true, "", {}, ""}).outcome == Deciding::done);
  CHECK(letters(c) == "new@corp.test access_approved");
  CHECK(letter(c, "access_approved", "requested_by").empty());
  CHECK(c.decide(c.actor("sue"), {{filed.request}, true, "", {}, ""}).decided_by == "cli:root");
}

TEST_CASE("a disabled requester is not written to") {
  Company c;
  const std::string request = c.open_request("new");
  c.db.script("UPDATE users SET status = 'disabled' WHERE email = 'ann@corp.test'");
  CHECK(c.approve("sue", request) == Deciding::done);
  CHECK(letters(c) == "new@corp.test access_approved");
}

TEST_CASE("of two who decide at once one wins and the other is told who") {
  Company c;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::string> requests;
    for (int i = 0; i < 20; ++i) {
      requests.push_back(c.open_request("p" + std::to_string(round) + "x" + std::to_string(i)));
    }
    const std::array<store::Actor, 2> deciders{c.actor("sue"), c.actor("ida")};
    std::array<std::vector<store::DecidingResult>, 2> results;
    std::vector<std::thread> threads;
    for (std::size_t n = 0; n < 2; ++n) {
      threads.emplace_back([&, n] {
        BlockingDatabase own(c.db.settings());
        std::vector<std::string> mine = requests;
        if (n == 1) std::reverse(mine.begin(), mine.end());
        store::Decision decision{mine, n == 0, "", {}, ""};
        auto decided = wait(store::decide_requests(own, deciders.at(n), access(), decision));
        if (decided) results.at(n) = std::move(*decided);
      });
    }
    for (auto& thread : threads) thread.join();
    REQUIRE(results[0].size() == requests.size());
    REQUIRE(results[1].size() == requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto& approved = results[0][i];
      const auto& declined = results[1][requests.size() - 1 - i];
      REQUIRE(approved.request == declined.request);
      REQUIRE((approved.outcome == Deciding::done) != (declined.outcome == Deciding::done));
      const auto& loser = approved.outcome == Deciding::done ? declined : approved;
      CHECK(loser.outcome == Deciding::decided_already);
      CHECK(loser.decided_by ==
            (approved.outcome == Deciding::done ? "sue@corp.test" : "ida@corp.test"));
    }
  }
  CHECK(c.count("audit_events WHERE kind IN ('request_approved', 'request_declined')") == "200");
}

TEST_CASE("a request is withdrawn by who filed it, once, while it is open") {
  Company c;
  const std::string request = c.open_request("new");
  CHECK_FALSE(get(store::withdraw_request(c.db, c.actor("sue"), request)));
  CHECK(c.count("audit_events WHERE kind = 'manage_refused' AND actor = 'sue@corp.test'") == "1");
  CHECK_FALSE(get(store::withdraw_request(c.db, c.actor("ann"), "x")));
  CHECK(get(store::withdraw_request(c.db, c.actor("ann"), request)));
  CHECK_FALSE(get(store::withdraw_request(c.db, c.actor("ann"), request)));
  CHECK(c.approve("sue", request) == Deciding::decided_already);
  CHECK(c.value("SELECT detail FROM anteroom.audit_events WHERE kind = 'request_withdrawn'") ==
        "viewer at elm; request " + request);
  CHECK(get(store::withdraw_request(c.db, root(), c.open_request("new"))));
}

TEST_CASE("requesters are reminded once of what is open for long, in one letter each") {
  Company c;
  c.open_request("a");
  c.open_request("b");
  c.db.script("UPDATE access_requests SET requested_at = now() - interval '3 days'");
  c.db.script(
      "UPDATE access_requests SET requested_at = now() - interval '4 days'"
      " WHERE email = 'b@corp.test'");
  c.open_request("fresh");
  CHECK(get(store::remind_open_requests(c.db, 48h)) == 1);
  CHECK(letters(c) == "ann@corp.test request_reminder");
  CHECK(letter(c, "request_reminder", "email") == "b@corp.test");
  CHECK(letter(c, "request_reminder", "more") == "1");
  CHECK(get(store::remind_open_requests(c.db, 48h)) == 0);
}

TEST_CASE("who asked or decided may be deleted; the request stays") {
  Company c;
  const std::string request = c.open_request("new");
  REQUIRE(c.approve("sue", request) == Deciding::done);
  c.db.script("DELETE FROM users WHERE email IN ('ann@corp.test', 'sue@corp.test')");
  store::RequestFilter all;
  all.state = "";
  const auto rows = get(store::list_requests(c.db, c.actor("ida"), access(), all));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].requested_by == "ann@corp.test");
  CHECK(rows[0].decided_by == "sue@corp.test");
}

TEST_CASE("what needs a look is not approved along with others, but by itself") {
  Company c;
  const std::string fine =
      c.file(c.actor("max"), {"fine@corp.test", "", "elm", "viewer", "", ""}).request;
  const auto both = [&](const std::string& request) {
    const auto results = get(store::decide_requests(c.db, c.actor("sue"), access(),
                                                    {{request, fine}, true, "", {}, ""}));
    CHECK(results.at(1).outcome == Deciding::done);
    return results.at(0).outcome;
  };
  const auto row = [&](const std::string& request) {
    for (auto& r : get(store::list_requests(c.db, c.actor("sue"), access(), {}))) {
      if (r.id == request) return r;
    }
    FAIL("not listed");
    return store::RequestRow{};
  };
  SECTION("whoever asked has lost the right to") {
    const std::string request = c.open_request("new");
    CHECK_FALSE(row(request).requester_lost_reach);
    c.db.script("DELETE FROM grants WHERE user_id = '" + c.id("ann") + "'");
    CHECK(row(request).requester_lost_reach);
    CHECK(both(request) == Deciding::look_first);
    CHECK(c.count("users WHERE email = 'new@corp.test'") == "0");
    CHECK(c.approve("sue", request) == Deciding::done);
    // Nor is somebody written to who no longer has access.
    CHECK(letters(c) ==
          "fine@corp.test access_approved, max@corp.test request_approved, "
          "new@corp.test access_approved");
  }
  SECTION("what lasts longer would be lost") {
    c.join("new", "viewer", "elm");
    const auto filed =
        c.file(c.actor("ann"), {"new@corp.test", "", "elm", "technician", "2099-01-31", ""});
    CHECK(row(filed.request).held_level == "viewer");
    CHECK(row(filed.request).held_until.empty());
    CHECK(both(filed.request) == Deciding::look_first);
    CHECK(c.grants("new") == "elm=viewer");
    CHECK(c.approve("sue", filed.request) == Deciding::done);
    CHECK(c.grants("new") == "elm=technician");
  }
  SECTION("not what ends sooner") {
    c.join("new", "viewer", "elm");
    c.db.script("UPDATE grants SET expires_at = now() + interval '1 day' WHERE user_id = '" +
                c.id("new") + "'");
    const auto filed =
        c.file(c.actor("ann"), {"new@corp.test", "", "elm", "technician", "2099-01-31", ""});
    CHECK(both(filed.request) == Deciding::done);
  }
}

TEST_CASE("an open request goes along when the person's address changes") {
  Company c;
  REQUIRE(c.sign_on("new", 1) == store::SignOnOutcome::waiting);
  const std::string request = c.open_request("new");
  const auto sign_on_as = [&](const char* email) {
    store::SignOn s = sign_on_number(2);
    s.email = email;
    s.subject = "tenant/new";
    REQUIRE(sign_on_outcome(c.db, s) == store::SignOnOutcome::waiting);
  };
  SECTION("and lets in whom it was for") {
    sign_on_as("newname@corp.test");
    CHECK(c.approve("sue", request) == Deciding::done);
    CHECK(c.grants("newname") == "elm=viewer");
    CHECK(c.count("users WHERE email = 'new@corp.test'") == "0");
  }
  SECTION("unless one is open there already") {
    const std::string other = c.open_request("newname");
    sign_on_as("newname@corp.test");
    CHECK(c.value("SELECT state FROM anteroom.access_requests WHERE id = '" + request + "'") ==
          "withdrawn");
    CHECK(c.approve("sue", other) == Deciding::done);
    CHECK(c.grants("newname") == "elm=viewer");
  }
}

TEST_CASE(
    "decisions on many and a directory that changes the same people do not lock each other out") {
  Company c;
  constexpr int kPeople = 12;
  std::vector<std::string> ids;
  for (int i = 0; i < kPeople; ++i) {
    scim::UserChange user;
    user.user_name = user.user_name_address = "p" + std::to_string(i) + "@corp.test";
    user.external_id = user.work_email = user.work_address = user.display_name = "";
    user.formatted_name = user.given_name = user.family_name = "";
    user.is_active = true;
    ids.push_back(get(store::scim_create_user(c.db, {"corp", {"corp.test"}}, user)).resource.id);
  }
  const store::ScimTable table{{{"Staff", "oak", "viewer"}}, levels()};
  scim::GroupChange group;
  group.display_name = "Staff";
  const auto staff =
      get(store::scim_create_group(c.db, {"corp", {"corp.test"}}, table, group)).resource;
  for (int round = 0; round < 15; ++round) {
    c.db.script("DELETE FROM grants WHERE property IN ('elm', 'oak') AND level = 'viewer'");
    std::vector<std::string> requests;
    for (int i = 0; i < kPeople; ++i) requests.push_back(c.open_request("p" + std::to_string(i)));
    bool is_decided = false;
    bool is_changed = false;
    std::thread decider([&] {
      BlockingDatabase own(c.db.settings());
      const auto decided =
          wait(store::decide_requests(own, c.actor("sue"), access(), {requests, true, "", {}, ""}));
      is_decided = static_cast<bool>(decided);
    });
    scim::GroupChange change;
    (round % 2 == 0 ? change.adds : change.removes) = ids;
    BlockingDatabase own(c.db.settings());
    const auto changed =
        wait(store::scim_change_group(own, {"corp", {"corp.test"}}, table, staff, change));
    is_changed = static_cast<bool>(changed);
    decider.join();
    REQUIRE(is_decided);
    REQUIRE(is_changed);
  }
}
