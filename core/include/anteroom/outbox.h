// The mail outbox in PostgreSQL: letters are written by whatever changes something, in the same
// transaction, and delivered by `anteroom mail`. Each function is one statement and one round trip.
#pragma once

#include <string>
#include <vector>

#include "anteroom/mail.h"
#include "anteroom/ports.h"
#include "anteroom/task.h"

namespace anteroom::store {

/// A letter that this process alone may send until the lease ends.
struct ClaimedLetter {
  mail::Letter letter;
  std::string lease;
};

/// At most `limit` letters that are due, those due longest first; none that another process holds.
Task<Result<std::vector<ClaimedLetter>>> claim_mail(Database& database, int limit,
                                                    std::chrono::seconds lease);

/// The mail server has it.
Task<Result<Done>> mail_sent(Database& database, std::string id);

/// Gives a claimed letter back untouched.
Task<Result<Done>> release_mail(Database& database, ClaimedLetter claimed);

struct MailFailure {
  std::string error;
  bool is_final = false;     ///< no attempt can help
  bool is_answered = false;  ///< the server was asked about this letter: later, with back-off
  std::chrono::seconds max_age{0};
};
/// True: given up (audited as "mail_given_up").
Task<Result<bool>> mail_failed(Database& database, ClaimedLetter claimed, MailFailure failure);

/// Due again now, given up or not; nullopt: all that failed. The number of letters.
Task<Result<int>> retry_mail(Database& database, std::optional<std::string> id, std::string actor);

/// Writes a digest for each recipient, at most one per `every`, if there is news. The number.
Task<Result<int>> queue_digest(Database& database, const std::vector<std::string>& recipients,
                               std::chrono::seconds every);

/// Something that ends at a time of its own, and how many days ahead people are told of it.
struct ExpiryWarning {
  std::string what, idp, certificate;  ///< as in metrics::Expiry
  Time ends_at;
  int days = 0;
  int left = 0;  ///< days, by now
};
/// Writes a letter to each recipient, unless that was done for this end and these days. True: it is
/// written now.
Task<Result<bool>> warn_of_expiry(Database& database, const std::vector<std::string>& recipients,
                                  ExpiryWarning warning);

/// An identity provider's metadata that one machine could not refresh for long.
struct StaleMetadata {
  std::string idp, machine;
  Time since;
  int days = 0;        ///< by now
  std::string detail;  ///< what the last attempt said; empty: there was none
};
/// Writes a letter to each recipient, one for each time that it began. True: it is written now.
Task<Result<bool>> warn_of_stale_metadata(Database& database,
                                          const std::vector<std::string>& recipients,
                                          StaleMetadata metadata);

/// Removes a batch of what was sent or given up long ago. The number.
Task<Result<int>> forget_old_mail(Database& database);

struct MailCounts {
  int due = 0;            ///< to be sent now, or being sent
  int failing = 0;        ///< failed, tried again later
  int dead = 0;           ///< given up
  int sent = 0;           ///< within the last 24 hours
  std::string oldest_at;  ///< of due and failing; ISO 8601, empty: none
};
Task<Result<MailCounts>> count_mail(Database& database);

/// A letter that failed.
struct FailedLetter {
  std::string id, recipient, template_name, created_at, due_at, error;
  int attempts = 0;
  bool is_dead = false;
};
/// Newest first.
Task<Result<std::vector<FailedLetter>>> list_failed_mail(Database& database, int limit);

}  // namespace anteroom::store
