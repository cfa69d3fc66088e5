#include "host/migrate.h"

#include "anteroom/lost_race.h"
#include "anteroom/site.h"
#include "anteroom/store.h"

namespace anteroom {

namespace {

constexpr const char* kLock = "SELECT pg_advisory_lock(hashtext('anteroom.migrate'))";
constexpr const char* kUnlock = "SELECT pg_advisory_unlock(hashtext('anteroom.migrate'))";
constexpr const char* kPrepare =
    "SET client_min_messages = warning;"
    // Whoever may not make schemas may own the one that is there.
    "DO $$ BEGIN IF to_regnamespace('anteroom') IS NULL THEN CREATE SCHEMA anteroom; END IF; END "
    "$$;"
    "CREATE TABLE IF NOT EXISTS anteroom.schema_version (version int PRIMARY KEY, name text NOT "
    "NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now())";

constexpr int kOldest = 33;  // no release had an older one

/// One transaction; a new connection in its place would not go on with it.
class Changes {
 public:
  explicit Changes(BlockingDatabase& database) : database_(database) {}

  Status run(const char* name, const std::string& sql) {
    if (!database_.is_in_transaction())
      return Failure{code::kDatabaseUnavailable, "the connection was lost"};
    if (Status done = database_.execute_script(sql); !done) {
      return Failure{done.failure().code, std::string(name) + ": " + done.failure().detail};
    }
    return Done{};
  }

  Status tables(const store::Migration& migration) {
    const std::string noted = ";INSERT INTO anteroom.schema_version (version, name) VALUES (" +
                              std::to_string(migration.version) + ", '" + migration.name + "')";
    Status done = run(migration.name, migration.sql + noted);
    if (done) applied_.emplace_back(migration.name);
    return done;
  }

  Status functions() {
    // They call one another, whichever comes first.
    if (Status lax = run("functions", "SET LOCAL check_function_bodies = off"); !lax) return lax;
    for (const store::FunctionFile& file : store::functions()) {
      if (Status done = run(file.name, file.sql); !done) return done;
    }
    Status noted = run("functions", "INSERT INTO anteroom.schema_functions (digest) VALUES ('" +
                                        std::string(store::functions_digest()) +
                                        "') ON CONFLICT (digest) DO UPDATE SET applied_at = now()");
    if (noted) applied_.emplace_back("functions");
    return noted;
  }

  [[nodiscard]] std::vector<std::string> applied() && { return std::move(applied_); }

 private:
  BlockingDatabase& database_;
  std::vector<std::string> applied_;
};

Status apply(Changes& changes, int version) {
  if (Status prepared = changes.run("schema", kPrepare); !prepared) return prepared;
  for (const store::Migration& migration : store::migrations()) {
    if (migration.version <= version) continue;
    if (Status done = changes.tables(migration); !done) return done;
  }
  return changes.functions();
}

Result<std::vector<std::string>> apply_missing(BlockingDatabase& database) {
  // Before anything is made in it: it may be one that cannot be used.
  const Result<store::Schema> schema = wait(store::find_schema(database));
  if (!schema) return schema.failure();
  if (schema->version > 0 && schema->version < kOldest) {
    return Failure{code::kDatabaseRefused,
                   "the database schema is version " + std::to_string(schema->version) +
                       ", older than any that was released: make a new database"};
  }
  Changes changes(database);
  if (schema->version > kSchemaVersion || schema->has_our_functions)
    return std::move(changes).applied();
  if (const Status begun = database.execute_script("BEGIN"); !begun) return begun.failure();
  Status done = apply(changes, schema->version);
  if (done) done = changes.run("schema", "COMMIT");
  if (!done) {
    (void)database.execute_script("ROLLBACK");
    return done.failure();
  }
  return std::move(changes).applied();
}

// Met somebody half way, who held what it wanted and wanted what it held: all of it was taken back.
bool has_met_somebody(const Failure& failure) {
  return failure.code == code::kDatabaseRefused &&
         failure.detail.find(": 40P01 ") != std::string::npos;
}

}  // namespace

Result<std::vector<std::string>> migrate(BlockingDatabase& database) {
  if (const Status locked = database.execute_script(kLock); !locked) return locked.failure();
  Result<std::vector<std::string>> applied = apply_missing(database);
  for (int repeat = 0; repeat < kMostRepeats && !applied && has_met_somebody(applied.failure());
       ++repeat) {
    applied = apply_missing(database);
  }
  if (const Status unlocked = database.execute_script(kUnlock); !unlocked && applied) {
    return unlocked.failure();
  }
  return applied;
}

}  // namespace anteroom
