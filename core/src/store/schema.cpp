#include "anteroom/site.h"
#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

// to_regclass keeps this from failing where nothing has been migrated yet.
constexpr Statement kHasSchema{"has_schema",
                               "SELECT to_regclass('anteroom.schema_version') IS NOT NULL,"
                               " current_setting('server_encoding')"};
constexpr Statement kTables{"schema_version",
                            "SELECT coalesce(max(version), 0) FROM anteroom.schema_version"};
constexpr Statement kFunctions{
    "schema_functions",
    "SELECT $1 = (SELECT digest FROM anteroom.schema_functions ORDER BY applied_at DESC LIMIT 1),"
    " EXISTS (SELECT FROM anteroom.schema_functions WHERE digest = $1)"};

}  // namespace

Task<Result<Schema>> find_schema(Database& database) {
  Params none;
  Result<Rows> exists = co_await run(database, kHasSchema, std::move(none));
  if (!exists) co_return exists.failure();
  Schema schema;
  if (exists->rows.empty()) co_return schema;
  if (const std::string& encoding = text(exists->rows[0], 1); encoding != "UTF8") {
    co_return Failure{
        code::kDatabaseRefused,
        "the encoding of the database is " + encoding +
            ", and names need UTF8: make another database (CREATE DATABASE … ENCODING "
            "'UTF8' TEMPLATE template0), bring over what is in this one (pg_dump), and "
            "name the new one in database.connection"};
  }
  if (!is_true(exists->rows[0], 0)) co_return schema;
  Params none_again;
  Result<Rows> version = co_await run(database, kTables, std::move(none_again));
  if (!version) co_return version.failure();
  schema.version = only_number(*version);
  if (schema.version != kSchemaVersion) co_return schema;
  Params digest{functions_digest()};
  Result<Rows> functions = co_await run(database, kFunctions, std::move(digest));
  if (!functions) co_return functions.failure();
  if (functions->rows.empty()) co_return schema;
  schema.has_our_functions = is_true(functions->rows[0], 0);
  schema.had_our_functions = is_true(functions->rows[0], 1);
  co_return schema;
}

std::string trouble_with(const Schema& schema) {
  if (schema.version < kSchemaVersion) {
    return "the database schema is version " + std::to_string(schema.version) + ", " +
           std::to_string(kSchemaVersion) + " is needed: run `anteroom migrate`";
  }
  // What an older version calls stays as it was.
  if (schema.version > kSchemaVersion || schema.had_our_functions) return "";
  return "the functions in the database are another build's: run `anteroom migrate`";
}

}  // namespace anteroom::store
