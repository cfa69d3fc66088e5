// A small company to provision people in.
#pragma once

#include "anteroom/activity.h"
#include "anteroom/people.h"
#include "anteroom/requests.h"
#include "anteroom/scim.h"
#include "database/fixture.h"

namespace anteroom::test {

/// The value of a store function; fails the test with what the database said.
template <class T>
T get(Task<Result<T>> task) {
  auto result = wait(std::move(task));
  INFO((result ? "" : result.failure().detail));
  REQUIRE(result);
  return std::move(result).value();
}

/// Technicians file requests, managers decide.
inline AccessSettings access() {
  return {levels(), "technician", "manager", "manager"};
}

inline const store::Actor& root() {
  static const store::Actor kRoot{"", "cli:root", "", true};
  return kRoot;
}

/// Properties elm and oak. ann: technician at elm; max: manager at elm; sue: manager everywhere;
/// ida: admin everywhere; vic: viewer everywhere.
class Company {
 public:
  Company() {
    db.script(
        "INSERT INTO properties (key, name) VALUES ('elm', 'Elm Court'), ('oak', 'Oak Yard')");
    join("ann", "technician", "elm");
    join("max", "manager", "elm");
    join("sue", "manager", "*");
    join("ida", "admin", "*");
    join("vic", "viewer", "*");
  }

  void join(const std::string& name, const std::string& level, const std::string& property) {
    REQUIRE(provision(db, address(name), level, {property}) == kProvisioned);
  }
  static std::string address(const std::string& name) { return name + "@corp.test"; }
  std::string id(const std::string& name) {
    return value("SELECT id FROM anteroom.users WHERE email = '" + address(name) + "'");
  }
  store::Actor actor(const std::string& name) { return {id(name), address(name), "192.0.2.7"}; }

  std::string value(const std::string& sql) {
    queries_.push_back(sql);
    return db.value(queries_.back().c_str());
  }
  std::string count(const std::string& from) {
    return value("SELECT count(*) FROM anteroom." + from);
  }

  /// What filing a single request comes to.
  store::FilingResult file(const store::Actor& who, store::AccessRequest row,
                           bool preview = false) {
    const auto results = get(store::file_requests(db, who, access(), {std::move(row)}, preview));
    REQUIRE(results.size() == 1);
    return results[0];
  }
  /// The id of a request for NAME at elm, filed by ann.
  std::string open_request(const std::string& name, const std::string& level = "viewer") {
    const auto filed = file(actor("ann"), {address(name), "", "elm", level, "", ""});
    REQUIRE(filed.outcome == store::Filing::filed);
    return filed.request;
  }
  store::DecidingResult decide(const store::Actor& who, store::Decision decision) {
    const auto results = get(store::decide_requests(db, who, access(), std::move(decision)));
    REQUIRE(results.size() == 1);
    return results[0];
  }
  store::Deciding approve(const std::string& who, const std::string& request) {
    return decide(actor(who), {{request}, true, "", {}, ""}).outcome;
  }
  std::string grants(const std::string& name) {
    return value("SELECT grants FROM anteroom.people WHERE email = '" + address(name) + "'");
  }
  /// A sign-on of NAME, as their first or a later one.
  store::SignOnOutcome sign_on(const std::string& name, int number) {
    store::SignOn s = sign_on_number(number);
    s.email = address(name);
    s.subject = "tenant/" + name;
    s.display_name = "";
    s.reference = "reference" + std::to_string(number);
    return sign_on_outcome(db, s);
  }

  /// NAME's record, as the company's directory makes it.
  void come_from_directory(const std::string& name) {
    scim::UserChange user;
    user.user_name = user.user_name_address = user.work_email = user.work_address = address(name);
    user.external_id = user.display_name = user.formatted_name = user.given_name =
        user.family_name = "";
    user.is_active = true;
    REQUIRE(get(store::scim_create_user(db, {"corp", {"corp.test"}}, user)).outcome ==
            store::ScimOutcome::done);
  }

  TestDatabase db;

 private:
  std::list<std::string> queries_;
};

}  // namespace anteroom::test
