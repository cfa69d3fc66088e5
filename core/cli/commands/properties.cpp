#include <fstream>
#include <iterator>
#include <map>
#include <memory>

#include "anteroom/properties.h"
#include "cli/commands/acting.h"
#include "journey/manage/property_list.h"

namespace anteroom::cli {

namespace {

std::string bad_key_text(const std::string& key) {
  return "'" + key + "' is not a valid property key: a-z, 0-9 and inner hyphens, at most 63";
}

// Abort unless it was done.
void need_done(Console& console, Task<Result<store::PropertyChange>> changing,
               const std::string& key, const char* as_it_is) {
  using Change = store::PropertyChange;
  switch (console.need(wait(std::move(changing)))) {
    case Change::done:
      return;
    case Change::exists:
      throw Abort{exit_refused, "there is a property " + key + " already"};
    case Change::bad_key:
      throw Abort{exit_refused, bad_key_text(key)};
    case Change::not_found:
      throw Abort{exit_refused, "there is no property '" + key + "'"};
    case Change::changed:
    case Change::not_allowed:
      break;
  }
  throw Abort{exit_refused, key + " is " + as_it_is + " already"};
}

void add(Console& console, const std::string& key, const std::string& given) {
  const std::string name = checked_name(given);
  need_done(console,
            store::make_property(console.database(), actor_of(console, Acting{}),
                                 console.settings().access, key, name),
            key, "there");
  console.say("added property " + key, {{"added", key}, {"name", name}});
}

void rename(Console& console, const std::string& key, const std::string& given) {
  const std::string name = checked_name(given);
  need_done(console,
            store::rename_property(console.database(), actor_of(console, Acting{}),
                                   console.settings().access, key, name, std::nullopt),
            key, "renamed");
  console.say(key + " is called " + name + " now", {{"renamed", key}, {"name", name}});
}

// All rows, or Abort with what is wrong with each.
std::vector<store::Property> rows_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Abort{exit_refused, "cannot read " + path};
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto list = journey::read_property_list(text);
  if (!list.complaint.empty()) throw Abort{exit_refused, path + ": " + english(list.complaint)};
  std::string complaints;
  std::vector<store::Property> rows;
  for (const journey::ListedProperty& row : list.properties) {
    rows.push_back(row.property);
    if (row.complaint.empty()) continue;
    complaints += path + ":" + std::to_string(row.line) + ": " + english(row.complaint) + "\n";
  }
  if (!complaints.empty()) throw Abort{exit_refused, complaints + "nothing was changed"};
  return rows;
}

void import(Console& console, const std::string& path, bool is_dry_run) {
  using Outcome = store::PutIn::Outcome;
  const std::vector<store::Property> rows = rows_of(path);
  const auto put_in = [&](std::optional<std::string> seen) {
    return console.need(
        wait(store::put_properties(console.database(), actor_of(console, Acting{}),
                                   console.settings().access, rows, std::move(seen))));
  };
  store::PutInMany many = put_in(std::nullopt);
  std::map<Outcome, std::vector<std::string>> keys;
  std::string complaints;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Outcome outcome = many.rows[i].outcome;
    keys[outcome].push_back(rows[i].key);
    if (outcome == Outcome::bad_key) complaints += bad_key_text(rows[i].key) + "\n";
  }
  if (!complaints.empty()) throw Abort{exit_refused, complaints + "nothing was changed"};
  if (!is_dry_run && !put_in(many.seen).is_done) {
    throw Abort{exit_refused, "somebody else changed properties meanwhile: nothing was changed"};
  }
  const std::size_t same = keys[Outcome::same].size();
  console.say((is_dry_run ? "would add " : "added ") + std::to_string(keys[Outcome::added].size()) +
                  ", " + (is_dry_run ? "rename " : "renamed ") +
                  std::to_string(keys[Outcome::renamed].size()) +
                  "; as they are: " + std::to_string(same),
              {{is_dry_run ? "would_add" : "added", keys[Outcome::added]},
               {is_dry_run ? "would_rename" : "renamed", keys[Outcome::renamed]},
               {"same", same}});
}

// What closing means, or meant.
std::string loss_text(const store::PropertyRow& property) {
  return std::to_string(property.people) + " people with a level of their own there, " +
         std::to_string(property.requests) + " open requests";
}

void close(Console& console, const std::string& key, bool is_dry_run) {
  const auto property = console.need(wait(store::show_property(
      console.database(), actor_of(console, Acting{}), console.settings().access, key)));
  if (!property) throw Abort{exit_refused, "there is no property '" + key + "'"};
  if (!is_dry_run) {
    need_done(console,
              store::close_property(console.database(), actor_of(console, Acting{}),
                                    console.settings().access, key, true),
              key, "closed");
  }
  console.say((is_dry_run ? "closing " + key + " concerns "
                          : "closed " + key + ": nobody has access there now; ") +
                  loss_text(*property),
              {{is_dry_run ? "would_close" : "closed", key},
               {"people", property->people},
               {"requests", property->requests}});
}

void open(Console& console, const std::string& key) {
  need_done(console,
            store::close_property(console.database(), actor_of(console, Acting{}),
                                  console.settings().access, key, false),
            key, "open");
  console.say("opened " + key + ": what was granted there counts again", {{"opened", key}});
}

void list(Console& console, store::PropertyFilter filter) {
  constexpr int kBatch = 1000;
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  filter.limit = kBatch;
  std::size_t got = kBatch;
  while (got == kBatch) {
    const auto found = console.need(wait(store::search_properties(
        console.database(), actor_of(console, Acting{}), console.settings().access, filter)));
    got = found.size();
    for (const store::PropertyRow& p : found) {
      rows.push_back({p.key, p.closed_at.empty() ? "open" : "closed", p.name});
      json.push_back({{"key", p.key}, {"name", p.name}, {"closed_at", p.closed_at}});
      filter.after = p.key;
    }
  }
  console.table({"KEY", "STATE", "NAME"}, rows, json);
}

struct Given {
  std::string key, name, file;
  bool is_dry_run = false;
  bool only_open = false, only_closed = false;
  store::PropertyFilter filter;
};

void add_list(CLI::App& property, Console& console) {
  auto* command = property.add_subcommand("list", "list properties");
  auto given = std::make_shared<Given>();
  command->add_option("--search", given->filter.search, "part of a key or a name");
  auto* open_only = command->add_flag("--open", given->only_open, "only those that are open");
  command->add_flag("--closed", given->only_closed, "only those that are closed")
      ->excludes(open_only);
  command->callback([&console, given] {
    if (given->only_open) given->filter.state = "open";
    if (given->only_closed) given->filter.state = "closed";
    list(console, given->filter);
  });
}

void add_importing(CLI::App& property, Console& console) {
  auto* command = property.add_subcommand("import", "add and rename properties from a CSV file");
  auto given = std::make_shared<Given>();
  command->add_option("FILE", given->file)->required();
  command->add_flag("--dry-run", given->is_dry_run, "only say what would be done");
  command->callback([&console, given] { import(console, given->file, given->is_dry_run); });
}

}  // namespace

void add_property(CLI::App& app, Console& console) {
  auto* property = app.add_subcommand("property", "properties")->require_subcommand(1);
  property->fallthrough();
  auto given = std::make_shared<Given>();
  auto* add_command = property->add_subcommand("add", "add a property");
  auto* rename_command = property->add_subcommand("rename", "give a property another name");
  auto* close_command = property->add_subcommand("close", "end all access at a property");
  auto* open_command = property->add_subcommand("open", "open a closed property again");
  add_command->add_option("KEY", given->key, "a-z, 0-9 and hyphens")->required();
  for (auto* command : {rename_command, close_command, open_command}) {
    command->add_option("KEY", given->key)->required();
  }
  for (auto* command : {add_command, rename_command}) {
    command->add_option("NAME", given->name)->required();
  }
  close_command->add_flag("--dry-run", given->is_dry_run, "only say whom it concerns");
  add_command->callback([&console, given] { add(console, given->key, given->name); });
  rename_command->callback([&console, given] { rename(console, given->key, given->name); });
  close_command->callback([&console, given] { close(console, given->key, given->is_dry_run); });
  open_command->callback([&console, given] { open(console, given->key); });
  add_importing(*property, console);
  add_list(*property, console);
}

}  // namespace anteroom::cli
