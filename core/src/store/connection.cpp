#include <libpq-fe.h>

#include <memory>

#include "anteroom/store.h"

namespace anteroom::store {

namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> connection_parameters(
    std::string_view connection, const std::string& password) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(std::string(connection).c_str(), &error));
  const std::unique_ptr<char, decltype(&PQfreemem)> error_owner(error, PQfreemem);
  if (options == nullptr) {
    // libpq's text may quote the string, and so a password in it: not passed on.
    return Failure{Code{"invalid_connection_string"}, "libpq cannot read the connection string"};
  }
  std::vector<std::pair<std::string, std::string>> parameters;
  bool has_target = false;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "password" && !password.empty()) continue;
    has_target = has_target || keyword == "target_session_attrs";
    parameters.emplace_back(option->keyword, option->val);
  }
  if (!password.empty()) parameters.emplace_back("password", password);
  // With several hosts, only the one that accepts writes will do.
  if (!has_target) parameters.emplace_back("target_session_attrs", "read-write");
  parameters.emplace_back("client_encoding", "UTF8");
  return parameters;
}

std::string session_setup_sql(std::chrono::milliseconds statement_timeout) {
  std::string sql =
      "SET search_path = anteroom; SET application_name = 'anteroom';"
      " SET idle_in_transaction_session_timeout = '30s'; SET bytea_output = 'hex';"
      " SET standard_conforming_strings = on; SET timezone = 'UTC';"
      // What we ask is short: compiling it takes longer than it does.
      " SET jit = off;"
      // What is read after a lock was waited for must be what whoever held it left.
      " SET default_transaction_isolation = 'read committed'";
  if (statement_timeout.count() > 0) {
    sql += "; SET statement_timeout = " + std::to_string(statement_timeout.count());
  }
  return sql;
}

const char* listen_sql() {
  return "LISTEN anteroom";
}

}  // namespace anteroom::store
