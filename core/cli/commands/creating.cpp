#include "cli/commands/creating.h"

#include <pwd.h>

#include "anteroom/site.h"
#include "anteroom/store.h"
#include "host/create_database.h"

namespace anteroom::cli {

void add_creating(CLI::App& command, const std::shared_ptr<CreatingOptions>& options) {
  command
      .add_option_function<std::string>(
          "--create-database",
          [options](const std::string& administrator) {
            options->is_wanted = true;
            options->administrator = administrator;
          },
          "make the database role and the database too, with this libpq connection string of an "
          "administrator; without one as postgres")
      ->expected(0, 1)
      ->type_name("[CONNECTION]");
  command.add_option("--user", options->account, "whom nginx's workers run as")
      ->capture_default_str();
}

Created create(const DatabaseSettings& database, const CreatingOptions& options,
               bool is_password_new) {
  const DatabasePlan plan{.application = database,
                          .is_password_new = is_password_new,
                          .worker_account = options.account,
                          .administrator = options.administrator};
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  if (getpwnam(options.account.c_str()) == nullptr) {
    throw Abort{exit_usage, "there is no user '" + options.account + "' (--user)"};
  }
  if (!store::connection_parameters(options.administrator, "")) {
    throw Abort{
        exit_usage,
        "what --create-database is given is not a libpq connection string of an administrator"};
  }
  const Result<CreatedDatabase> created = create_database(plan);
  if (!created) Console::fail(created.failure());
  std::string text;
  if (created->is_role_new) text += "made the role " + created->role + "\n";
  if (created->is_database_new) text += "made the database " + created->database + "\n";
  for (const std::string& name : created->migrations) text += "applied " + name + "\n";
  text += "the schema is up to date (version " + std::to_string(kSchemaVersion) + ")";
  return {text,
          {{"role_made", created->is_role_new},
           {"database_made", created->is_database_new},
           {"applied", created->migrations},
           {"version", kSchemaVersion}}};
}

}  // namespace anteroom::cli
