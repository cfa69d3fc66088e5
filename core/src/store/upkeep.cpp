#include <cstdlib>

#include "anteroom/site.h"
#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

// Anybody can start a sign-on and send back rubbish: of refusals that name nobody, 60 a minute are
// kept of one address and identity provider, and 600 of all addresses.
constexpr Statement kAudit{
    "audit",
    "INSERT INTO anteroom.audit_events (kind, code, reference, idp, email, client_address, detail)"
    " SELECT $1, $2, $3, $4, $5, $6, $7 WHERE $1 <> 'sign_on_refused' OR $5 <> ''"
    " OR (SELECT count(*) FROM (SELECT FROM anteroom.audit_events e"
    " WHERE e.kind = 'sign_on_refused' AND e.code <> 'replayed' AND e.idp = $4 AND e.email = ''"
    " AND e.client_address = $6 AND e.at > now() - interval '1 minute' LIMIT 60) lately) < 60"
    " AND (SELECT count(*) FROM (SELECT FROM anteroom.audit_events e"
    " WHERE e.kind = 'sign_on_refused' AND e.code <> 'replayed' AND e.idp = $4 AND e.email = ''"
    " AND e.at > now() - interval '1 minute' LIMIT 600) lately) < 600"};
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
constexpr Statement kHousekeep{
    "housekeep",
    "SELECT anteroom.housekeep(500) + anteroom.remove_old_audit(nullif($1, '')::interval, 2000)"
    " + anteroom.remove_old_transcripts($2::interval, 1000)"};
// By itself: what keeps it from sealing keeps nothing else from being removed.
constexpr Statement kSealAudit{"seal_audit", "SELECT anteroom.seal_audit(5000)"};

int number(const Rows& rows) {
  return rows.rows.empty()
             ? 0
             : static_cast<int>(std::strtol(text(rows.rows[0], 0).c_str(), nullptr, 10));
}

}  // namespace

Task<Result<Done>> audit(Database& database, AuditEvent e) {
  Params params{e.kind, e.code, e.reference, e.idp, e.email, e.client_address, e.detail};
  Result<Rows> result = co_await run(database, kAudit, std::move(params));
  if (!result) co_return result.failure();
  co_return Done{};
}

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
  schema.version = number(*version);
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

Task<Result<int>> housekeep(Database& database, std::chrono::seconds keep_audit,
                            std::chrono::seconds keep_transcripts) {
  Params params{keep_audit.count() == 0 ? "" : interval(keep_audit), interval(keep_transcripts)};
  Result<Rows> result = co_await run(database, kHousekeep, std::move(params));
  if (!result) co_return result.failure();
  Params none;
  Result<Rows> sealed = co_await run(database, kSealAudit, std::move(none));
  if (!sealed) co_return sealed.failure();
  co_return number(*result);
}

const char* session_setup_sql() {
  return "SET search_path = anteroom; SET application_name = 'anteroom';"
         " SET idle_in_transaction_session_timeout = '30s'; SET bytea_output = 'hex';"
         " SET standard_conforming_strings = on; SET timezone = 'UTC';"
         // What is read after a lock was waited for must be what whoever held it left.
         " SET default_transaction_isolation = 'read committed'";
}

const char* listen_sql() {
  return "LISTEN anteroom";
}

}  // namespace anteroom::store
