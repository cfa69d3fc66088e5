#include "journey/manage/company_access.h"

#include <nlohmann/json.hpp>

#include "anteroom/asserted_access.h"
#include "anteroom/grants.h"
#include "anteroom/properties.h"
#include "journey/frame/property_names.h"
#include "journey/frame/readable.h"
#include "journey/manage/companies.h"

namespace anteroom::journey {

namespace {

using Json = nlohmann::json;
using pages::Values;

// Of a row's settings, which may be anything.
std::string text_of(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>()
                                                                       : "";
}

std::vector<std::string> keys_of(const Json& row) {
  const Json properties =
      row.is_object() && row.contains("properties") ? row["properties"] : Json();
  std::vector<std::string> keys;
  for (const Json& one : properties.is_array() ? properties : Json::array({properties})) {
    if (one.is_string()) keys.push_back(one.get<std::string>());
  }
  return keys;
}

// An entry of the list, with names where they are known.
Values entry_of(const Json& row, const store::PropertyNames& names) {
  Values entry;
  entry.text = {{"value", text_of(row, "value")}, {"level", text_of(row, "level")}};
  std::string& properties = entry.text["properties"];
  for (const std::string& key : keys_of(row)) {
    properties += (properties.empty() ? "" : ", ") + name_of_property(key, names);
  }
  entry.flags["is_everywhere"] = properties == kAllProperties;
  return entry;
}

}  // namespace

Task<Status> add_asserted_access(Database& database, const store::CompanyRow& row, Values& values) {
  const Json settings = Json::parse(row.settings, nullptr, false);
  if (!settings.is_object() || !settings.contains("access")) co_return Done{};
  const Json& table = settings["access"];
  values.flags["has_table"] = true;
  values.text["attribute"] = text_of(table, "attribute");
  const Json rows = table.is_object() && table.contains("values") ? table["values"] : Json();
  std::vector<std::string> keys;
  for (const Json& one : rows.is_array() ? rows : Json::array()) {
    for (std::string& key : keys_of(one)) keys.push_back(std::move(key));
  }
  auto naming = store::property_names(database, std::move(keys));
  const Result<store::PropertyNames> names = co_await naming;
  if (!names) co_return names.failure();
  for (const Json& one : rows.is_array() ? rows : Json::array()) {
    values.lists["asserted"].push_back(entry_of(one, *names));
  }
  auto counting = store::too_many_groups(database, row.name);
  const Result<store::TooManyGroups> too_many = co_await counting;
  if (!too_many) co_return too_many.failure();
  if (too_many->people > 0) {
    values.messages["too_many_groups"] = {
        "company_too_many_groups"_message,
        {{"people", counted(too_many->people)}, {"at", readable_time(too_many->last_at)}}};
  }
  co_return Done{};
}

}  // namespace anteroom::journey
