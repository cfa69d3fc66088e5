#include "services/mail_service.h"

#include <algorithm>

#include "anteroom/store.h"

namespace anteroom::services {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds kPoll = 2s;
constexpr seconds kUpkeep = 20s;
constexpr seconds kWarnings = 1h;
constexpr seconds kLongestPause = 60s;

}  // namespace

MailService::MailService(Database& database, std::shared_ptr<const Settings> settings,
                         mail::Transport& transport, Reload reload, const StopSignals& signals,
                         Log& log)
    : database_(database),
      settings_(std::move(settings)),
      reload_(std::move(reload)),
      signals_(signals),
      log_(log),
      delivery_(database, *settings_, transport, clock_, log),
      warnings_(database, log) {}

std::string MailService::run() {
  log_.write(LogLevel::info, "delivering by " + settings_->mail->smtp_url);
  seconds pause = 0s;
  while (!signals_.wait_for(pause)) {
    const auto [state, is_more] = work();
    if (!schema_trouble_.empty()) return schema_trouble_;
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
  return "";
}

MailService::Work MailService::work() {
  if (Status seen = look_at_schema(); !seen || !schema_trouble_.empty()) return {seen};
  if (clock_.now() >= next_upkeep_) {
    if (Status written = delivery_.write_what_is_due(); !written) return {written};
    next_upkeep_ = clock_.now() + kUpkeep;
  }
  if (clock_.now() >= next_warnings_) {
    if (Status told = warn(); !told) return {told};
    next_warnings_ = clock_.now() + kWarnings;
  }
  const auto round = delivery_.deliver([this] { return signals_.are_there(); });
  return {round.state, round.is_more};
}

Status MailService::look_at_schema() {
  if (is_schema_seen_) return Done{};
  const Result<store::Schema> schema = wait(store::find_schema(database_));
  if (!schema) return schema.failure();
  schema_trouble_ = store::trouble_with(*schema);
  is_schema_seen_ = true;
  return Done{};
}

Status MailService::warn() {
  const auto newest = reload_();
  const bool is_usable = newest != nullptr && newest->mail;
  return warnings_.write(is_usable ? newest : settings_, clock_.now());
}

}  // namespace anteroom::services
