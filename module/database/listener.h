// Hears what other nodes tell this one to forget. One process per node listens.
#pragma once

#include <string_view>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "database/backoff.h"
#include "database/database_connection.h"
#include "loop/timer.h"
#include "monitoring/node_meter.h"
#include "session/session_cache.h"

namespace anteroom::nginx {

/// Keeps the cache's listener beat alive while its own connection answers, once a second. Tells the
/// node's meter whether the database can be reached. Also removes expired rows and counts people
/// who wait now and then, through `database`.
class Listener {
 public:
  Listener(const Settings& settings, Worker& worker, SessionCache& cache, NodeMeter& meter,
           Ports ports);

  /// `counts_people`: somebody asks for the node's metrics.
  void start(bool counts_people);
  void shut_down();

 private:
  void connect();
  void listen();
  void ping();
  void lost(const Failure& failure);
  void notified(std::string_view payload);
  void heard(std::string_view name);
  void note_database(const Status& connected);
  void housekeep();
  void look_after_housekeeping();
  void count_people();

  SessionCache& cache_;
  NodeMeter& meter_;
  Ports ports_;
  Retention keep_;
  bool is_reported_ = false;
  bool is_stopped_ = false;
  Backoff backoff_;
  DatabaseConnection connection_;
  Timer ping_timer_;
  Timer retry_timer_;
  Timer housekeeping_timer_;
  Timer upkeep_timer_;
  Timer people_timer_;
};

}  // namespace anteroom::nginx
