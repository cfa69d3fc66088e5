// The `anteroom` command.

#include <csignal>
#include <iostream>

#include "cli/commands/acting.h"
#include "host/files.h"

namespace {

using anteroom::cli::Abort;
using anteroom::cli::Console;

void report(const Console& console, const Abort& abort) {
  if (abort.message.empty()) return;  // everything was said already
  if (console.is_json) {
    console.say("", {{"error", abort.message}, {"exit", abort.exit}});
  }
  std::cerr << "anteroom: " << anteroom::cli::for_terminal(abort.message) << "\n";
}

std::string names(const CLI::App& app) {
  std::string all;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    all += (all.empty() ? "" : ", ") + command->get_name();
  }
  return all;
}

// Names the word that is wrong and what can stand there, where CLI11 says only that something is
// missing.
std::string complaint(const CLI::App* app, const CLI::Error& error) {
  const auto* last = app;
  while (!last->get_subcommands().empty()) last = last->get_subcommands().front();
  const std::string within = "'" + last->get_name() + "'";
  const auto unknown = app->remaining(true);
  const std::string known = names(*last);
  const bool is_option = !unknown.empty() && unknown.front().starts_with("-");
  if (is_option)
    return "'" + unknown.front() + "' is not an option of " + within + "; see --help\n";
  if (known.empty() || (unknown.empty() && error.get_name() != "RequiredError")) {
    return CLI::FailureMessage::simple(app, error);
  }
  return (unknown.empty() ? "" : "'" + unknown.front() + "' is not a command of " + within + "\n") +
         within + " takes one of: " + known + "\n";
}

int run(int argc, char** argv) {
  Console console;
  CLI::App app("Sign-on for nginx: check, migrate, identity providers, people and properties",
               "anteroom");
  app.set_version_flag("--version", ANTEROOM_VERSION);
  app.add_option("-c,--config", console.config_file, "configuration file")->capture_default_str();
  app.add_flag("--json", console.is_json, "print JSON");
  app.require_subcommand(1);
  app.fallthrough();
  app.failure_message(complaint);
  anteroom::cli::add_init(app, console);
  anteroom::cli::add_check(app, console);
  anteroom::cli::add_migrate(app, console);
  anteroom::cli::add_metadata(app, console);
  anteroom::cli::add_idp(app, console);
  anteroom::cli::add_company(app, console);
  anteroom::cli::add_keys(app, console);
  anteroom::cli::add_user(app, console);
  anteroom::cli::add_property(app, console);
  anteroom::cli::add_request(app, console);
  anteroom::cli::add_import(app, console);
  anteroom::cli::add_audit(app, console);
  anteroom::cli::add_why(app, console);
  anteroom::cli::add_doctor(app, console);
  anteroom::cli::add_mail(app, console);
  anteroom::cli::add_scim(app, console);
  anteroom::cli::add_verify_response(app, console);
  anteroom::cli::add_completion(app);
  try {
    app.parse(argc, argv);
    return anteroom::cli::exit_ok;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? anteroom::cli::exit_ok : anteroom::cli::exit_usage;
  } catch (const Abort& abort) {
    report(console, abort);
    return abort.exit;
  } catch (const anteroom::FileError& error) {
    report(console, {anteroom::cli::exit_refused, error.what()});
    return anteroom::cli::exit_refused;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
  anteroom::take_back_when_interrupted(anteroom::cli::exit_refused);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "anteroom: internal error: " << error.what() << "\n";
    return anteroom::cli::exit_refused;
  }
}
