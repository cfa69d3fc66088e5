#include "services/metadata_service.h"

#include <algorithm>
#include <utility>

#include "host/blocking_ports.h"
#include "host/files.h"
#include "services/metadata_rules.h"
#include "services/shell.h"

namespace anteroom::services {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kRound = 1min;

bool is_due(const MetadataSource& source, Time now) {
  const MetadataState state = read_metadata_state(source);
  // One that lies further ahead than it can is of a clock that was wrong, or of a longer interval.
  return now >= state.next_at || state.url != source.url ||
         state.next_at > now + source.refresh_every * 2;
}

void refresh_those_due(const RefreshOptions& options, const StopSignals& signals, Log& log) {
  const auto sources = metadata_sources(options);
  if (!sources) return log.write(LogLevel::error, sources.failure().detail);
  for (const MetadataSource& source : *sources) {
    if (signals.are_there()) break;
    if (is_due(source, SystemClock().now())) say_refreshed(log, source.idp, refresh_now(source));
  }
  (void)announce(*sources, options.on_change, log);
}

}  // namespace

Result<std::vector<MetadataSource>> metadata_sources(const RefreshOptions& options) {
  const LoadedSettings loaded = load_settings(options.config_file, SystemClock().now());
  std::vector<MetadataSource> chosen;
  for (const std::string& name : options.names) {
    const auto found =
        std::find_if(loaded.metadata_sources.begin(), loaded.metadata_sources.end(),
                     [&](const MetadataSource& source) { return source.idp == name; });
    if (found == loaded.metadata_sources.end()) {
      std::string why = "there is no identity provider '" + name;
      why.append("' with a 'metadata_url' in ").append(options.config_file);
      why.append("; one in the database: anteroom company refresh ").append(name);
      return Failure{code::kUnknownSource, std::move(why)};
    }
    chosen.push_back(*found);
  }
  if (!options.names.empty()) return chosen;
  if (loaded.metadata_sources.empty() && loaded.settings == nullptr) {
    std::string all;
    for (const Problem& problem : loaded.problems) all += to_string(problem) + "\n";
    return Failure{code::kConfiguration, all + "the configuration is broken"};
  }
  return loaded.metadata_sources;
}

Refreshed refresh_now(const MetadataSource& source) {
  return refresh_metadata(source, SystemClock().now(), any_spread());
}

bool announce(const std::vector<MetadataSource>& sources, const std::string& on_change, Log& log) {
  std::vector<std::pair<MetadataSource, MetadataState>> pending;
  for (const MetadataSource& source : sources) {
    MetadataState state = read_metadata_state(source);
    if (state.is_pending) pending.emplace_back(source, std::move(state));
  }
  if (pending.empty() || on_change.empty()) return true;
  if (!run_by_shell(on_change)) {
    log.write(LogLevel::error, "new metadata is not in use yet, for this failed: " + on_change);
    return false;
  }
  for (auto& [source, state] : pending) {
    state.is_pending = false;
    write_metadata_state(source, state);
  }
  return true;
}

void keep_metadata_fresh(const RefreshOptions& options, const StopSignals& signals, Log& log) {
  log.write(LogLevel::info, "refreshing metadata");
  do {
    try {
      refresh_those_due(options, signals, log);
    } catch (const FileError& error) {
      log.write(LogLevel::error, error.what());
    }
  } while (!signals.wait_for(kRound));
  log.write(LogLevel::info, "stopped");
}

}  // namespace anteroom::services
