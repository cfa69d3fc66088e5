// Companies in the database: connected at once, on every node, without a reload.

#include <memory>

#include "anteroom/company_address.h"
#include "cli/commands/company_access.h"
#include "cli/commands/company_links.h"
#include "cli/commands/company_steps.h"
#include "cli/commands/company_texts.h"
#include "crypto/seal.h"
#include "host/system_random.h"
#include "services/company_fetcher.h"
#include "services/company_service.h"
#include "session/login_state.h"

namespace anteroom::cli {

namespace {

using store::CompanyChange;
using store::CompanyRow;

constexpr int kPage = 500;
constexpr int kMostVersions = 1000;

struct Given : Acting {
  std::string display_name, preset, metadata, domain;
  std::vector<std::string> domains, settings, without, contacts;
  long number = 0;
  bool is_meant = false, is_none = false, is_handed_in = false;
};

Time now() {
  return SystemClock().now();
}

void show(Console& console, const std::string& name) {
  Database& database = console.database();
  ShownCompany shown;
  shown.row = row_of(console, name);
  shown.read = read_company(shown.row, console.settings(), now());
  shown.versions = console.need(wait(store::metadata_versions(database, name, kMostVersions)));
  shown.fetch = console.need(wait(store::fetch_of_company(database, name)));
  shown.links = console.need(wait(store::links_of_company(database, name)));
  shown.proofs = console.need(wait(store::proofs_of_company(database, name)));
  shown.handed_in = console.need(wait(store::hand_in_of_company(database, name)));
  shown.proposals = proposals_of(console, name);
  shown.too_many_groups = console.need(wait(store::too_many_groups(database, name)));
  console.say(company_text(shown, console.settings()), company_json(shown, console.settings()));
}

void set_values(CompanyRow& row, const Given& given) {
  Json settings = Json::parse(row.settings);
  for (const std::string& one : given.settings) {
    const auto equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Abort{exit_usage, "'" + one + "': write KEY=VALUE, such as force_authn=true"};
    }
    set_value(settings, one.substr(0, equals), one.substr(equals + 1));
  }
  for (const std::string& key : given.without) settings.erase(key);
  row.settings = settings.dump();
}

void judge_domain(Console& console, const Given& given, const std::string& domain) {
  CompanyVerdict verdict =
      judge_company_domain(console.settings(), given.name, domain, given.is_meant);
  if (verdict.fault == CompanyFault::below_configured) verdict.why += kIfMeant;
  need_good(verdict);
}

void add_is_meant(CLI::App& command, const std::shared_ptr<Given>& given) {
  command.add_flag("--below-another", given->is_meant,
                   "though a domain is below another company's");
}

void add(Console& console, const Given& given) {
  need_good(judge_company_name(console.settings(), given.name));
  for (const std::string& domain : given.domains) {
    judge_domain(console, given, domain);
  }
  CompanyRow row{given.name, given.display_name.empty() ? given.name : given.display_name,
                 "draft",    {},
                 "{}",       "",
                 0};
  Given settings = given;
  if (!given.preset.empty()) settings.settings.push_back("preset=" + given.preset);
  set_values(row, settings);
  check_settings(console, row);
  store::NewMetadata metadata;
  if (!given.metadata.empty()) metadata = checked_metadata(console, row, given.metadata);
  add_row(console, given, row);
  try {
    if (!metadata.xml.empty()) {
      bring(console, given, row_of(console, given.name).version, std::move(metadata));
    }
    for (const std::string& domain : given.domains) give(console, given, domain, given.is_meant);
  } catch (Abort& abort) {
    abort.message += "\n" + given.name + " was added all the same, as a draft";
    throw;
  }
  show(console, given.name);
}

void set(Console& console, const Given& given) {
  CompanyRow row = row_of(console, given.name);
  if (!given.display_name.empty()) row.display_name = given.display_name;
  set_values(row, given);
  check_settings(console, row);
  need_change(row.name,
              console.need(wait(store::change_company(console.database(), actor_of(console, given),
                                                      console.settings().access, row))));
  show(console, given.name);
}

void bring_other_metadata(Console& console, const Given& given) {
  if (given.metadata.empty() != given.is_handed_in) {
    throw CLI::RequiredError("FILE or --handed-in");
  }
  const CompanyRow row = row_of(console, given.name);
  if (!given.is_handed_in) {
    bring(console, given, row.version, checked_metadata(console, row, given.metadata));
    return show(console, given.name);
  }
  const auto handed_in =
      console.need(wait(store::hand_in_of_company(console.database(), given.name)));
  if (!handed_in || handed_in->xml.empty()) {
    throw Abort{exit_refused, "no metadata was handed in that is not in force"};
  }
  bring(console, given, row.version, judged_metadata(console, row, handed_in->xml, "handed in: "));
  show(console, given.name);
}

void change_domain(Console& console, const Given& given, bool is_given) {
  if (is_given) {
    judge_domain(console, given, given.domain);
    give(console, given, given.domain, given.is_meant);
  } else {
    const auto change = console.need(
        wait(store::withdraw_domain(console.database(), actor_of(console, given),
                                    console.settings().access, given.name, given.domain)));
    if (change == CompanyChange::same) {
      throw Abort{exit_refused, given.domain + " is not a domain of " + given.name};
    }
    need_change(given.name, change);
  }
  show(console, given.name);
}

void set_contacts(Console& console, const Given& given) {
  if (given.contacts.empty() != given.is_none) throw CLI::RequiredError("EMAIL or --none");
  const JudgedContacts judged = judge_company_contacts(given.contacts);
  need_good(judged.verdict);
  const CompanyChange change = console.need(
      wait(store::set_company_contacts(console.database(), actor_of(console, given),
                                       console.settings().access, given.name, judged.addresses)));
  if (change != CompanyChange::same) need_change(given.name, change);
  show(console, given.name);
}

void set_state(Console& console, const Given& given, const std::string& state) {
  const std::string& name = given.name;
  const CompanyRow row = row_of(console, name);
  if (state == "live") {
    check_settings(console, row);
    if (!row.metadata.empty()) {
      need_good(judge_company_metadata(console.settings(), row, now()).verdict, name + ": ");
    }
  }
  const auto done = put_in_state(
      console, given, state == "live" ? std::optional(row.version) : std::nullopt, state);
  if (done.change == CompanyChange::proposed) return show(console, name);
  console.say(
      name + " is " + state +
          (state == "suspended" ? "; " + std::to_string(done.sessions) + " sessions ended" : ""),
      {{"company", name}, {"state", state}, {"sessions_ended", done.sessions}});
}

// As it would be judged if it were done now.
void judge(Console& console, CompanyRow row, const store::Proposal& proposal) {
  if (proposal.act == store::ProposedAct::domain) {
    return need_good(
        judge_company_domain(console.settings(), row.name, proposal.domain, proposal.is_meant));
  }
  if (proposal.act == store::ProposedAct::settings) row.settings = proposal.settings;
  check_settings(console, row);
  if (proposal.act == store::ProposedAct::metadata) row.metadata = proposal.xml;
  if (!row.metadata.empty()) {
    need_good(judge_company_metadata(console.settings(), row, now()).verdict, row.name + ": ");
  }
}

void confirm(Console& console, const Given& given) {
  const CompanyRow row = row_of(console, given.name);
  for (const store::Proposal& one : proposals_of(console, given.name)) {
    if (one.number == given.number) judge(console, row, one);
  }
  const auto change = console.need(
      wait(store::confirm_proposal(console.database(), actor_of(console, given),
                                   console.settings().access, given.name, given.number)));
  if (change != CompanyChange::same) need_change(given.name, change);
  show(console, given.name);
}

void decline(Console& console, const Given& given) {
  need_change(given.name, console.need(wait(store::drop_proposal(
                              console.database(), actor_of(console, given),
                              console.settings().access, given.name, given.number))));
  show(console, given.name);
}

void list(Console& console) {
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  std::string after;
  for (;;) {
    const auto page = console.need(wait(store::list_companies(console.database(), after, kPage)));
    for (const CompanyRow& row : page) {
      rows.push_back({row.name, row.state, joined_words(row.domains), row.display_name});
      json.push_back({{"name", row.name},
                      {"state", row.state},
                      {"domains", row.domains},
                      {"display_name", row.display_name}});
    }
    if (page.size() < static_cast<std::size_t>(kPage)) break;
    after = page.back().name;
  }
  console.table({"NAME", "STATE", "DOMAINS", "SHOWN AS"}, rows, json);
}

// A link by which whoever has it may test signing on there.
void test(Console& console, const Given& given) {
  const CompanyRow row = row_of(console, given.name);
  if (row.state == "archived") throw Abort{exit_refused, row.name + " is archived"};
  if (row.metadata.empty()) {
    throw Abort{exit_refused, row.name + " has no metadata yet: anteroom company metadata"};
  }
  SystemRandom random;
  const crypto::Sealer sealer(console.settings().sessions.cookie_keys);
  const auto link = session::seal_test_link(sealer, random, row.name, now());
  if (!link) throw Abort{exit_refused, "no randomness"};
  const std::string address = test_address(console.settings().service_provider, *link);
  console.say(address, {{"link", address}});
}

void refresh_forever(Console& console) {
  (void)console.settings();
  const services::StopSignals signals;
  services::LineLog log(false);
  services::keep_companies_fresh(console.config_file, signals, log);
}

void refresh(Console& console, const Given& given) {
  if (given.name.empty()) return refresh_forever(console);
  (void)row_of(console, given.name);
  const auto fetched =
      console.need(services::fetch_company(console.database(), console.settings(), given.name));
  if (!fetched) {
    if (console.need(wait(store::fetch_of_company(console.database(), given.name)))) {
      throw Abort{exit_refused, "somebody asks it right now: anteroom company show " + given.name};
    }
    throw Abort{exit_refused, given.name + " has no metadata_url: anteroom company set " +
                                  given.name + " --set metadata_url=https://…"};
  }
  if (fetched->done.outcome == services::Refreshed::Outcome::failed) {
    throw Abort{exit_refused, fetched->done.detail + "\nwhat is in force stays"};
  }
  const bool is_changed = fetched->done.outcome == services::Refreshed::Outcome::changed;
  console.say(is_changed ? "in force: " + fetched->done.detail : "nothing has changed",
              {{"company", given.name}, {"changed", is_changed}, {"detail", fetched->done.detail}});
}

using Run = void (*)(Console&, const Given&);

CLI::App* subcommand(CLI::App& company, Console& console, const std::shared_ptr<Given>& given,
                     const char* name, const char* help, Run run) {
  auto* command = company.add_subcommand(name, help);
  command->add_option("NAME", given->name, "a-z, 0-9 and hyphens; kept in user records")
      ->required();
  command->callback([&console, given, run] { run(console, *given); });
  return command;
}

CLI::App* changing(CLI::App& company, Console& console, const std::shared_ptr<Given>& given,
                   const char* name, const char* help, Run run) {
  auto* command = subcommand(company, console, given, name, help, run);
  add_as(*command, given);
  return command;
}

void add_settings_options(CLI::App& command, const std::shared_ptr<Given>& given) {
  command.add_option("--display-name", given->display_name, "what people call it");
  command.add_option("--set", given->settings,
                     "KEY=VALUE of an entry of identity_providers; nested with dots; repeatable");
}

void add_making(CLI::App& company, Console& console) {
  auto given = std::make_shared<Given>();
  auto* command = changing(company, console, given, "add",
                           "add one, as a draft: nobody signs on there yet", add);
  command->add_option("--domain", given->domains, "email domain; repeatable");
  add_is_meant(*command, given);
  command->add_option("--metadata", given->metadata, "federation metadata XML");
  command->add_option("--preset", given->preset)->check(CLI::IsMember(kPresets));
  add_settings_options(*command, given);

  auto changed = std::make_shared<Given>();
  auto* setting = changing(company, console, changed, "set", "change its settings", set);
  add_settings_options(*setting, changed);
  setting->add_option("--unset", changed->without, "a KEY that goes back to what is usual");

  auto brought = std::make_shared<Given>();
  auto* metadata =
      changing(company, console, brought, "metadata",
               "put other metadata in force; what was before is kept", bring_other_metadata);
  metadata->add_option("FILE", brought->metadata);
  metadata->add_flag("--handed-in", brought->is_handed_in,
                     "what the customer's administrator has handed in");
  auto fetched = std::make_shared<Given>();
  auto* refreshing = company.add_subcommand(
      "refresh", "fetch metadata from metadata_url, again and again (with a name: now)");
  refreshing->add_option("NAME", fetched->name, "this one only, at once");
  refreshing->callback([&console, fetched] { refresh(console, *fetched); });
}

void add_contacts(CLI::App& company, Console& console) {
  auto given = std::make_shared<Given>();
  auto* contacts =
      changing(company, console, given, "contacts",
               "who is told there when it goes live, instead of those before", set_contacts);
  contacts->add_option("EMAIL", given->contacts, "at most 10");
  contacts->add_flag("--none", given->is_none, "nobody is told");
}

void add_domains(CLI::App& company, Console& console) {
  auto* domain = company.add_subcommand("domain", "its email domains")->require_subcommand(1);
  domain->fallthrough();
  const auto one = [&](const char* name, const char* help, Run run) {
    auto given = std::make_shared<Given>();
    auto* command = changing(*domain, console, given, name, help, run);
    command->add_option("DOMAIN", given->domain)->required();
    return std::pair(command, given);
  };
  const auto [adding, added] =
      one("add", "who has an address there signs on at it",
          [](Console& own, const Given& given) { change_domain(own, given, true); });
  add_is_meant(*adding, added);
  one("remove", "nobody with an address there signs on any more; sessions stay",
      [](Console& own, const Given& given) { change_domain(own, given, false); });
  add_verifying(*domain, console);
}

// Of what waits for a second person.
void add_second(CLI::App& company, Console& console) {
  const auto one = [&](const char* name, const char* help, Run run) {
    auto given = std::make_shared<Given>();
    changing(company, console, given, name, help, run)
        ->add_option("NUMBER", given->number, "as `company show` prints it")
        ->required();
  };
  one("confirm", "do what somebody else has proposed", confirm);
  one("decline", "do not do what was proposed", decline);
}

void add_states(CLI::App& company, Console& console) {
  const auto one = [&](const char* name, const char* help, Run run) {
    changing(company, console, std::make_shared<Given>(), name, help, run);
  };
  one("live", "let people sign on there",
      [](Console& own, const Given& given) { set_state(own, given, "live"); });
  one("suspend", "nobody signs on there any more, and every session of it ends",
      [](Console& own, const Given& given) { set_state(own, given, "suspended"); });
  one("archive", "give up its domains and keep what was; it stays so",
      [](Console& own, const Given& given) { set_state(own, given, "archived"); });
  subcommand(company, console, std::make_shared<Given>(), "test",
             "print a link by which whoever has it tests signing on there", test);
  subcommand(company, console, std::make_shared<Given>(), "show",
             "show one, with what the customer must enter",
             [](Console& own, const Given& given) { show(own, given.name); });
}

}  // namespace

void add_company(CLI::App& app, Console& console) {
  auto* company = app.add_subcommand("company", "companies in the database, in force at once")
                      ->require_subcommand(1);
  company->fallthrough();
  company->add_subcommand("list", "list them")->callback([&console] { list(console); });
  add_making(*company, console);
  add_domains(*company, console);
  add_contacts(*company, console);
  add_second(*company, console);
  add_states(*company, console);
  add_company_access(*company, console);
  add_links(*company, console);
}

}  // namespace anteroom::cli
