// People of two companies, and who may see whom.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "database/people_fixture.h"

namespace anteroom::test {

enum class Reach { none, sees, looks_after };

/// Beside the people of Company (all of corp.test), each with a session:
/// oli: technician at oak; newbie waits; off: a manager at elm, switched off.
/// Of another company: pia, manager at oak; faye, viewer at oak; kim, viewer at elm by an operator;
/// liv, viewer at elm by max; ruth, whom max asked for at elm; asta, whom ann asked for there.
class Cast : public Company {
 public:
  Cast() {
    join("oli", "technician", "oak");
    join("off", "manager", "elm");
    for (const char* name : {"ann", "max", "sue", "ida", "vic", "oli", "newbie", "off"}) {
      come(name, "corp");
    }
    for (const char* name : {"pia", "faye", "kim", "liv", "ruth", "asta"}) come(name, "other");
    give("pia", "manager", "oak", "test");
    give("faye", "viewer", "oak", "test");
    give("kim", "viewer", "elm", "test");
    give("liv", "viewer", "elm", "max@corp.test");
    file(actor("max"), {email("ruth"), "", "elm", "viewer", "", ""});
    file(actor("ann"), {email("asta"), "", "elm", "viewer", "", ""});
    db.script("UPDATE users SET status = 'disabled' WHERE email = 'off@corp.test'");
  }

  [[nodiscard]] std::string email(const std::string& name) const {
    const auto at = companies_.find(name);
    return name + "@" + (at == companies_.end() ? "corp" : at->second) + ".test";
  }
  std::string id_of(const std::string& name) {
    return value("SELECT id FROM anteroom.users WHERE email = '" + email(name) + "'");
  }
  /// Of whoever is named so; "operator"; "stranger": no user at all.
  store::Actor somebody(const std::string& name) {
    if (name == "operator") return root();
    if (name == "stranger") return {kNobody, "stranger@corp.test", "192.0.2.7"};
    return {id_of(name), email(name), "192.0.2.7"};
  }
  /// The number of the session's token, for load().
  [[nodiscard]] int session_of(const std::string& name) const { return numbers_.at(name); }
  [[nodiscard]] std::string reference_of(const std::string& name) const {
    return "reference" + std::to_string(numbers_.at(name));
  }
  /// All that is kept of somebody.
  std::string state_of(const std::string& name) {
    return value(
        "SELECT u::text || coalesce((SELECT string_agg(g::text, ' ' ORDER BY g.id)"
        " FROM anteroom.grants g WHERE g.user_id = u.id), '') || (SELECT count(*)"
        " FROM anteroom.sessions s WHERE s.user_id = u.id) FROM anteroom.users u"
        " WHERE u.email = '" +
        email(name) + "'");
  }
  /// Runs `act` and takes back whatever it changed.
  template <class Act>
  void as_if(Act act) {
    db.script("BEGIN");
    act();
    db.script("ROLLBACK");
  }

  static Reach reach(const std::string& actor, const std::string& target) {
    static const std::vector<std::string> kOwn{"ann", "max", "sue",    "ida",
                                               "vic", "oli", "newbie", "off"};
    static const std::vector<std::string> kOthers{"pia", "faye", "kim", "liv", "ruth", "asta"};
    const auto is_in = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), target) != names.end();
    };
    if (actor == "operator" || actor == "ida" || actor == "sue") return Reach::looks_after;
    if (actor == "max") {
      if (target == "asta") return Reach::sees;
      return is_in(kOwn) || target == "kim" ? Reach::looks_after : Reach::none;
    }
    if (actor == "pia") return is_in(kOthers) || target == "oli" ? Reach::looks_after : Reach::none;
    return Reach::none;
  }

  static constexpr const char* kNobody = "11111111-1111-1111-1111-111111111111";
  static inline const std::vector<std::string> kActors{
      "operator", "ida", "sue", "max", "pia", "ann", "vic", "newbie", "off", "stranger"};
  static inline const std::vector<std::string> kTargets{"ann", "max",    "sue",  "ida", "vic",
                                                        "oli", "newbie", "off",  "pia", "faye",
                                                        "kim", "liv",    "ruth", "asta"};

 private:
  void come(const std::string& name, const std::string& company) {
    companies_[name] = company;
    const int number = static_cast<int>(numbers_.size()) + 1;
    numbers_[name] = number;
    store::SignOn s = sign_on_number(number);
    s.idp = company;
    s.email = email(name);
    s.subject = "tenant/" + name;
    s.display_name = "Called " + name;
    s.reference = reference_of(name);
    (void)sign_on_outcome(db, s);
  }
  void give(const std::string& name, const std::string& level, const std::string& property,
            const std::string& giver) {
    const auto outcome =
        get(store::provision(db, {email(name), "", level, {property}, "", giver, levels()}));
    REQUIRE(outcome.outcome == kProvisioned);
  }

  std::map<std::string, std::string> companies_;
  std::map<std::string, int> numbers_;
};

}  // namespace anteroom::test
