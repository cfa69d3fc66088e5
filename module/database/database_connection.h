// One connection to PostgreSQL on nginx's event loop: one statement at a time, every wait bounded.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "database/pq.h"
#include "loop/resolver.h"
#include "loop/socket_watch.h"
#include "loop/timer.h"

namespace anteroom::nginx {

/// As a Database it runs one statement at a time (the pool and the listener see to that). The
/// server ends what takes longer than `statement_timeout`: what fails here has not been done there.
/// A server that says nothing for half a second more is gone. Callbacks may start the next
/// statement, or close it.
class DatabaseConnection final : public Database {
 public:
  struct Events {
    std::function<void(const Failure&)> lost;             ///< closed without having been asked to
    std::function<void(std::string_view)> notified = {};  ///< payload of a NOTIFY
  };

  DatabaseConnection(const DatabaseSettings& settings, Worker& worker, TimerKind timer,
                     Events events);
  ~DatabaseConnection() override { close(); }
  DatabaseConnection(const DatabaseConnection&) = delete;
  DatabaseConnection& operator=(const DatabaseConnection&) = delete;

  /// Tries each server in turn, `connect_timeout` for each, sets the session up and checks the
  /// schema. Until `done`, nothing else may be asked.
  void connect(std::function<void(Status)> done);

  void execute(const Statement& statement, Params params,
               std::function<void(Result<Rows>)> done) override;
  /// Several statements without parameters, or none: then it only asks whether the server answers.
  void run_script(const std::string& sql, std::function<void(Status)> done);

  /// As found when it last connected; 0: it has not got that far.
  [[nodiscard]] int schema_version() const { return schema_version_; }
  /// Why it did not connect: `anteroom migrate` is needed.
  [[nodiscard]] bool has_old_schema() const { return has_old_schema_; }

  /// A statement under way fails with kDatabaseUnavailable.
  void close();

  [[nodiscard]] bool is_closed() const { return phase_ == Phase::closed; }
  /// Connected and nothing under way.
  [[nodiscard]] bool is_idle() const { return !connected_ && can_send(); }

 private:
  enum class Phase { closed, connecting, ready };
  enum class Step { none, prepare, execute, script, pause };

  [[nodiscard]] bool can_send() const { return phase_ == Phase::ready && step_ == Step::none; }
  void try_next_server();
  void poll_connecting();
  void give_up_server(const std::string& why);
  void set_up();
  void check_schema();
  void finish_connecting(Status status);

  void on_ready();
  void on_deadline();
  void read();
  void send(int sent);
  void send_prepared();
  void deliver_notifications();
  void complete();
  [[nodiscard]] bool repeats_after(const Failure& failure);
  void finish(Result<Rows> result, bool is_usable);
  void lose(const Failure& failure);
  void drop();  // the handle and all that watches it

  const DatabaseSettings& settings_;
  Worker& worker_;
  Events events_;
  PqConnection connection_;
  SocketWatch watch_;
  Timer deadline_;
  Timer repeat_;
  Phase phase_ = Phase::closed;
  Step step_ = Step::none;
  unsigned generation_ = 0;  // of the attempt to connect: a late resolver is not listened to

  std::vector<ConnectionParameters> servers_;
  std::size_t next_server_ = 0;
  std::string last_error_;
  int schema_version_ = 0;
  bool has_old_schema_ = false;
  std::function<void(Status)> connected_;

  std::unordered_set<std::string> prepared_;
  const Statement* statement_ = nullptr;
  Params params_;
  int repeats_ = 0;
  PqResult result_;
  std::function<void(Result<Rows>)> done_;
};

}  // namespace anteroom::nginx
