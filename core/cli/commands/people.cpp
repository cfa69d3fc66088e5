#include <memory>

#include "anteroom/people.h"
#include "cli/commands/acting.h"

namespace anteroom::cli {

namespace {

Json json_of(const store::Person& p) {
  return {{"id", p.id},
          {"email", p.email},
          {"name", p.name},
          {"state", p.state},
          {"idp", p.idp},
          {"subject", p.subject},
          {"grants", p.grants},
          {"created_at", p.created_at},
          {"last_sign_on_at", p.last_sign_on_at}};
}

void list(Console& console, const store::PeopleFilter& filter) {
  const auto people = console.need(wait(store::list_people(console.database(), filter)));
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const store::Person& p : people) {
    rows.push_back({p.email, p.state, p.grants,
                    p.last_sign_on_at.empty() ? "never" : p.last_sign_on_at, p.name});
    json.push_back(json_of(p));
  }
  console.table({"EMAIL", "STATE", "GRANTS", "LAST SIGN-ON", "NAME"}, rows, json);
}

std::string whose_switch(const store::PersonDetail& detail) {
  if (detail.is_off_by_people && detail.is_off_by_directory) {
    return " by people and by the company's directory";
  }
  if (detail.is_off_by_directory) return " by the company's directory";
  return detail.is_off_by_people ? " by people" : "";
}

// What ended, too: who had access yesterday asks today.
std::string access_text(const store::PersonDetail& detail) {
  std::string text;
  for (const store::GrantRow& grant : detail.grants) {
    text += (text.empty() ? "" : "\n              ") + grant.property + "=" + grant.level;
    if (!grant.expires_at.empty()) text += ", until " + grant.expires_at.substr(0, 16) + "Z";
    if (grant.is_closed) text += ", counts for nothing while the property is closed";
  }
  return text.empty() ? "-" : text;
}

Json access_json(const store::PersonDetail& detail) {
  Json grants = Json::array();
  for (const store::GrantRow& grant : detail.grants) {
    grants.push_back({{"property", grant.property},
                      {"level", grant.level},
                      {"expires_at", grant.expires_at},
                      {"granted_by", grant.granted_by}});
  }
  return grants;
}

void show(Console& console, const std::string& given) {
  const std::string email = checked_email(console, given, true);
  const auto person = console.need(wait(store::find_person(console.database(), email)));
  if (!person) throw Abort{exit_refused, "there is no user " + email};
  const auto detail = console.need(wait(store::show_person(
      console.database(), actor_of(console, Acting{}), console.settings().access, person->id)));
  if (!detail) throw Abort{exit_refused, "there is no user " + email};
  const auto or_none = [](const std::string& text) { return text.empty() ? "-" : text; };
  Json json = json_of(*person);
  json["access"] = access_json(*detail);
  json["off_by_people"] = detail->is_off_by_people;
  json["off_by_directory"] = detail->is_off_by_directory;
  console.say(
      "email:        " + person->email + "\nname:         " + or_none(person->name) +
          "\nstate:        " + person->state + whose_switch(*detail) +
          "\naccess:       " + access_text(*detail) + "\nidp:          " + or_none(person->idp) +
          "\nidentifier:   " + or_none(person->subject) + "\ncreated:      " + person->created_at +
          "\nlast sign-on: " + or_none(person->last_sign_on_at),
      json);
}

struct Given {
  std::string email, name, level, expires;
  std::vector<std::string> properties;
  bool is_everywhere = false;
  bool allow_unregistered = false;
};

void add(Console& console, const Given& given) {
  const std::string email = checked_email(console, given.email, given.allow_unregistered);
  const std::string name = checked_name(given.name);
  if (!console.need(wait(store::add_user(console.database(), email, name, Console::actor())))) {
    throw Abort{exit_refused, "there is a user " + email + " already"};
  }
  console.say("added " + email + "; provision them to let them in", {{"added", email}});
}

// Abort unless it was done.
void need_provisioned(const std::string& email, const store::Provisioned& provisioned) {
  switch (provisioned.outcome) {
    case store::Provisioned::Outcome::done:
      return;
    case store::Provisioned::Outcome::user_disabled:
      throw Abort{exit_refused, email + " is disabled: `anteroom user enable` first"};
    case store::Provisioned::Outcome::in_the_past:
      throw Abort{exit_refused, "the access would have ended already"};
    case store::Provisioned::Outcome::no_property:
      break;
  }
  throw Abort{exit_refused, "there is no property '" + provisioned.property +
                                "' that is open: `anteroom property add` or `open` first"};
}

void provision(Console& console, const Given& given) {
  const std::string email = checked_email(console, given.email, given.allow_unregistered);
  check_level(console, given.level);
  if (given.is_everywhere == !given.properties.empty()) {
    throw Abort{exit_usage, "say either --property KEY (repeatable) or --all-properties"};
  }
  store::Provision order{email,
                         checked_name(given.name),
                         given.level,
                         given.properties,
                         checked_time(given.expires),
                         Console::actor(),
                         console.settings().access.levels};
  if (given.is_everywhere) order.properties = {"*"};
  for (const std::string& key : given.properties) {
    if (key == "*") throw Abort{exit_refused, "'*' is not a property: use --all-properties"};
  }
  need_provisioned(email, console.need(wait(store::provision(console.database(), order))));
  console.say("provisioned " + email + "; whoever waits is let in by itself",
              {{"provisioned", email}, {"level", given.level}, {"properties", order.properties}});
}

using Change = Task<Result<bool>> (*)(Database&, std::string, std::string);

void change(Console& console, const std::string& given, Change change_user, const char* done,
            const char* refused) {
  const std::string email = checked_email(console, given, true);
  if (!console.need(wait(change_user(console.database(), email, Console::actor())))) {
    throw Abort{exit_refused, std::string(refused) + " " + email};
  }
  console.say(std::string(done) + " " + email, {{done, email}});
}

void add_change(CLI::App& user, Console& console, const char* name, const char* help,
                Change change_user, const char* done, const char* refused) {
  auto* command = user.add_subcommand(name, help);
  auto email = std::make_shared<std::string>();
  command->add_option("EMAIL", *email)->required();
  command->callback([=, &console] { change(console, *email, change_user, done, refused); });
}

void enable(Console& console, const std::string& given, bool is_against_directory) {
  const std::string email = checked_email(console, given, true);
  const store::Enabled enabled = console.need(
      wait(store::enable_user(console.database(), email, Console::actor(), is_against_directory)));
  if (enabled.outcome == store::Enabled::Outcome::not_disabled) {
    throw Abort{exit_refused, "there is no disabled user " + email};
  }
  if (enabled.outcome == store::Enabled::Outcome::off_by_directory) {
    const std::string& directory = enabled.directory;
    throw Abort{exit_refused, "the directory of " + directory.substr(directory.find(':') + 1) +
                                  " has " + email +
                                  " off: the company has to switch it on there; with "
                                  "--against-directory it is switched on here all the same"};
  }
  console.say("enabled " + email, {{"enabled", email}});
}

void add_enable(CLI::App& user, Console& console) {
  auto* command = user.add_subcommand("enable", "turn access on again");
  auto email = std::make_shared<std::string>();
  auto is_against = std::make_shared<bool>(false);
  command->add_option("EMAIL", *email)->required();
  command->add_flag("--against-directory", *is_against,
                    "although the company's directory says off");
  command->callback([=, &console] { enable(console, *email, *is_against); });
}

struct Unpinning {
  std::string email, idp;
  bool is_dry_run = false;
};

void unpin_company(Console& console, const Unpinning& given) {
  const auto unpinned = console.need(wait(
      store::unpin_company(console.database(), given.idp, Console::actor(), given.is_dry_run)));
  if (unpinned.people == 0) {
    throw Abort{exit_refused,
                "nobody is pinned to " + given.idp +
                    ": `anteroom user show EMAIL` says as idp whom somebody is pinned to"};
  }
  const std::string counts = std::to_string(unpinned.people) + " people of " + given.idp + ", " +
                             std::to_string(unpinned.sessions) + " sessions";
  console.say(given.is_dry_run ? "would unpin " + counts + "; nothing was changed"
                               : "unpinned " + counts + " ended",
              {{"idp", given.idp},
               {"people", unpinned.people},
               {"sessions", unpinned.sessions},
               {"unpinned", given.is_dry_run ? 0 : unpinned.people}});
}

void unpin(Console& console, const Unpinning& given) {
  if (given.email.empty() == given.idp.empty()) {
    throw Abort{exit_usage, "either EMAIL or --idp NAME is required"};
  }
  if (!given.idp.empty()) return unpin_company(console, given);
  change(console, given.email, store::unpin_user, "unpinned", "there is no user");
}

void add_unpin(CLI::App& user, Console& console) {
  auto* command =
      user.add_subcommand("unpin", "let the next sign-on with this email take the record over");
  auto given = std::make_shared<Unpinning>();
  command->add_option("EMAIL", given->email);
  auto* idp = command->add_option("--idp", given->idp, "everybody of this identity provider");
  command->add_flag("--dry-run", given->is_dry_run, "count only")->needs(idp);
  command->callback([&console, given] { unpin(console, *given); });
}

}  // namespace

void add_user(CLI::App& app, Console& console) {
  auto* user = app.add_subcommand("user", "people")->require_subcommand(1);
  user->fallthrough();

  auto* list_command = user->add_subcommand("list", "list people");
  auto filter = std::make_shared<store::PeopleFilter>();
  list_command->add_flag("--waiting", filter->only_waiting, "only those who wait for a grant");
  list_command->add_option("--search", filter->search, "part of the address or name");
  list_command->add_option("--limit", filter->limit)
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  list_command->callback([&console, filter] { list(console, *filter); });

  auto* show_command = user->add_subcommand("show", "show one person");
  auto shown = std::make_shared<std::string>();
  show_command->add_option("EMAIL", *shown)->required();
  show_command->callback([&console, shown] { show(console, *shown); });

  auto given = std::make_shared<Given>();
  auto* add_command = user->add_subcommand("add", "add a person without access yet");
  auto* provision_command =
      user->add_subcommand("provision", "give access; whoever waits is let in");
  for (auto* command : {add_command, provision_command}) {
    command->add_option("EMAIL", given->email)->required();
    command->add_option("--name", given->name);
    command->add_flag("--allow-unregistered-domain", given->allow_unregistered);
  }
  add_command->callback([&console, given] { add(console, *given); });
  provision_command->add_option("--level", given->level)->required();
  provision_command->add_option("--property", given->properties, "property key; repeatable");
  provision_command->add_flag("--all-properties", given->is_everywhere);
  provision_command->add_option("--expires", given->expires, "2027-01-31 or 2027-01-31T12:00:00Z");
  provision_command->callback([&console, given] { provision(console, *given); });

  add_change(*user, console, "disable", "turn access off and end all sessions", store::disable_user,
             "disabled", "there is no user");
  add_enable(*user, console);
  add_unpin(*user, console);
  add_user_access(*user, console);
}

}  // namespace anteroom::cli
