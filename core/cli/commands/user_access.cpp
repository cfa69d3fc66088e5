#include <memory>

#include "anteroom/people.h"
#include "cli/commands/acting.h"

namespace anteroom::cli {

namespace {

using store::PersonChange;

// Abort unless it was done.
void need_done(PersonChange outcome) {
  switch (outcome) {
    case PersonChange::done:
      return;
    case PersonChange::not_allowed:
      break;
    case PersonChange::above_own_level:
      throw Abort{exit_refused, "that is above the level of who acts"};
    case PersonChange::own_account:
      throw Abort{exit_refused, "nobody changes their own access"};
    case PersonChange::no_property:
      throw Abort{
          exit_refused,
          "there is no such property that is open: `anteroom property add` or `open` first"};
    case PersonChange::no_level:
      throw Abort{exit_refused, "that is not an access level"};
    case PersonChange::not_found:
      throw Abort{exit_refused, "there is no such session of this person"};
    case PersonChange::in_the_past:
      throw Abort{exit_refused, "the access would have ended already"};
    case PersonChange::bad_expiry:
      throw Abort{exit_refused, "the expiry is not a valid date"};
    case PersonChange::own_request:
      throw Abort{exit_refused, "who acts asked for this access: somebody else has to give it"};
    case PersonChange::off_by_directory:
      throw Abort{exit_refused, "the company's directory has the account off, too"};
  }
  throw Abort{exit_refused, "who acts may not do that"};
}

void grant(Console& console, const Acting& given) {
  check_level(console, given.level);
  const std::string property = property_of(given);
  const store::GrantChange change{user_of(console, given), property, given.level,
                                  checked_time(given.expires)};
  need_done(console.need(wait(store::change_grant(console.database(), actor_of(console, given),
                                                  console.settings().access, change))));
  console.say("granted " + given.level + " at " + property,
              {{"granted", given.level}, {"property", property}});
}

void revoke(Console& console, const Acting& given) {
  const std::string property = property_of(given);
  const store::GrantChange change{user_of(console, given), property, "", ""};
  need_done(console.need(wait(store::change_grant(console.database(), actor_of(console, given),
                                                  console.settings().access, change))));
  console.say("revoked what was granted at " + property, {{"revoked", property}});
}

store::PersonDetail detail_of(Console& console, const Acting& given) {
  const std::string user = user_of(console, given);
  auto detail = console.need(wait(store::show_person(console.database(), actor_of(console, given),
                                                     console.settings().access, user)));
  if (!detail) throw Abort{exit_refused, "who acts may not see this person"};
  return std::move(*detail);
}

void sessions(Console& console, const Acting& given) {
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const auto& s : detail_of(console, given).sessions) {
    rows.push_back({s.reference, s.origin, s.last_seen_at, s.client_address, s.user_agent});
    json.push_back({{"session", s.reference},
                    {"origin", s.origin},
                    {"idp", s.idp},
                    {"created_at", s.created_at},
                    {"last_seen_at", s.last_seen_at},
                    {"expires_at", s.expires_at},
                    {"client_address", s.client_address},
                    {"user_agent", s.user_agent}});
  }
  console.table({"SESSION", "ORIGIN", "LAST SEEN", "ADDRESS", "BROWSER"}, rows, json);
}

void end_sessions(Console& console, const Acting& given) {
  const std::string user = user_of(console, given);
  need_done(
      console.need(wait(store::end_sessions(console.database(), actor_of(console, given),
                                            console.settings().access, user, given.session))));
  console.say("ended " + (given.session.empty() ? "every session" : given.session),
              {{"ended", given.session.empty() ? "all" : given.session}});
}

void history(Console& console, const Acting& given) {
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const auto& e : detail_of(console, given).history) {
    rows.push_back({e.at, e.kind, e.code, e.actor, e.detail});
    json.push_back({{"at", e.at},
                    {"kind", e.kind},
                    {"code", e.code},
                    {"reference", e.reference},
                    {"actor", e.actor},
                    {"detail", e.detail}});
  }
  console.table({"AT", "WHAT", "CODE", "BY", "DETAIL"}, rows, json);
}

using Command = void (*)(Console&, const Acting&);

CLI::App* add(CLI::App& user, Console& console, const char* name, const char* help,
              const std::shared_ptr<Acting>& given, Command command) {
  auto* added = user.add_subcommand(name, help);
  added->add_option("EMAIL", given->email)->required();
  add_as(*added, given);
  added->callback([=, &console] { command(console, *given); });
  return added;
}

}  // namespace

void add_user_access(CLI::App& user, Console& console) {
  auto granted = std::make_shared<Acting>();
  auto* grant_command =
      add(user, console, "grant", "give or change access at one property", granted, grant);
  grant_command->add_option("--level", granted->level)->required();
  grant_command->add_option("--expires", granted->expires, "2027-01-31 or 2027-01-31T12:00:00Z");
  add_where(*grant_command, granted);

  auto revoked = std::make_shared<Acting>();
  add_where(*add(user, console, "revoke", "take access at one property away", revoked, revoke),
            revoked);

  add(user, console, "sessions", "list live sessions", std::make_shared<Acting>(), sessions);
  auto ended = std::make_shared<Acting>();
  add(user, console, "end-sessions", "end sessions at once, on all nodes", ended, end_sessions)
      ->add_option("--session", ended->session, "only this one, with all of its sign-on");
  add(user, console, "history", "what happened, newest first", std::make_shared<Acting>(), history);
}

}  // namespace anteroom::cli
