#include "services/metadata_service.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "host/blocking_ports.h"
#include "host/files.h"
#include "services/company_fetcher.h"
#include "services/metadata_rules.h"
#include "services/shell.h"

namespace anteroom::services {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kRound = 1min;
constexpr std::chrono::seconds kLook = 5s;  // what support enters in Manage is waited for

void report(Log& log, const std::string& company, const Refreshed& done) {
  if (done.outcome == Refreshed::Outcome::changed) {
    log.write(LogLevel::info, company + ": new metadata: " + done.detail);
  } else if (done.outcome == Refreshed::Outcome::failed) {
    log.write(LogLevel::warning,
              company + ": metadata not refreshed, the last good copy stays: " + done.detail);
  }
}

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
    if (is_due(source, SystemClock().now())) report(log, source.idp, refresh_now(source));
  }
  (void)announce(*sources, options.on_change, log);
}

// Those of the database, with one connection for as long as the configuration names the same one.
class CompaniesOfDatabase {
 public:
  explicit CompaniesOfDatabase(Log& log) : log_(log) {}

  /// As the files say now. Broken ones are complained of elsewhere, and nothing is fetched.
  void configure(const std::string& config_file) {
    const LoadedSettings loaded = load_settings(config_file, SystemClock().now());
    const bool is_same = settings_ != nullptr && loaded.settings != nullptr &&
                         settings_->database.connection == loaded.settings->database.connection;
    settings_ = loaded.settings;
    if (!is_same) database_.reset();
    if (settings_ != nullptr && database_ == nullptr) {
      database_ = std::make_unique<BlockingDatabase>(settings_->database);
    }
  }

  void refresh_those_due(const StopSignals& signals) {
    if (database_ == nullptr) return;
    while (!signals.are_there()) {
      const auto fetched = fetch_company(*database_, *settings_, "");
      if (!fetched) return complain(fetched.failure().detail);
      complaint_.clear();
      if (!*fetched) return;
      report(log_, (*fetched)->company, (*fetched)->done);
    }
  }

 private:
  void complain(const std::string& why) {
    if (why == complaint_) return;
    complaint_ = why;
    log_.write(LogLevel::warning, "companies in the database are not refreshed: " + why);
  }

  Log& log_;
  std::shared_ptr<const Settings> settings_;
  std::unique_ptr<BlockingDatabase> database_;
  std::string complaint_;  ///< said already
};

// A round, for those of the configuration; meanwhile those of the database. True: told to stop.
bool refresh_for_a_round(const RefreshOptions& options, CompaniesOfDatabase& companies,
                         const StopSignals& signals, Log& log) {
  refresh_those_due(options, signals, log);
  const bool are_all = options.names.empty();
  if (are_all) companies.configure(options.config_file);
  for (std::chrono::seconds waited{0}; waited < kRound; waited += kLook) {
    if (are_all) companies.refresh_those_due(signals);
    if (signals.wait_for(kLook)) return true;
  }
  return false;
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
      return Failure{code::kUnknownSource, "there is no identity provider '" + name +
                                               "' with a 'metadata_url' in " + options.config_file};
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
  CompaniesOfDatabase companies(log);
  for (bool is_told_to_stop = false; !is_told_to_stop;) {
    try {
      is_told_to_stop = refresh_for_a_round(options, companies, signals, log);
    } catch (const FileError& error) {
      log.write(LogLevel::error, error.what());
      is_told_to_stop = signals.wait_for(kRound);
    }
  }
  log.write(LogLevel::info, "stopped");
}

}  // namespace anteroom::services
