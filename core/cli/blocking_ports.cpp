#include "cli/blocking_ports.h"

#include "anteroom/store.h"

namespace anteroom {

namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

std::string first_line(const char* message) {
  const std::string text = message == nullptr ? "" : message;
  return text.substr(0, text.find('\n'));
}

Failure failure_of(PGconn* connection, const PGresult* result) {
  if (PQstatus(connection) != CONNECTION_OK) {
    return {code::kDatabaseUnavailable, first_line(PQerrorMessage(connection))};
  }
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return {code::kDatabaseRefused,
          std::string(state == nullptr ? "?????" : state) + " " +
              first_line(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY))};
}

bool is_good(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

Rows rows_of(const PGresult* result) {
  Rows rows;
  for (int r = 0; r < PQntuples(result); ++r) {
    std::vector<Cell>& row = rows.rows.emplace_back();
    for (int c = 0; c < PQnfields(result); ++c) {
      if (PQgetisnull(result, r, c) == 1) {
        row.emplace_back(std::nullopt);
      } else {
        row.emplace_back(std::string(PQgetvalue(result, r, c),
                                     static_cast<std::size_t>(PQgetlength(result, r, c))));
      }
    }
  }
  return rows;
}

}  // namespace

Status BlockingDatabase::connect() {
  if (connection_ != nullptr && PQstatus(connection_.get()) == CONNECTION_OK) return Done{};
  prepared_.clear();
  const auto parameters =
      store::connection_parameters(settings_.connection, settings_.password.reveal());
  if (!parameters) return parameters.failure();
  // A server that is gone without a word is noticed within two minutes, unless configured otherwise
  // (the last of several values counts).
  std::vector<const char*> keywords{"keepalives_idle", "keepalives_interval", "keepalives_count",
                                    "tcp_user_timeout"};
  std::vector<const char*> values{"30", "10", "3", "60000"};
  for (const auto& [keyword, value] : *parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  const std::string timeout = std::to_string(std::max<std::int64_t>(
      2, std::chrono::ceil<std::chrono::seconds>(settings_.connect_timeout).count()));
  keywords.insert(keywords.end(), {"connect_timeout", nullptr});
  values.insert(values.end(), {timeout.c_str(), nullptr});
  connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 0));
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    return Failure{code::kDatabaseUnavailable, first_line(PQerrorMessage(connection_.get()))};
  }
  const ResultHandle result(PQexec(connection_.get(), store::session_setup_sql()));
  if (!is_good(result.get())) return failure_of(connection_.get(), result.get());
  return Done{};
}

Result<Rows> BlockingDatabase::execute_now(const Statement& statement, const Params& params) {
  if (const Status connected = connect(); !connected) return connected.failure();
  if (!prepared_.contains(statement.name)) {
    const ResultHandle result(
        PQprepare(connection_.get(), statement.name, statement.sql, 0, nullptr));
    if (!is_good(result.get())) return failure_of(connection_.get(), result.get());
    prepared_.insert(statement.name);
  }
  std::vector<const char*> values;
  for (const Cell& cell : params) values.push_back(cell ? cell->c_str() : nullptr);
  const ResultHandle result(PQexecPrepared(connection_.get(), statement.name,
                                           static_cast<int>(values.size()), values.data(), nullptr,
                                           nullptr, 0));
  if (!is_good(result.get())) return failure_of(connection_.get(), result.get());
  return rows_of(result.get());
}

void BlockingDatabase::execute(const Statement& statement, Params params,
                               std::function<void(Result<Rows>)> done) {
  done(execute_now(statement, params));
}

Status BlockingDatabase::execute_script(const std::string& sql) {
  if (Status connected = connect(); !connected) return connected;
  const ResultHandle result(PQexec(connection_.get(), sql.c_str()));
  if (!is_good(result.get())) return failure_of(connection_.get(), result.get());
  return Done{};
}

Result<std::string> BlockingDatabase::encrypted_password(const std::string& role,
                                                         const Secret& password) {
  if (const Status connected = connect(); !connected) return connected.failure();
  const std::unique_ptr<char, decltype(&PQfreemem)> encrypted(
      PQencryptPasswordConn(connection_.get(), password.reveal().c_str(), role.c_str(),
                            "scram-sha-256"),
      PQfreemem);
  if (encrypted == nullptr) {
    return Failure{code::kDatabaseRefused, first_line(PQerrorMessage(connection_.get()))};
  }
  return std::string(encrypted.get());
}

}  // namespace anteroom
