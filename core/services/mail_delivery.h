// Empties the mail outbox: claims, composes, sends, notes. Any number of processes may be at it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "anteroom/mail.h"
#include "anteroom/outbox.h"
#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom::code {
inline constexpr Code kMailServer{"mail_server"};  ///< no message gets through now
}  // namespace anteroom::code

namespace anteroom::services {

class MailDelivery {
 public:
  /// `settings.mail` must be there, and all must outlive this. Throws as mail::Composer does.
  MailDelivery(Database& database, const Settings& settings, mail::Transport& transport,
               Clock& clock, Log& log);

  /// What came of one batch.
  struct Round {
    int sent = 0;
    int postponed = 0;
    int given_up = 0;
    bool is_more = false;   ///< there may be more that is due
    Status state = Done{};  ///< why it ended early
  };
  /// Sends what is due, at most one batch of it. `is_stopping` is asked before each letter.
  Round deliver(const std::function<bool()>& is_stopping);

  /// Writes digest and reminders where they are due, and forgets old letters.
  Status write_what_is_due();

 private:
  Status deliver_one(const store::ClaimedLetter& claimed, Round& round);
  Status note_failure(const store::ClaimedLetter& claimed, store::MailFailure failure,
                      Round& round);
  Status note_sent();

  Database& database_;
  const MailSettings& settings_;
  mail::Transport& transport_;
  Clock& clock_;
  Log& log_;
  mail::Composer composer_;
  /// Accepted by the server, but the database does not know yet. Nothing else is sent before it
  /// does.
  std::vector<std::string> unnoted_;
};

}  // namespace anteroom::services
