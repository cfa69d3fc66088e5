// What every command shares: the configuration, the database, and how it speaks.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "anteroom/company_directory.h"
#include "anteroom/message.h"
#include "anteroom/settings.h"
#include "host/blocking_ports.h"

namespace anteroom::cli {

using Json = nlohmann::ordered_json;

/// Exit codes, documented in nginx-conf/manual/command-line.md.
enum Exit : int {
  exit_ok = 0,
  exit_refused = 1,
  exit_usage = 2,
  exit_configuration = 3,
  exit_database = 4,
  exit_mail = 5,
};

/// Thrown by commands to end with a message on stderr.
struct Abort {
  Exit exit;
  std::string message;
};

/// Text that comes from elsewhere, too, without what a terminal obeys: only line breaks and tabs
/// stay of what is not plain.
std::string for_terminal(std::string_view text);

class Console {
 public:
  std::string config_file = "/etc/anteroom/anteroom.yaml";
  bool is_json = false;

  /// Loads the configuration once; Abort with all problems if it is broken.
  const Settings& settings() { return *shared_settings(); }
  /// The same, for who keeps them.
  const std::shared_ptr<const Settings>& shared_settings();
  /// Its companies.
  const CompanyDirectory& companies();
  /// And those of the database, as nodes know them.
  const CompanyDirectory& known_companies();
  /// That of this name, or Abort: of the configuration; of either.
  const IdentityProvider& company(const std::string& name);
  const IdentityProvider& known_company(const std::string& name);

  /// A connection to a migrated database, or Abort.
  BlockingDatabase& database();
  /// The same without looking at the schema.
  BlockingDatabase& raw_database();

  /// The value, or Abort with what the database said.
  template <class T>
  T need(Result<T> result) {
    if (!result) fail(result.failure());
    return std::move(result).value();
  }

  /// JSON with --json, else the text, safe to be shown. Both end with a line break.
  void say(const std::string& text, const Json& json) const;
  /// A table: column headings, then rows.
  void table(const std::vector<std::string>& head, std::vector<std::vector<std::string>> rows,
             const Json& json) const;

  /// "cli:<user>" for the audit trail.
  [[nodiscard]] static std::string actor();

  [[noreturn]] static void fail(const Failure& failure);
  /// What to do about it, on a line of its own; empty where nothing is known.
  [[nodiscard]] static std::string remedy_of(const Failure& failure);

 private:
  std::shared_ptr<const Settings> settings_;
  std::unique_ptr<const CompanyDirectory> companies_, known_companies_;
  std::unique_ptr<BlockingDatabase> database_;
};

/// Each adds its subcommands to the application; they run while it parses.
void add_init(CLI::App& app, Console& console);
void add_check(CLI::App& app, Console& console);
void add_migrate(CLI::App& app, Console& console);
void add_metadata(CLI::App& app, Console& console);
void add_idp(CLI::App& app, Console& console);
void add_company(CLI::App& app, Console& console);
void add_keys(CLI::App& app, Console& console);
void add_idp_refresh(CLI::App& idp, Console& console);
void add_idp_import(CLI::App& idp, Console& console);
void add_user(CLI::App& app, Console& console);
void add_property(CLI::App& app, Console& console);
void add_import(CLI::App& app, Console& console);
void add_audit(CLI::App& app, Console& console);
void add_why(CLI::App& app, Console& console);
void add_doctor(CLI::App& app, Console& console);
void add_mail(CLI::App& app, Console& console);
void add_scim(CLI::App& app, Console& console);
void add_verify_response(CLI::App& app, Console& console);
void add_completion(CLI::App& app);

/// "2027-01-31"
std::string date_of(Time time);

/// As pages say it.
std::string english(const Message& message);

/// A canonical email whose domain is registered to an identity provider, or Abort.
std::string checked_email(Console& console, const std::string& text,
                          bool allow_unregistered_domain);
/// What people are called and what is said of requests, trimmed, or Abort: by the rules of Manage.
std::string checked_name(const std::string& text);
std::string checked_note(const std::string& text);
/// Abort unless it is one of access.levels.
void check_level(Console& console, const std::string& level);
/// ISO 8601 date or time as the database reads it; Abort if it is neither. Empty stays empty.
std::string checked_time(const std::string& text);

}  // namespace anteroom::cli
