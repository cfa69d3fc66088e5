// `anteroom mail` as a service: delivers until it is told to stop, through outages of the database
// and of the mail server.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/blocking_ports.h"
#include "services/journal.h"
#include "services/mail_delivery.h"
#include "services/warnings.h"

namespace anteroom::services {

class MailService {
 public:
  /// What the files say by now: they change while a service runs. Null: they are broken.
  using Reload = std::function<std::shared_ptr<const Settings>()>;

  /// `settings->mail` must be there, and all must outlive this. Throws as mail::Composer does.
  MailService(Database& database, std::shared_ptr<const Settings> settings,
              mail::Transport& transport, Reload reload, const StopSignals& signals, Log& log);

  /// Ends when it is told to stop: empty; or when the schema is not ours: what is wrong with it.
  [[nodiscard]] std::string run();

 private:
  struct Work {
    Status state = Done{};
    bool is_more = false;
  };
  Work work();
  Status look_at_schema();
  Status warn();

  Database& database_;
  std::shared_ptr<const Settings> settings_;
  Reload reload_;
  const StopSignals& signals_;
  Log& log_;
  SystemClock clock_;
  MailDelivery delivery_;
  Warnings warnings_;
  Time next_upkeep_{};
  Time next_warnings_{};
  bool is_schema_seen_ = false;
  std::string schema_trouble_;
};

}  // namespace anteroom::services
