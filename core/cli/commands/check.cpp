#include <iostream>

#include "anteroom/site.h"
#include "anteroom/store.h"
#include "cli/commands/company_texts.h"
#include "cli/commands/creating.h"
#include "host/migrate.h"

namespace anteroom::cli {

namespace {

std::vector<std::string> closed_of(const LoadedSettings& loaded) {
  std::vector<std::string> names;
  if (loaded.settings == nullptr) return names;
  for (const IdentityProvider& idp : loaded.settings->identity_providers) {
    if (!idp.closed.empty()) names.push_back(idp.name);
  }
  return names;
}

std::string database_state_of(Console& console) {
  const Result<store::Schema> schema = wait(store::find_schema(console.raw_database()));
  if (!schema) {
    return "cannot be used: " + schema.failure().detail + Console::remedy_of(schema.failure());
  }
  const std::string trouble = store::trouble_with(*schema);
  return trouble.empty() ? "ok" : trouble;
}

// Of the companies in the database: whose data is wrong, and what is claimed in vain.
void look_at_companies(Console& console, std::vector<std::string>& closed,
                       std::vector<std::string>& conflicts) {
  const CompanyDirectory& known = console.known_companies();
  conflicts = known.conflicts();
  for (const auto& company : known.all()) {
    const bool is_its_own = console.companies().by_name(company->name) == nullptr;
    if (is_its_own && !company->closed.empty()) closed.push_back(company->name);
  }
}

void check(Console& console, bool with_database) {
  const LoadedSettings loaded =
      load_settings(console.config_file, std::chrono::system_clock::now());
  Json problems = Json::array();
  std::string text;
  for (const Problem& problem : loaded.problems) {
    text += to_string(problem) + "\n";
    problems.push_back({{"file", problem.file},
                        {"line", problem.line},
                        {"column", problem.column},
                        {"severity", problem.is_warning ? "warning" : "error"},
                        {"message", problem.message}});
  }
  std::vector<std::string> closed = closed_of(loaded), conflicts;
  const bool is_silent = loaded.settings != nullptr && !loaded.settings->mail;
  if (is_silent) {
    text += console.config_file +
            ": warning: there is no section 'mail': nobody is told anything by mail\n";
  }
  Exit exit = loaded.settings == nullptr ? exit_configuration : exit_ok;
  std::string database_state = "not checked";
  if (exit == exit_ok && with_database) {
    database_state = database_state_of(console);
    if (database_state == "ok") look_at_companies(console, closed, conflicts);
    if (database_state != "ok") exit = exit_database;
  }
  for (const std::string& conflict : conflicts) text += "warning: company " + conflict + "\n";
  text += "configuration: " + std::string(loaded.settings == nullptr ? "broken" : "ok");
  if (!closed.empty()) text += ", but nobody signs on at: " + joined_words(closed);
  text += "\ndatabase: " + database_state;
  console.say(text, {{"configuration", loaded.settings == nullptr ? "broken" : "ok"},
                     {"problems", problems},
                     {"closed", closed},
                     {"conflicts", conflicts},
                     {"mail", is_silent ? "off" : "ok"},
                     {"database", database_state}});
  if (exit != exit_ok) throw Abort{exit, "not fit to run"};
}

}  // namespace

void add_check(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("check", "check the configuration and the database");
  auto no_database = std::make_shared<bool>(false);
  command->add_flag("--no-database", *no_database, "leave the database alone");
  command->callback([&console, no_database] { check(console, !*no_database); });
}

void add_migrate(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("migrate", "bring the database schema up to date");
  auto creating = std::make_shared<CreatingOptions>();
  add_creating(*command, creating);
  command->callback([&console, creating] {
    if (creating->is_wanted) {
      const Created created = create(console.settings().database, *creating, false);
      return console.say(created.text, created.json);
    }
    const auto applied = console.need(migrate(console.raw_database()));
    std::string text;
    for (const std::string& name : applied) text += "applied " + name + "\n";
    text += "the schema is up to date (version " + std::to_string(kSchemaVersion) + ")";
    console.say(text, {{"applied", applied}, {"version", kSchemaVersion}});
  });
}

}  // namespace anteroom::cli
