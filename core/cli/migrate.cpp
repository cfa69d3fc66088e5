#include "cli/migrate.h"

#include "anteroom/store.h"

namespace anteroom {

namespace {

constexpr const char* kLock = "SELECT pg_advisory_lock(hashtext('anteroom.migrate'))";
constexpr const char* kUnlock = "SELECT pg_advisory_unlock(hashtext('anteroom.migrate'))";
constexpr const char* kPrepare =
    "SET client_min_messages = warning;"
    "CREATE SCHEMA IF NOT EXISTS anteroom;"
    "CREATE TABLE IF NOT EXISTS anteroom.schema_version (version int PRIMARY KEY, name text NOT "
    "NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now())";

Result<std::vector<std::string>> apply_missing(BlockingDatabase& database) {
  // Before anything is made in it: it may be one that cannot be used.
  const Result<int> version = wait(store::schema_version(database));
  if (!version) return version.failure();
  if (const Status prepared = database.execute_script(kPrepare); !prepared)
    return prepared.failure();
  std::vector<std::string> applied;
  for (const store::Migration& migration : store::migrations()) {
    if (migration.version <= *version) continue;
    // One simple query of several statements is one transaction.
    const std::string script = std::string(migration.sql) +
                               ";INSERT INTO anteroom.schema_version (version, name) VALUES (" +
                               std::to_string(migration.version) + ", '" + migration.name + "')";
    if (const Status done = database.execute_script(script); !done) {
      return Failure{done.failure().code,
                     std::string(migration.name) + ": " + done.failure().detail};
    }
    applied.emplace_back(migration.name);
  }
  return applied;
}

}  // namespace

Result<std::vector<std::string>> migrate(BlockingDatabase& database) {
  if (const Status locked = database.execute_script(kLock); !locked) return locked.failure();
  Result<std::vector<std::string>> applied = apply_missing(database);
  if (const Status unlocked = database.execute_script(kUnlock); !unlocked && applied) {
    return unlocked.failure();
  }
  return applied;
}

}  // namespace anteroom
