#include "host/blocking_ports.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <random>
#include <thread>

#include "anteroom/lost_race.h"
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

// Of the statement that is under way. Read by the handler, in the only thread there is.
std::atomic<PGcancel*> under_way = nullptr;
volatile std::sig_atomic_t was_interrupted = 0;
volatile std::sig_atomic_t interrupted_exit = 0;

class UnderWay {
 public:
  explicit UnderWay(PGcancel* cancel) { under_way = cancel; }
  ~UnderWay() { under_way = nullptr; }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
};

// PQcancel may be called here: libpq's manual, "Canceling Queries in Progress".
void on_interrupt(int /*signal*/) {
  std::array<char, 256> complaint{};
  PGcancel* cancel = under_way;
  if (was_interrupted == 0 && cancel != nullptr) {
    was_interrupted = 1;
    if (PQcancel(cancel, complaint.data(), static_cast<int>(complaint.size())) == 1) return;
  }
  constexpr std::string_view kSaid = "anteroom: interrupted\n";
  (void)!write(STDERR_FILENO, kSaid.data(), kSaid.size());
  _exit(interrupted_exit);
}

}  // namespace

void take_back_when_interrupted(int exit) {
  interrupted_exit = exit;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART | SA_NODEFER;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

bool is_interrupted() {
  return was_interrupted != 0;
}

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
  cancel_.reset(PQgetCancel(connection_.get()));
  const ResultHandle result(PQexec(connection_.get(), store::session_setup_sql({}).c_str()));
  if (!is_good(result.get())) return failure_of(connection_.get(), result.get());
  return Done{};
}

Result<Rows> BlockingDatabase::execute_now(const Statement& statement, const Params& params) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  Result<Rows> result = execute_once(statement, params);
  for (int repeat = 0; repeat < kMostRepeats && !result && has_lost_race(result.failure());
       ++repeat) {
    // Within a transaction of the caller's, the caller's other statements are gone as well.
    if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) break;
    std::this_thread::sleep_for(pause_before_repeat(repeat, static_cast<unsigned>(random())));
    result = execute_once(statement, params);
  }
  return result;
}

Result<Rows> BlockingDatabase::execute_once(const Statement& statement, const Params& params) {
  if (const Status connected = connect(); !connected) return connected.failure();
  const UnderWay here(cancel_.get());
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
  const UnderWay here(cancel_.get());
  const ResultHandle result(PQexec(connection_.get(), sql.c_str()));
  if (!is_good(result.get())) return failure_of(connection_.get(), result.get());
  return Done{};
}

bool BlockingDatabase::is_in_transaction() const {
  return connection_ != nullptr && PQtransactionStatus(connection_.get()) == PQTRANS_INTRANS;
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
