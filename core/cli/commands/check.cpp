#include <iostream>

#include "anteroom/site.h"
#include "anteroom/store.h"
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

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
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
  const std::vector<std::string> closed = closed_of(loaded);
  const bool is_silent = loaded.settings != nullptr && !loaded.settings->mail;
  if (is_silent) {
    text += console.config_file +
            ": warning: there is no section 'mail': nobody is told anything by mail\n";
  }
  Exit exit = loaded.settings == nullptr ? exit_configuration : exit_ok;
  std::string database_state = "not checked";
  if (exit == exit_ok && with_database) {
    BlockingDatabase database(loaded.settings->database);
    const Result<store::Schema> schema = wait(store::find_schema(database));
    if (!schema) {
      database_state =
          "cannot be used: " + schema.failure().detail + Console::remedy_of(schema.failure());
    } else {
      const std::string trouble = store::trouble_with(*schema);
      database_state = trouble.empty() ? "ok" : trouble;
    }
    if (database_state != "ok") exit = exit_database;
  }
  text += "configuration: " + std::string(loaded.settings == nullptr ? "broken" : "ok");
  if (!closed.empty()) text += ", but nobody signs on at: " + joined(closed);
  text += "\ndatabase: " + database_state;
  console.say(text, {{"configuration", loaded.settings == nullptr ? "broken" : "ok"},
                     {"problems", problems},
                     {"closed", closed},
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
