#include "journey/manage/company_access.h"

#include <nlohmann/json.hpp>

#include "anteroom/asserted_access.h"
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

void add_properties(const Json& row, Values& values) {
  const Json properties =
      row.is_object() && row.contains("properties") ? row["properties"] : Json();
  std::string keys;
  for (const Json& one : properties.is_array() ? properties : Json::array({properties})) {
    if (one.is_string()) keys += (keys.empty() ? "" : ", ") + one.get<std::string>();
  }
  values.text["properties"] = keys;
  values.flags["is_everywhere"] = keys == "*";
}

}  // namespace

Task<Status> add_asserted_access(Database& database, const store::CompanyRow& row, Values& values) {
  const Json settings = Json::parse(row.settings, nullptr, false);
  if (!settings.is_object() || !settings.contains("access")) co_return Done{};
  const Json& table = settings["access"];
  values.flags["has_table"] = true;
  values.text["attribute"] = text_of(table, "attribute");
  const Json rows = table.is_object() && table.contains("values") ? table["values"] : Json();
  for (const Json& one : rows.is_array() ? rows : Json::array()) {
    Values entry;
    entry.text = {{"value", text_of(one, "value")}, {"level", text_of(one, "level")}};
    add_properties(one, entry);
    values.lists["asserted"].push_back(std::move(entry));
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
