#include "anteroom/outbox.h"
#include "anteroom/site.h"
#include "anteroom/smtp.h"
#include "anteroom/store.h"
#include "cli/commands/console.h"
#include "cli/commands/journal.h"
#include "cli/commands/warnings.h"
#include "host/mail_delivery.h"

namespace anteroom::cli {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds kPoll = 2s;
constexpr seconds kUpkeep = 20s;
constexpr seconds kWarnings = 1h;
constexpr seconds kLongestPause = 60s;

const Settings& settings_with_mail(Console& console) {
  const Settings& settings = console.settings();
  if (!settings.mail) {
    throw Abort{exit_configuration,
                console.config_file + " has no section 'mail': nothing can be delivered"};
  }
  return settings;
}

/// Of what the files say by now: they change while a service runs.
Status warn(Console& console, Database& database, const Settings& settings, Time now, Log& log) {
  const LoadedSettings newest = load_settings(console.config_file, now);
  const bool is_usable = newest.settings != nullptr && newest.settings->mail;
  return write_warnings(database, is_usable ? *newest.settings : settings, now, log);
}

/// Delivers until it is told to stop, through outages of the database and the mail server.
class Daemon {
 public:
  explicit Daemon(Console& console)
      : console_(console),
        settings_(settings_with_mail(console)),
        transport_(*settings_.mail),
        delivery_(console.raw_database(), settings_, transport_, clock_, log_) {}

  void run() {
    log_.write(LogLevel::info, "delivering by " + settings_.mail->smtp_url);
    seconds pause = 0s;
    while (!signals_.wait_for(pause)) {
      bool is_more = false;
      const Status state = work(is_more);
      if (state) {
        if (pause > kPoll) log_.write(LogLevel::info, "going on");
        pause = is_more ? 0s : kPoll;
      } else {
        pause = std::min(std::max<seconds>(pause * 2, kPoll), kLongestPause);
        log_.write(LogLevel::error, std::string(state.failure().code.name) + ": " +
                                        state.failure().detail + "; trying again in " +
                                        std::to_string(pause.count()) + " s");
      }
    }
    log_.write(LogLevel::info, "stopped");
  }

 private:
  Status work(bool& is_more) {
    if (Status ready = check_schema(); !ready) return ready;
    if (clock_.now() >= next_upkeep_) {
      if (Status written = delivery_.write_what_is_due(); !written) return written;
      next_upkeep_ = clock_.now() + kUpkeep;
    }
    if (clock_.now() >= next_warnings_) {
      const Time now = clock_.now();
      Status told = warn(console_, console_.raw_database(), settings_, now, log_);
      if (!told) return told;
      next_warnings_ = now + kWarnings;
    }
    const auto round = delivery_.deliver([this] { return signals_.are_there(); });
    is_more = round.is_more;
    return round.state;
  }

  Status check_schema() {
    if (is_schema_checked_) return Done{};
    const Result<store::Schema> schema = wait(store::find_schema(console_.raw_database()));
    if (!schema) return schema.failure();
    (void)console_.database();  // says what is missing and ends
    is_schema_checked_ = true;
    return Done{};
  }

  Console& console_;
  const Settings& settings_;
  StopSignals signals_;
  LineLog log_{false};
  SystemClock clock_;
  SmtpTransport transport_;
  MailDelivery delivery_;
  Time next_upkeep_{};
  Time next_warnings_{};
  bool is_schema_checked_ = false;
};

void deliver_once(Console& console) {
  const Settings& settings = settings_with_mail(console);
  SmtpTransport transport(*settings.mail);
  SystemClock clock;
  LineLog log(true);
  const StopSignals signals;
  MailDelivery delivery(console.database(), settings, transport, clock, log);
  const auto check = [](const Status& state) {
    if (state) return;
    if (state.failure().code == code::kMailServer) {
      throw Abort{exit_mail, "no mail gets through: " + state.failure().detail};
    }
    Console::fail(state.failure());
  };
  check(delivery.write_what_is_due());
  check(write_warnings(console.database(), settings, clock.now(), log));
  int sent = 0;
  int postponed = 0;
  int given_up = 0;
  bool is_more = true;
  while (is_more && !signals.are_there()) {
    const auto round = delivery.deliver([&] { return signals.are_there(); });
    sent += round.sent;
    postponed += round.postponed;
    given_up += round.given_up;
    check(round.state);
    is_more = round.is_more;
  }
  console.say("sent " + std::to_string(sent) + ", postponed " + std::to_string(postponed) +
                  ", given up " + std::to_string(given_up),
              {{"sent", sent}, {"postponed", postponed}, {"given_up", given_up}});
}

void show_status(Console& console) {
  const auto counts = console.need(wait(store::count_mail(console.database())));
  const auto failed = console.need(wait(store::list_failed_mail(console.database(), 50)));
  Json json{{"due", counts.due},   {"failing", counts.failing},     {"given_up", counts.dead},
            {"sent", counts.sent}, {"oldest_at", counts.oldest_at}, {"letters", Json::array()}};
  std::vector<std::vector<std::string>> rows;
  for (const store::FailedLetter& letter : failed) {
    rows.push_back({letter.id, letter.is_dead ? "given up" : "failing", letter.template_name,
                    letter.recipient, std::to_string(letter.attempts), letter.error});
    json["letters"].push_back({{"id", letter.id},
                               {"state", letter.is_dead ? "given up" : "failing"},
                               {"template", letter.template_name},
                               {"recipient", letter.recipient},
                               {"created_at", letter.created_at},
                               {"due_at", letter.due_at},
                               {"attempts", letter.attempts},
                               {"error", letter.error}});
  }
  console.say("due:           " + std::to_string(counts.due) +
                  (counts.oldest_at.empty() ? "" : ", the oldest of " + counts.oldest_at) +
                  "\nfailing:       " + std::to_string(counts.failing) + "\ngiven up:      " +
                  std::to_string(counts.dead) + "\nsent in a day: " + std::to_string(counts.sent),
              json);
  if (!console.is_json && !rows.empty()) {
    console.table({"ID", "STATE", "TEMPLATE", "RECIPIENT", "ATTEMPTS", "ERROR"}, rows, json);
  }
}

void retry(Console& console, const std::string& id) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF-";
  if (!id.empty() && (id.size() != 36 || id.find_first_not_of(kDigits) != std::string::npos)) {
    throw Abort{exit_refused,
                "'" + id + "' is not the ID of a letter: `anteroom mail status` lists them"};
  }
  const int count = console.need(wait(store::retry_mail(
      console.database(), id.empty() ? std::nullopt : std::optional(id), Console::actor())));
  if (count == 0 && !id.empty()) {
    throw Abort{exit_refused, id + " is not there, was sent, or is being sent"};
  }
  console.say(std::to_string(count) + " due again", {{"due_again", count}});
}

}  // namespace

void add_mail(CLI::App& app, Console& console) {
  auto* mail = app.add_subcommand("mail", "deliver mail; without --once: until stopped");
  mail->fallthrough();
  mail->require_subcommand(0, 1);
  auto is_once = std::make_shared<bool>(false);
  mail->add_flag("--once", *is_once, "deliver what is due and end, for cron");
  mail->callback([&console, mail, is_once] {
    if (!mail->get_subcommands().empty()) return;
    if (*is_once) {
      deliver_once(console);
    } else {
      Daemon(console).run();
    }
  });
  mail->add_subcommand("status", "count what is due, failing and given up")->callback([&console] {
    show_status(console);
  });
  auto* retry_command = mail->add_subcommand("retry", "make a letter that failed due again");
  auto id = std::make_shared<std::string>();
  auto is_all = std::make_shared<bool>(false);
  auto* id_option = retry_command->add_option("ID", *id);
  retry_command->add_flag("--all", *is_all, "all that failed")->excludes(id_option);
  retry_command->callback([&console, id, is_all] {
    if (id->empty() && !*is_all) throw CLI::RequiredError("ID or --all");
    retry(console, *id);
  });
}

}  // namespace anteroom::cli
