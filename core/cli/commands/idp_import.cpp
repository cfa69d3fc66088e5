// Moves identity providers from the configuration into the database. Their names stay, and with
// them people, pins and the audit trail.

#include <algorithm>
#include <exception>
#include <memory>

#include "anteroom/company_import.h"
#include "cli/commands/company_steps.h"

namespace anteroom::cli {

namespace {

struct Given : Acting {
  std::vector<std::string> names;
  bool is_dry_run = false;
};

struct Moved {
  std::string name, outcome;
};

std::vector<MovableCompany> chosen(Console& console, const Given& given) {
  std::vector<MovableCompany> all;
  try {
    console.settings();  // or all that is wrong with it
    all = movable_companies(console.config_file);
  } catch (const std::exception& error) {
    throw Abort{exit_refused, error.what()};
  }
  for (const std::string& name : given.names) {
    const auto is_it = [&](const MovableCompany& one) { return one.row.name == name; };
    if (std::none_of(all.begin(), all.end(), is_it)) {
      throw Abort{exit_refused, "there is no identity provider " + name + " in the configuration"};
    }
  }
  if (!given.names.empty()) {
    std::erase_if(all, [&](const MovableCompany& one) {
      return std::find(given.names.begin(), given.names.end(), one.row.name) == given.names.end();
    });
  }
  return all;
}

// All that can be known before anything is written.
store::NewMetadata checked(Console& console, const MovableCompany& company) {
  for (const std::string& domain : company.row.domains) {
    need_good(judge_company_domain(console.settings(), company.row.name, domain, true));
  }
  check_settings(console, company.row);
  return checked_metadata(console, company.row, company.metadata_file);
}

Moved move(Console& console, const Given& given, const MovableCompany& company) {
  const std::string& name = company.row.name;
  store::NewMetadata metadata = checked(console, company);
  if (console.need(wait(store::find_company(console.database(), name)))) {
    return {name, "is there already"};
  }
  if (given.is_dry_run) return {name, "can be moved"};
  Acting acting = given;
  acting.name = name;
  add_row(console, acting, company.row);
  try {
    bring(console, acting, row_of(console, name).version, std::move(metadata));
    for (const std::string& domain : company.row.domains) give(console, acting, domain, true);
    if (put_in_state(console, acting, std::nullopt, "live").change ==
        store::CompanyChange::proposed) {
      return {name, "waits for a second person: anteroom company confirm"};
    }
  } catch (Abort& abort) {
    abort.message += "\n" + name + " is in the database as a draft; the configuration goes first";
    throw;
  }
  return {name, "moved"};
}

void import(Console& console, const Given& given) {
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  bool has_moved = false;
  for (const MovableCompany& company : chosen(console, given)) {
    const Moved moved = move(console, given, company);
    has_moved |= moved.outcome == "moved";
    rows.push_back({moved.name, moved.outcome});
    json.push_back({{"name", moved.name}, {"outcome", moved.outcome}});
  }
  console.table({"NAME", "OUTCOME"}, rows, json);
  if (has_moved && !console.is_json) {
    console.say(
        "\nNow take what was moved out of the configuration of every node, and reload nginx there. "
        "Until then the configuration goes first.",
        {});
  }
}

}  // namespace

void add_idp_import(CLI::App& idp, Console& console) {
  auto* command = idp.add_subcommand(
      "import", "move identity providers from the configuration into the database");
  auto given = std::make_shared<Given>();
  command->add_option("NAME", given->names, "which; none: all of them");
  command->add_flag("--dry-run", given->is_dry_run, "say what would be done");
  add_as(*command, given);
  command->callback([&console, given] { import(console, *given); });
}

}  // namespace anteroom::cli
