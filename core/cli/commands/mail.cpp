#include "anteroom/outbox.h"
#include "anteroom/smtp.h"
#include "cli/commands/console.h"
#include "services/mail_service.h"
#include "services/warnings.h"

namespace anteroom::cli {

namespace {

using services::LineLog;
using services::MailDelivery;
using services::StopSignals;

const Settings& settings_with_mail(Console& console) {
  const Settings& settings = console.settings();
  if (!settings.mail) {
    throw Abort{exit_configuration,
                console.config_file + " has no section 'mail': nothing can be delivered"};
  }
  return settings;
}

void deliver_until_stopped(Console& console) {
  const Settings& settings = settings_with_mail(console);
  const StopSignals signals;
  LineLog log(false);
  SmtpTransport transport(*settings.mail);
  const auto reload = [&console] {
    return load_settings(console.config_file, std::chrono::system_clock::now()).settings;
  };
  services::MailService service(console.raw_database(), console.shared_settings(), transport,
                                reload, signals, log);
  std::string schema_trouble = service.run();
  if (!schema_trouble.empty()) throw Abort{exit_database, std::move(schema_trouble)};
}

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
  check(services::Warnings(console.database(), log).write(console.shared_settings(), clock.now()));
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
    *is_once ? deliver_once(console) : deliver_until_stopped(console);
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
