#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>

#include "cli/commands/console.h"
#include "cli/commands/journal.h"
#include "cli/commands/metadata_copy.h"
#include "host/system_random.h"

extern char** environ;  // NOLINT(readability-identifier-naming): POSIX's name

namespace anteroom::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kRound = 1min;

struct RefreshOptions {
  std::vector<std::string> names;
  std::string on_change;
  bool is_once = false;
};

// From 0 to 1; the middle where there is no randomness: nodes then ask at the same time.
double any_spread() {
  std::array<std::uint8_t, 2> bytes{};
  if (!SystemRandom().fill(bytes)) return 0.5;
  return (bytes[0] * 256 + bytes[1]) / 65535.0;
}

/// Runs words by the shell, with signals as they are by default; false if it did not end with 0.
bool run_command(const std::string& command) {
  posix_spawnattr_t attributes;
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::array<char*, 4> words{const_cast<char*>("sh"), const_cast<char*>("-c"),
                             const_cast<char*>(command.c_str()), nullptr};
  pid_t child = 0;
  const int failed = posix_spawn(&child, "/bin/sh", nullptr, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  int status = 0;
  return failed == 0 && waitpid(child, &status, 0) == child && status == 0;
}

std::vector<MetadataSource> sources_of(const Console& console, const RefreshOptions& options) {
  const LoadedSettings loaded =
      load_settings(console.config_file, std::chrono::system_clock::now());
  std::vector<MetadataSource> chosen;
  for (const std::string& name : options.names) {
    const auto found =
        std::find_if(loaded.metadata_sources.begin(), loaded.metadata_sources.end(),
                     [&](const MetadataSource& source) { return source.idp == name; });
    if (found == loaded.metadata_sources.end()) {
      throw Abort{exit_refused, "there is no identity provider '" + name +
                                    "' with a 'metadata_url' in " + console.config_file};
    }
    chosen.push_back(*found);
  }
  if (!options.names.empty()) return chosen;
  if (loaded.metadata_sources.empty() && loaded.settings == nullptr) {
    std::string all;
    for (const Problem& problem : loaded.problems) all += to_string(problem) + "\n";
    throw Abort{exit_configuration, all + "the configuration is broken"};
  }
  return loaded.metadata_sources;
}

/// What has not been announced yet is, by the command; false if that failed.
bool announce(const std::vector<MetadataSource>& sources, const std::string& command, Log& log) {
  std::vector<std::pair<MetadataSource, MetadataState>> pending;
  for (const MetadataSource& source : sources) {
    MetadataState state = read_metadata_state(source);
    if (state.is_pending) pending.emplace_back(source, std::move(state));
  }
  if (pending.empty() || command.empty()) return true;
  if (!run_command(command)) {
    log.write(LogLevel::error, "new metadata is not in use yet, for this failed: " + command);
    return false;
  }
  for (auto& [source, state] : pending) {
    state.is_pending = false;
    write_metadata_state(source, state);
  }
  return true;
}

void report(Log& log, const MetadataSource& source, const Refreshed& done) {
  if (done.outcome == Refreshed::Outcome::changed) {
    log.write(LogLevel::info, source.idp + ": new metadata: " + done.detail);
  } else if (done.outcome == Refreshed::Outcome::failed) {
    log.write(LogLevel::warning,
              source.idp + ": metadata not refreshed, the last good copy stays: " + done.detail);
  }
}

const char* word_of(Refreshed::Outcome outcome) {
  switch (outcome) {
    case Refreshed::Outcome::unchanged:
      return "unchanged";
    case Refreshed::Outcome::changed:
      return "changed";
    case Refreshed::Outcome::failed:
      break;
  }
  return "failed";
}

void refresh_once(const Console& console, const RefreshOptions& options) {
  const StopSignals signals;
  const SystemClock clock;
  LineLog log(true);
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  int failed = 0;
  bool is_news = false;
  const auto sources = sources_of(console, options);
  for (const MetadataSource& source : sources) {
    if (signals.are_there()) break;
    const Refreshed done = refresh_metadata(source, clock.now(), any_spread());
    failed += done.outcome == Refreshed::Outcome::failed ? 1 : 0;
    is_news = is_news || done.outcome == Refreshed::Outcome::changed;
    rows.push_back({source.idp, word_of(done.outcome), done.detail});
    json.push_back(
        {{"name", source.idp}, {"outcome", word_of(done.outcome)}, {"detail", done.detail}});
  }
  const bool is_announced = announce(sources, options.on_change, log);
  console.table({"NAME", "METADATA", ""}, rows, json);
  if (is_news && options.on_change.empty() && !console.is_json) {
    console.say("Take it into service: nginx -t && nginx -s reload", {});
  }
  if (failed > 0) {
    throw Abort{exit_refused, std::to_string(failed) + " not refreshed: the last good copies stay"};
  }
  if (!is_announced) throw Abort{exit_refused, "new metadata is not in use yet"};
}

bool is_due(const MetadataSource& source, Time now) {
  const MetadataState state = read_metadata_state(source);
  // One that lies further ahead than it can is of a clock that was wrong, or of a longer interval.
  return now >= state.next_at || state.url != source.url ||
         state.next_at > now + source.refresh_every * 2;
}

void refresh_forever(const Console& console, const RefreshOptions& options) {
  const StopSignals signals;
  const SystemClock clock;
  LineLog log(false);
  log.write(LogLevel::info, "refreshing metadata");
  do {
    try {
      const auto sources = sources_of(console, options);
      for (const MetadataSource& source : sources) {
        if (signals.are_there()) break;
        if (!is_due(source, clock.now())) continue;
        report(log, source, refresh_metadata(source, clock.now(), any_spread()));
      }
      (void)announce(sources, options.on_change, log);
    } catch (const Abort& abort) {
      log.write(LogLevel::error, abort.message);
    }
  } while (!signals.wait_for(kRound));
  log.write(LogLevel::info, "stopped");
}

}  // namespace

void add_idp_refresh(CLI::App& idp, Console& console) {
  auto* command = idp.add_subcommand(
      "refresh", "fetch metadata from metadata_url, again and again (--once: now)");
  auto options = std::make_shared<RefreshOptions>();
  command->add_option("NAME", options->names, "these only");
  command->add_flag("--once", options->is_once, "all at once, then end");
  command->add_option("--on-change", options->on_change,
                      "shell command that makes nginx read new metadata");
  command->callback([&console, options] {
    options->is_once ? refresh_once(console, *options) : refresh_forever(console, *options);
  });
}

}  // namespace anteroom::cli
