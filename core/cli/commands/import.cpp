#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>

#include "anteroom/people.h"
#include "anteroom/properties.h"
#include "cli/commands/console.h"
#include "text/csv.h"
#include "text/person_text.h"
#include "text/unicode.h"

namespace anteroom::cli {

namespace {

using text::CsvRow;

const std::vector<std::string> kColumns{"email", "name", "property", "level", "expires"};
constexpr std::size_t kBatch = 100;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Abort{exit_refused, "cannot read " + path};
  return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, std::size_t> columns_of(const CsvRow& head) {
  std::map<std::string, std::size_t> columns;
  for (std::size_t i = 0; i < head.cells.size(); ++i) {
    const std::string name = text::column_name(head.cells[i]);
    if (std::find(kColumns.begin(), kColumns.end(), name) == kColumns.end()) {
      throw Abort{exit_refused, "unknown column '" + name +
                                    "'; there are: email, name, property, level, expires"};
    }
    if (!columns.emplace(name, i).second) {
      throw Abort{exit_refused, "column '" + name + "' is there twice"};
    }
  }
  for (const char* needed : {"email", "property", "level"}) {
    if (!columns.contains(needed))
      throw Abort{exit_refused, std::string("column '") + needed + "' is missing"};
  }
  return columns;
}

// Checks each row on its own and collects every complaint: one run shows all that is wrong.
class Reader {
 public:
  Reader(Console& console, bool allow_unregistered)
      : console_(console), allow_unregistered_(allow_unregistered) {
    for (const auto& p : console.need(wait(store::list_properties(console.database())))) {
      properties_.insert(p.key);
    }
    properties_.insert("*");
  }

  Json read(const std::vector<CsvRow>& csv) {
    if (csv.empty()) throw Abort{exit_refused, "the file is empty"};
    need_utf8(csv);
    columns_ = columns_of(csv.front());
    Json rows = Json::array();
    for (auto row = csv.begin() + 1; row != csv.end(); ++row) {
      try {
        rows.push_back(read_row(*row));
      } catch (const Abort& bad) {
        complaints_ += "line " + std::to_string(row->line) + ": " + bad.message + "\n";
      }
    }
    if (!complaints_.empty()) throw Abort{exit_refused, complaints_ + "nothing was imported"};
    return rows;
  }

 private:
  // Said once for all such lines: the file was saved in another encoding, and no name is guessed.
  static void need_utf8(const std::vector<CsvRow>& csv) {
    std::string lines;
    for (const CsvRow& row : csv) {
      if (!std::all_of(row.cells.begin(), row.cells.end(), text::is_utf8)) {
        lines += "line " + std::to_string(row.line) + " is not UTF-8\n";
      }
    }
    if (lines.empty()) return;
    throw Abort{exit_refused, lines + "save the file as CSV UTF-8; nothing was imported"};
  }

  Json read_row(const CsvRow& row) {
    if (row.cells.size() != columns_.size()) {
      throw Abort{exit_refused, std::to_string(row.cells.size()) + " cells where the head has " +
                                    std::to_string(columns_.size())};
    }
    const auto cell = [&](const char* column) {
      const auto found = columns_.find(column);
      return found == columns_.end() ? std::string()
                                     : std::string(text::trimmed(row.cells[found->second]));
    };
    const std::string email = checked_email(console_, cell("email"), allow_unregistered_);
    check_level(console_, cell("level"));
    if (!properties_.contains(cell("property"))) {
      throw Abort{exit_refused, "there is no property '" + cell("property") + "' that is open"};
    }
    const auto [first, is_new] = seen_.emplace(email + " " + cell("property"), row.line);
    if (!is_new) {
      throw Abort{exit_refused, email + " at " + cell("property") + " is on line " +
                                    std::to_string(first->second) + " already"};
    }
    return {{"line", row.line},
            {"email", email},
            {"name", checked_name(cell("name"))},
            {"property", cell("property")},
            {"level", cell("level")},
            {"expires", checked_time(cell("expires"))}};
  }

  Console& console_;
  bool allow_unregistered_;
  std::set<std::string> properties_;
  std::map<std::string, std::size_t> columns_;
  std::map<std::string, int> seen_;
  std::string complaints_;
};

std::string text_of(const Json& rows) {
  return rows.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Few at a time: their people are locked meanwhile, and whoever of them signs on waits.
void import_some(Console& console, const Json& rows, std::size_t first, std::size_t count) {
  const auto begin = rows.begin() + static_cast<Json::difference_type>(first);
  const Json some(Json::array_t(begin, begin + static_cast<Json::difference_type>(count)));
  const auto done = wait(store::import_users(console.database(), text_of(some), Console::actor(),
                                             console.settings().access.levels));
  if (done) return;
  if (first > 0) {
    const int line = rows[first - 1]["line"].get<int>();
    throw Abort{exit_refused, done.failure().detail + "; lines up to " + std::to_string(line) +
                                  " are imported, later ones are not: mend it and run the same "
                                  "file again"};
  }
  console.need(done);
}

void import(Console& console, const std::string& path, bool is_dry_run, bool allow_unregistered) {
  const Result<std::vector<CsvRow>> csv = text::parse_csv(read_file(path));
  if (!csv) throw Abort{exit_refused, csv.failure().detail + "; nothing was imported"};
  const Json rows = Reader(console, allow_unregistered).read(*csv);
  if (is_dry_run) {
    console.say(std::to_string(rows.size()) + " rows are fine; nothing was imported",
                {{"rows", rows.size()}, {"imported", 0}});
    return;
  }
  if (const auto trouble =
          console.need(wait(store::check_import(console.database(), text_of(rows))))) {
    throw Abort{exit_refused, *trouble + "; nothing was imported"};
  }
  for (std::size_t first = 0; first < rows.size(); first += kBatch) {
    import_some(console, rows, first, std::min(kBatch, rows.size() - first));
  }
  console.say("imported " + std::to_string(rows.size()) + " rows",
              {{"rows", rows.size()}, {"imported", rows.size()}});
}

}  // namespace

void add_import(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand(
      "import", "provision many people from a CSV file; one bad row, and none is imported");
  struct Given {
    std::string path;
    bool is_dry_run = false;
    bool allow_unregistered = false;
  };
  auto given = std::make_shared<Given>();
  command->add_option("FILE", given->path, "columns email,name,property,level,expires")->required();
  command->add_flag("--dry-run", given->is_dry_run, "check only");
  command->add_flag("--allow-unregistered-domain", given->allow_unregistered);
  command->callback([&console, given] {
    import(console, given->path, given->is_dry_run, given->allow_unregistered);
  });
}

}  // namespace anteroom::cli
