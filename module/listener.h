// Hears what other nodes tell this one to forget. One process per node listens.
#pragma once

#include <string_view>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "backoff.h"
#include "database_connection.h"
#include "session_cache.h"
#include "timer.h"

namespace anteroom::nginx {

/// Keeps the cache's listener beat alive while its own connection answers, once a second. Also
/// removes expired rows now and then, through `database`.
class Listener {
 public:
  Listener(const DatabaseSettings& settings, Worker& worker, SessionCache& cache, Ports ports);

  void start();
  void shut_down();

 private:
  void connect();
  void listen();
  void ping();
  void lost(const Failure& failure);
  void notified(std::string_view payload);
  void housekeep();

  SessionCache& cache_;
  Ports ports_;
  bool is_reported_ = false;
  bool is_stopped_ = false;
  Backoff backoff_;
  DatabaseConnection connection_;
  Timer ping_timer_;
  Timer retry_timer_;
  Timer housekeeping_timer_;
};

/// What a notification says. nullopt for a hash that is none.
std::optional<TokenHash> hash_from_hex(std::string_view hex);

}  // namespace anteroom::nginx
