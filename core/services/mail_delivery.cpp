#include "services/mail_delivery.h"

#include "anteroom/requests.h"
#include "host/blocking_ports.h"

namespace anteroom::services {

namespace {

using namespace std::chrono_literals;

constexpr int kBatch = 20;
constexpr std::chrono::seconds kLease = 10min;
static_assert(kLease > 2 * mail::kSendTimeout);

std::string name_of(const store::ClaimedLetter& claimed) {
  return claimed.letter.id + " (" + claimed.letter.template_name + ")";
}

Status status_of(const Result<Done>& result) {
  return result ? Status(Done{}) : Status(result.failure());
}

}  // namespace

MailDelivery::MailDelivery(Database& database, const Settings& settings, mail::Transport& transport,
                           Clock& clock, Log& log)
    : database_(database),
      settings_(settings.mail.value()),
      transport_(transport),
      clock_(clock),
      log_(log),
      composer_(settings) {}

MailDelivery::Round MailDelivery::deliver(const std::function<bool()>& is_stopping) {
  Round round;
  round.state = note_sent();
  if (!round.state) return round;
  const auto claimed = wait(store::claim_mail(database_, kBatch, kLease));
  if (!claimed) {
    round.state = claimed.failure();
    return round;
  }
  round.is_more = claimed->size() == kBatch;
  // Sending must end while we hold the lease, however long the server takes.
  const Time latest_start = clock_.now() + kLease - mail::kSendTimeout;
  for (const store::ClaimedLetter& letter : *claimed) {
    if (!round.state || is_stopping() || clock_.now() >= latest_start) {
      if (!status_of(wait(store::release_mail(database_, letter)))) break;
    } else {
      round.state = deliver_one(letter, round);
    }
  }
  transport_.hang_up();
  return round;
}

Status MailDelivery::deliver_one(const store::ClaimedLetter& claimed, Round& round) {
  const Result<mail::Message> message = composer_.compose(claimed.letter);
  if (!message) {
    return note_failure(claimed, {message.failure().detail, true, false, settings_.max_age}, round);
  }
  const mail::SendResult result = transport_.send(*message);
  switch (result.outcome) {
    case mail::Sending::accepted:
      ++round.sent;
      log_.write(LogLevel::info, "sent " + name_of(claimed));
      unnoted_.push_back(claimed.letter.id);
      return note_sent();
    case mail::Sending::refused:
      return note_failure(claimed, {result.detail, true, true, settings_.max_age}, round);
    case mail::Sending::postponed:
      return note_failure(claimed, {result.detail, false, true, settings_.max_age}, round);
    case mail::Sending::unreachable:
      break;
  }
  Status noted = note_failure(claimed, {result.detail, false, false, settings_.max_age}, round);
  if (!noted) return noted;
  return Failure{code::kMailServer, result.detail};
}

Status MailDelivery::note_failure(const store::ClaimedLetter& claimed, store::MailFailure failure,
                                  Round& round) {
  const std::string error = failure.error;
  const Result<bool> is_given_up = wait(store::mail_failed(database_, claimed, std::move(failure)));
  if (!is_given_up) return is_given_up.failure();
  ++(*is_given_up ? round.given_up : round.postponed);
  log_.write(LogLevel::warning,
             (*is_given_up ? "gave up " : "not sent ") + name_of(claimed) + ": " + error);
  return Done{};
}

Status MailDelivery::note_sent() {
  while (!unnoted_.empty()) {
    Status noted = status_of(wait(store::mail_sent(database_, unnoted_.back())));
    if (!noted) return noted;
    unnoted_.pop_back();
  }
  return Done{};
}

Status MailDelivery::write_what_is_due() {
  const auto digest =
      wait(store::queue_digest(database_, settings_.notify, settings_.digest_every));
  if (!digest) return digest.failure();
  const auto reminders = wait(store::remind_open_requests(database_, settings_.remind_after));
  if (!reminders) return reminders.failure();
  const auto forgotten = wait(store::forget_old_mail(database_));
  if (!forgotten) return forgotten.failure();
  return Done{};
}

}  // namespace anteroom::services
