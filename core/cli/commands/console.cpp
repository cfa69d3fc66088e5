#include "cli/commands/console.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <regex>

#include "anteroom/companies.h"
#include "anteroom/saml.h"
#include "anteroom/site.h"
#include "anteroom/store.h"
#include "pages/catalogue.h"
#include "pages/shipped.h"
#include "text/person_text.h"
#include "text/unicode.h"

namespace anteroom::cli {

namespace {

constexpr std::string_view kReplacement = "\ufffd";  // for what a terminal would obey

}  // namespace

const std::shared_ptr<const Settings>& Console::shared_settings() {
  if (settings_ != nullptr) return settings_;
  const LoadedSettings loaded = load_settings(config_file, std::chrono::system_clock::now());
  if (loaded.settings == nullptr) {
    std::string message;
    for (const Problem& problem : loaded.problems) message += to_string(problem) + "\n";
    throw Abort{exit_configuration, message + "the configuration is broken"};
  }
  settings_ = loaded.settings;
  return settings_;
}

const CompanyDirectory& Console::companies() {
  if (companies_ == nullptr) companies_ = std::make_unique<CompanyDirectory>(shared_settings());
  return *companies_;
}

const CompanyDirectory& Console::known_companies() {
  if (known_companies_ != nullptr) return *known_companies_;
  constexpr int kBatch = 200;
  const Time now = SystemClock().now();
  std::vector<CompanyDirectory::Company> companies;
  long version = 0;
  for (;;) {
    const auto rows = need(wait(store::changed_companies(database(), version, kBatch)));
    for (const store::CompanyRow& row : rows) {
      if (auto company = as_nodes_know(row, settings(), now)) companies.push_back(company);
    }
    if (rows.empty()) break;
    version = rows.back().version;
  }
  known_companies_ = std::make_unique<const CompanyDirectory>(shared_settings(), companies);
  return *known_companies_;
}

const IdentityProvider& Console::company(const std::string& name) {
  const IdentityProvider* found = companies().by_name(name);
  if (found == nullptr) {
    throw Abort{exit_refused, "there is no identity provider " + name +
                                  ": `anteroom idp list` shows those that there are"};
  }
  return *found;
}

const IdentityProvider& Console::known_company(const std::string& name) {
  const IdentityProvider* found = companies().by_name(name);
  if (found == nullptr) found = known_companies().by_name(name);
  if (found == nullptr) {
    throw Abort{exit_refused, "there is no identity provider or company " + name +
                                  ": `anteroom idp list` and `anteroom company list` show them"};
  }
  return *found;
}

BlockingDatabase& Console::raw_database() {
  if (database_ == nullptr) database_ = std::make_unique<BlockingDatabase>(settings().database);
  return *database_;
}

BlockingDatabase& Console::database() {
  const bool is_first = database_ == nullptr;
  BlockingDatabase& database = raw_database();
  if (is_first) {
    std::string trouble = store::trouble_with(need(wait(store::find_schema(database))));
    if (!trouble.empty()) throw Abort{exit_database, std::move(trouble)};
  }
  return database;
}

std::string for_terminal(std::string_view text) {
  std::string out;
  for (;;) {
    const auto end = text.find_first_of("\n\t");
    out += text::only_plain(text.substr(0, end), kReplacement);
    if (end == std::string_view::npos) return out;
    out += text[end];
    text.remove_prefix(end + 1);
  }
}

void Console::say(const std::string& text, const Json& json) const {
  // What is not ASCII may be a control character: JSON can say it otherwise.
  std::cout << (is_json ? json.dump(2, ' ', true, Json::error_handler_t::replace)
                        : for_terminal(text))
            << "\n";
}

void Console::table(const std::vector<std::string>& head,
                    std::vector<std::vector<std::string>> rows, const Json& json) const {
  if (is_json) return say("", json);
  for (auto& row : rows) {
    for (std::string& cell : row) cell = text::only_plain(cell, kReplacement);
  }
  std::vector<std::size_t> widths(head.size());
  std::transform(head.begin(), head.end(), widths.begin(),
                 [](const std::string& heading) { return heading.size(); });
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    std::cout << line.substr(0, line.find_last_not_of(' ') + 1) << "\n";
  };
  print(head);
  for (const auto& row : rows) print(row);
}

std::string Console::actor() {
  const passwd* entry = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe): one thread
  return std::string("cli:") + (entry == nullptr ? std::to_string(geteuid()) : entry->pw_name);
}

void Console::fail(const Failure& failure) {
  if (is_interrupted()) {
    throw Abort{exit_refused, "interrupted: the database took back what was under way"};
  }
  const bool is_away = failure.code == code::kDatabaseUnavailable;
  throw Abort{is_away ? exit_database : exit_refused,
              (is_away ? "the database cannot be reached: " : "the database refused: ") +
                  failure.detail + remedy_of(failure)};
}

std::string Console::remedy_of(const Failure& failure) {
  const bool is_peer = failure.detail.find("Peer authentication failed") != std::string::npos;
  return is_peer ? "\nrun it as that user: sudo -u www-data anteroom …" : "";
}

std::string english(const Message& message) {
  static const pages::Catalogue kEnglish(pages::shipped_catalogues().at("en"));
  return kEnglish.say(message);
}

std::string date_of(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  char text[32];
  (void)std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::string checked_email(Console& console, const std::string& text,
                          bool allow_unregistered_domain) {
  const auto email = saml::canonical_email(text);
  if (!email) throw Abort{exit_refused, "'" + text + "' is not an email address that can sign in"};
  const std::string_view domain = saml::email_domain(*email);
  if (!allow_unregistered_domain && console.companies().by_domain(domain) == nullptr &&
      console.known_companies().by_domain(domain) == nullptr) {
    throw Abort{exit_refused, "no identity provider is registered for " + std::string(domain) +
                                  ": nobody could sign in with this address"
                                  " (--allow-unregistered-domain adds it all the same)"};
  }
  return *email;
}

void check_level(Console& console, const std::string& level) {
  const auto& levels = console.settings().access.levels;
  if (std::find(levels.begin(), levels.end(), level) != levels.end()) return;
  std::string known;
  for (const std::string& name : levels) known += (known.empty() ? "" : ", ") + name;
  throw Abort{exit_refused, "'" + level + "' is not an access level; there are: " + known};
}

namespace {

std::string checked_text(const std::string& given, text::TextFault (*fault_of)(std::string_view),
                         std::size_t max) {
  std::string text(text::trimmed(given));
  switch (fault_of(text)) {
    case text::TextFault::none:
      return text;
    case text::TextFault::not_utf8:
      throw Abort{exit_refused, "'" + text + "' is not UTF-8: save it as UTF-8"};
    case text::TextFault::not_plain:
      throw Abort{exit_refused, "'" + text + "' has characters that cannot be seen"};
    case text::TextFault::too_long:
      break;
  }
  throw Abort{exit_refused,
              "'" + text.substr(0, 60) + "…' has more than " + std::to_string(max) + " characters"};
}

// As the calendar has it: no 30 February, no year 0.
bool is_day(const std::string& text) {
  const auto number = [&](std::size_t at, std::size_t length) {
    return std::stoi(text.substr(at, length));
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  return day.ok() && number(0, 4) > 0;
}

}  // namespace

std::string checked_name(const std::string& text) {
  return checked_text(text, text::fault_of_name, text::kMaxName);
}

std::string checked_note(const std::string& text) {
  return checked_text(text, text::fault_of_note, text::kMaxNote);
}

std::string checked_time(const std::string& given) {
  static const std::regex kTime(R"(\d{4}-\d\d-\d\d(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?Z)?)");
  std::string text(text::trimmed(given));
  if (text.empty() || (std::regex_match(text, kTime) && is_day(text))) return text;
  throw Abort{exit_refused,
              "'" + text + "' is not a valid date: write 2027-01-31 or 2027-01-31T12:00:00Z"};
}

}  // namespace anteroom::cli
