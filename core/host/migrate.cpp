#include "host/migrate.h"

#include <algorithm>
#include <thread>

#include "anteroom/activity.h"
#include "anteroom/lost_race.h"
#include "anteroom/site.h"
#include "anteroom/store.h"

namespace anteroom {

namespace {

using namespace std::chrono_literals;

// Asked for again and again: whoever waits for a lock has a transaction, which the building of an
// index waits for.
constexpr Statement kLock{"lock_migrate",
                          "SELECT pg_try_advisory_lock(hashtext('anteroom.migrate'))"};
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

// How long a change of a table waits for whoever reads it, for everybody else waits behind it; and
// how often it is tried before the operator hears of it.
constexpr const char* kLittlePatience = "SET LOCAL lock_timeout = '2s'";
constexpr int kTries = 30;
constexpr const char* kLockNotAvailable = "55P03";

// Such indexes, and such functions, which they are built on, are made before anything else is done,
// while everybody goes on. They may be made again.
constexpr std::string_view kIndex = "CREATE INDEX IF NOT EXISTS ";
constexpr std::string_view kFunction = "CREATE OR REPLACE FUNCTION ";

// Who held what was wanted: all of the statement was taken back, and may go well the next time.
bool is_of_somebody_met(const Failure& failure) {
  return has_lost_race(failure) ||
         (failure.code == code::kDatabaseRefused && failure.detail.starts_with(kLockNotAvailable));
}

/// One transaction; a new connection in its place would not go on with it.
class Changes {
 public:
  explicit Changes(BlockingDatabase& database) : database_(database) {}

  Status run(const char* name, const std::string& sql) {
    if (!database_.is_in_transaction())
      return Failure{code::kDatabaseUnavailable, "the connection was lost"};
    if (Status done = database_.execute_script(sql); !done) {
      has_met_somebody_ = is_of_somebody_met(done.failure());
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
  [[nodiscard]] bool has_met_somebody() const { return has_met_somebody_; }

 private:
  BlockingDatabase& database_;
  std::vector<std::string> applied_;
  bool has_met_somebody_ = false;
};

// What an interrupted one left, which PostgreSQL keeps up and never uses.
Status drop_halves(BlockingDatabase& database) {
  return database.execute_script(
      "SET lock_timeout = '2s';"
      "DO $$ DECLARE i regclass; BEGIN FOR i IN SELECT x.indexrelid::regclass FROM pg_index x"
      " JOIN pg_class c ON c.oid = x.indexrelid WHERE NOT x.indisvalid"
      " AND c.relnamespace = 'anteroom'::regnamespace LOOP EXECUTE 'DROP INDEX ' || i; END LOOP;"
      " END $$;"
      "RESET lock_timeout");
}

// What is made beforehand: a statement of a file of tables, as it is run then. Empty: another one.
std::string made_before(std::string_view sql) {
  if (sql.starts_with(kFunction)) {
    const auto body = sql.find("$$");
    return std::string(sql.substr(0, sql.find("$$", body + 2) + 2));
  }
  if (!sql.starts_with(kIndex)) return "";
  std::string index(sql.substr(0, sql.find(';')));
  return index.insert(std::string_view("CREATE INDEX ").size(), "CONCURRENTLY ");
}

Status make_before(BlockingDatabase& database, const store::Migration& migration) {
  std::string_view rest = migration.sql;
  while (!rest.empty()) {
    const std::string statement = made_before(rest);
    const Status made = statement.empty() ? Done{} : database.execute_script(statement);
    if (!made) {
      return Failure{made.failure().code, made.failure().detail + " (" + migration.name + ")"};
    }
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);  // to the next line
  }
  return Done{};
}

// Of a database that is in use.
Status prepare(BlockingDatabase& database, int version) {
  if (Status set = database.execute_script("SET search_path = anteroom"); !set) return set;
  if (Status clean = drop_halves(database); !clean) return clean;
  for (const store::Migration& migration : store::migrations()) {
    if (migration.version <= version) continue;
    if (Status made = make_before(database, migration); !made) return made;
  }
  return Done{};
}

Status apply(Changes& changes, int version) {
  if (Status set = changes.run("schema", kLittlePatience); !set) return set;
  if (Status prepared = changes.run("schema", kPrepare); !prepared) return prepared;
  for (const store::Migration& migration : store::migrations()) {
    if (migration.version <= version) continue;
    if (Status done = changes.tables(migration); !done) return done;
  }
  return changes.functions();
}

struct Applied {
  Result<std::vector<std::string>> names;
  bool has_met_somebody = false;
};

Applied apply_missing(BlockingDatabase& database) {
  // Before anything is made in it: it may be one that cannot be used.
  const Result<store::Schema> schema = wait(store::find_schema(database));
  if (!schema) return {schema.failure()};
  if (schema->version > 0 && schema->version < kOldest) {
    return {Failure{code::kDatabaseRefused,
                    "the database schema is version " + std::to_string(schema->version) +
                        ", older than any that was released: make a new database"}};
  }
  Changes changes(database);
  if (schema->version > kSchemaVersion || schema->has_our_functions)
    return {std::move(changes).applied()};
  if (schema->version > 0 && schema->version < kSchemaVersion) {
    if (Status ready = prepare(database, schema->version); !ready) {
      return {ready.failure(), is_of_somebody_met(ready.failure())};
    }
  }
  if (const Status begun = database.execute_script("BEGIN"); !begun) return {begun.failure()};
  Status done = apply(changes, schema->version);
  if (done) done = changes.run("schema", "COMMIT");
  if (!done) {
    (void)database.execute_script("ROLLBACK");
    return {done.failure(), changes.has_met_somebody()};
  }
  return {std::move(changes).applied()};
}

// So that Activity reads no month of events until a node has done it. What fails here, housekeeping
// does, and says.
void count_days(BlockingDatabase& database) {
  for (int tries = 0; tries < kTries && !is_interrupted();) {
    const auto counted = wait(store::count_day(database));
    if (!counted || *counted == false) return;
    if (*counted) continue;
    ++tries;  // a node is at it
    std::this_thread::sleep_for(200ms);
  }
}

Status lock(BlockingDatabase& database) {
  Result<Rows> locked = Rows{};
  for (;;) {
    database.execute(kLock, {}, [&locked](Result<Rows> answer) { locked = std::move(answer); });
    if (!locked) return locked.failure();
    // Of a statement that had ended already nothing was to be taken back.
    if (is_interrupted()) return Failure{code::kDatabaseRefused, "interrupted"};
    if (locked->rows.size() == 1 && locked->rows[0].at(0) == "t") return Done{};
    std::this_thread::sleep_for(200ms);
  }
}

}  // namespace

Result<std::vector<std::string>> migrate(BlockingDatabase& database) {
  if (const Status locked = lock(database); !locked) return locked.failure();
  Applied applied = apply_missing(database);
  for (int tries = 1; tries < kTries && applied.has_met_somebody; ++tries) {
    std::this_thread::sleep_for(500ms);  // whoever waited behind it goes on
    applied = apply_missing(database);
  }
  if (applied.names) count_days(database);
  if (const Status unlocked = database.execute_script(kUnlock); !unlocked && applied.names) {
    return unlocked.failure();
  }
  return std::move(applied).names;
}

}  // namespace anteroom
