#include "services/company_service.h"

#include <memory>

#include "host/blocking_ports.h"
#include "services/company_fetcher.h"
#include "services/domain_prover.h"
#include "services/metadata_rules.h"

namespace anteroom::services {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kRound = 1min;
constexpr std::chrono::seconds kLook = 5s;  // support enters an address in Manage, and waits

// One connection for as long as the configuration names the same one.
class Companies {
 public:
  explicit Companies(Log& log) : log_(log) {}

  void configure(const std::string& config_file) {
    const LoadedSettings loaded = load_settings(config_file, SystemClock().now());
    if (loaded.settings == nullptr) return complain("the configuration is broken");
    const bool is_same =
        settings_ != nullptr &&
        settings_->database.connection == loaded.settings->database.connection &&
        settings_->database.password.reveal() == loaded.settings->database.password.reveal();
    settings_ = loaded.settings;
    if (!is_same) database_ = std::make_unique<BlockingDatabase>(settings_->database);
  }

  /// At most until then: the configuration is looked at again in between. A company's turn is
  /// short: one is fetched, then some domains are looked up.
  void look_after_those_due(const StopSignals& signals, std::chrono::steady_clock::time_point end) {
    if (database_ == nullptr) return;
    while (!signals.are_there() && std::chrono::steady_clock::now() < end) {
      const auto fetched = fetch_company(*database_, *settings_, "");
      if (!fetched) return complain(fetched.failure().detail);
      if (*fetched) say_refreshed(log_, (*fetched)->company, (*fetched)->done);
      const auto looked = look_if_there_is_time();
      if (!looked) return complain(looked.failure().detail);
      complaint_.clear();
      if (!*fetched && !*looked) return;
    }
  }

 private:
  // Name servers that do not answer take their time: a quarter of it is theirs, the rest is for
  // metadata. Whether there was anything to look up.
  Result<bool> look_if_there_is_time() {
    const auto began = std::chrono::steady_clock::now();
    if (began < next_look_) return false;
    const auto looked = prove_domains_due(*database_, *settings_);
    const auto ended = std::chrono::steady_clock::now();
    next_look_ = ended + 3 * (ended - began);
    if (!looked) return looked.failure();
    return *looked > 0;
  }

  void complain(const std::string& why) {
    if (why == complaint_) return;
    complaint_ = why;
    log_.write(LogLevel::warning, "companies in the database are not looked after: " + why);
  }

  Log& log_;
  std::shared_ptr<const Settings> settings_;
  std::unique_ptr<BlockingDatabase> database_;
  std::chrono::steady_clock::time_point next_look_{};
  std::string complaint_;  ///< said already
};

}  // namespace

void keep_companies_fresh(const std::string& config_file, const StopSignals& signals, Log& log) {
  log.write(LogLevel::info, "looking after companies in the database: their metadata and domains");
  Companies companies(log);
  auto end = std::chrono::steady_clock::now();
  do {
    if (std::chrono::steady_clock::now() >= end) {
      companies.configure(config_file);
      end = std::chrono::steady_clock::now() + kRound;
    }
    companies.look_after_those_due(signals, end);
  } while (!signals.wait_for(kLook));
  log.write(LogLevel::info, "stopped");
}

}  // namespace anteroom::services
