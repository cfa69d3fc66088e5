// DatabaseConnection: from nothing to ready.
#include "anteroom/site.h"
#include "anteroom/store.h"
#include "database/database_connection.h"

namespace anteroom::nginx {

DatabaseConnection::DatabaseConnection(const DatabaseSettings& settings, Worker& worker,
                                       TimerKind timer, Events events)
    : settings_(settings),
      worker_(worker),
      events_(std::move(events)),
      watch_([this] { on_ready(); }),
      deadline_(timer, [this] { on_deadline(); }),
      repeat_(timer, [this] { send_prepared(); }) {}

void DatabaseConnection::connect(std::function<void(Status)> done) {
  close();
  connected_ = std::move(done);
  phase_ = Phase::connecting;
  last_error_ = "no host name in database.connection can be resolved";
  servers_.clear();
  next_server_ = 0;
  schema_version_ = 0;
  has_old_schema_ = false;
  deadline_.start(settings_.connect_timeout);
  const auto parameters =
      store::connection_parameters(settings_.connection, settings_.password.reveal());
  if (!parameters) {
    finish_connecting(parameters.failure());
    return;
  }
  resolve(worker_, *parameters,
          [this, generation = ++generation_](std::vector<ConnectionParameters> servers) {
            if (generation != generation_) return;
            servers_ = std::move(servers);
            try_next_server();
          });
}

void DatabaseConnection::try_next_server() {
  drop();
  if (next_server_ >= servers_.size()) {
    finish_connecting(Failure{code::kDatabaseUnavailable, last_error_});
    return;
  }
  const ConnectionParameters& server = servers_[next_server_++];
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : server) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (connection_ == nullptr || PQstatus(connection_.get()) == CONNECTION_BAD) {
    give_up_server(connection_ == nullptr ? "out of memory" : error_text(connection_.get()));
    return;
  }
  deadline_.start(settings_.connect_timeout);
  // libpq's documentation: after PQconnectStart, wait for room to write.
  if (!watch_.start(PQsocket(connection_.get()), false, true))
    give_up_server("nginx has no free connection (worker_connections)");
}

// libpq may close its socket and open another, even with the same number, inside PQconnectPoll: it
// is not watched meanwhile.
void DatabaseConnection::poll_connecting() {
  watch_.stop();
  switch (PQconnectPoll(connection_.get())) {
    case PGRES_POLLING_READING:
      if (!watch_.start(PQsocket(connection_.get()), true, false)) {
        give_up_server("nginx has no free connection (worker_connections)");
      }
      return;
    case PGRES_POLLING_WRITING:
      if (!watch_.start(PQsocket(connection_.get()), false, true)) {
        give_up_server("nginx has no free connection (worker_connections)");
      }
      return;
    case PGRES_POLLING_OK:
      set_up();
      return;
    default:
      give_up_server(error_text(connection_.get()));
  }
}

void DatabaseConnection::give_up_server(const std::string& why) {
  last_error_ = why;
  try_next_server();
}

void DatabaseConnection::set_up() {
  if (PQsetnonblocking(connection_.get(), 1) != 0 ||
      !watch_.start(PQsocket(connection_.get()), true, false)) {
    give_up_server("nginx has no free connection (worker_connections)");
    return;
  }
  prepared_.clear();
  phase_ = Phase::ready;
  run_script(store::session_setup_sql(settings_.statement_timeout), [this](const Status& status) {
    if (!status) {
      finish_connecting(status);
    } else {
      check_schema();
    }
  });
}

void DatabaseConnection::check_schema() {
  std::function<void(Result<store::Schema>)> found = [this](Result<store::Schema> schema) {
    if (!schema) {
      finish_connecting(Failure{code::kDatabaseUnavailable, schema.failure().detail});
      return;
    }
    schema_version_ = schema->version;
    std::string trouble = store::trouble_with(*schema);
    has_old_schema_ = !trouble.empty();
    if (has_old_schema_) {
      finish_connecting(Failure{code::kDatabaseUnavailable, std::move(trouble)});
    } else {
      finish_connecting(Done{});
    }
  };
  spawn(store::find_schema(*this), std::move(found), std::function<void()>([this] {
          finish_connecting(Failure{code::kInternal, "checking the schema failed"});
        }));
}

void DatabaseConnection::finish_connecting(Status status) {
  auto connected = std::exchange(connected_, nullptr);
  if (!status) {
    drop();
  } else {
    deadline_.stop();
  }
  if (connected) connected(std::move(status));
}

void DatabaseConnection::drop() {
  // Before PQfinish closes the descriptor; libpq closes it itself when it loses the server.
  watch_.stop(connection_ == nullptr || PQsocket(connection_.get()) >= 0);
  connection_.reset();
  deadline_.stop();
  repeat_.stop();
  result_.reset();
  prepared_.clear();
  step_ = Step::none;
  phase_ = connected_ ? Phase::connecting : Phase::closed;
}

void DatabaseConnection::close() {
  ++generation_;
  connected_ = nullptr;
  auto done = std::exchange(done_, nullptr);
  drop();
  if (done) done(Failure{code::kDatabaseUnavailable, "connection closed"});
}

void DatabaseConnection::on_deadline() {
  if (phase_ == Phase::connecting) {
    if (servers_.empty()) ++generation_;  // still resolving
    give_up_server("timed out (database.connect_timeout)");
    return;
  }
  lose(Failure{code::kDatabaseUnavailable,
               "the server said nothing (database.statement_timeout, and half a second more)"});
}

}  // namespace anteroom::nginx
