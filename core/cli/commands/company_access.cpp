#include "cli/commands/company_access.h"

#include <algorithm>
#include <memory>

#include "anteroom/asserted_access.h"
#include "anteroom/properties.h"
#include "cli/commands/company_steps.h"
#include "cli/commands/company_texts.h"

namespace anteroom::cli {

namespace {

struct Given : Acting {
  std::string attribute, value;
};

Json& table_in(Json& settings) {
  Json& table = settings["access"];
  if (!table.is_object()) table = Json::object();
  if (!table["values"].is_array()) table["values"] = Json::array();
  return table;
}

void remove_value(Json& table, const std::string& value) {
  Json kept = Json::array();
  for (const Json& row : table["values"]) {
    if (!row.is_object() || row.value("value", Json()) != value) kept.push_back(row);
  }
  table["values"] = std::move(kept);
}

void check_properties(Console& console, const std::vector<std::string>& keys) {
  const auto names = console.need(wait(store::property_names(console.database(), keys)));
  for (const std::string& key : keys) {
    if (key != "*" && !names.contains(key)) {
      throw Abort{exit_refused, "there is no property " + key};
    }
  }
}

void change(Console& console, const Given& given, store::CompanyRow row, const Json& settings) {
  row.settings = settings.dump();
  check_settings(console, row);
  need_change(row.name,
              console.need(wait(store::change_company(console.database(), actor_of(console, given),
                                                      console.settings().access, row))));
  row = row_of(console, given.name);
  const ReadCompany read = read_company(row, console.settings(), SystemClock().now());
  const auto too_many = console.need(wait(store::too_many_groups(console.database(), given.name)));
  const Json said = Json::parse(row.settings);
  console.say(access_text(read.company.asserted, too_many),
              {{"company", row.name}, {"access", said.value("access", Json())}});
}

void give(Console& console, const Given& given) {
  const std::vector<std::string> properties = properties_of(given);
  check_properties(console, properties);
  store::CompanyRow row = row_of(console, given.name);
  Json settings = Json::parse(row.settings);
  Json& table = table_in(settings);
  if (!given.attribute.empty()) table["attribute"] = given.attribute;
  if (!table.contains("attribute")) {
    if (settings.value("preset", "") != "entra") {
      throw Abort{exit_usage, "by the values of which attribute? Say --attribute NAME"};
    }
    table["attribute"] = kEntraGroups;
  }
  remove_value(table, given.value);
  table["values"].push_back(
      {{"value", given.value},
       {"level", given.level},
       {"properties", properties == std::vector<std::string>{"*"} ? Json("*") : Json(properties)}});
  change(console, given, std::move(row), settings);
}

void take(Console& console, const Given& given) {
  store::CompanyRow row = row_of(console, given.name);
  Json settings = Json::parse(row.settings);
  Json& table = table_in(settings);
  const std::size_t before = table["values"].size();
  remove_value(table, given.value);
  if (table["values"].size() == before) {
    throw Abort{exit_refused, "the table of " + given.name + " has no value " + given.value};
  }
  if (table["values"].empty()) settings.erase("access");
  change(console, given, std::move(row), settings);
}

}  // namespace

void add_company_access(CLI::App& company, Console& console) {
  auto* access = company.add_subcommand("access", "what people get by what their company asserts");
  access->require_subcommand(1)->fallthrough();
  const auto one = [&](const char* name, const char* help, void (*run)(Console&, const Given&)) {
    auto given = std::make_shared<Given>();
    auto* command = access->add_subcommand(name, help);
    command->add_option("NAME", given->name, "a company in the database")->required();
    command
        ->add_option("VALUE", given->value, "as it is asserted: the object ID of a group, a role")
        ->required();
    add_as(*command, given);
    command->callback([&console, given, run] { run(console, *given); });
    return std::pair(command, given);
  };
  const auto [giving, given] =
      one("give", "who is asserted to have that value has this access from the next sign-on", give);
  giving->add_option("--level", given->level)->required();
  add_where(*giving, given);
  giving->add_option("--attribute", given->attribute, "whose values count; Entra ID: its groups");
  one("take", "that value gives nothing any more, from everybody's next sign-on", take);
}

std::string access_text(const AssertedAccess& table, const store::TooManyGroups& too_many) {
  if (table.values.empty()) return "access:     nothing is given by what is asserted\n";
  std::string text = "access:     by " + table.attribute + "\n";
  for (const ValueAccess& row : table.values) {
    text += "            " + row.value + ": " + row.level + " at " + joined_words(row.properties) +
            "\n";
  }
  if (too_many.people == 0) return text;
  return text + "            too many groups to be named at the last sign-on of " +
         std::to_string(too_many.people) + " people, lastly " + too_many.last_at + "\n";
}

}  // namespace anteroom::cli
