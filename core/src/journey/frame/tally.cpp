#include "journey/frame/tally.h"

#include "anteroom/activity.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

namespace {

constexpr std::chrono::minutes kInterval{1};

}  // namespace

Tally::Counts Tally::take(Time now) {
  if (counts_.empty()) return {};
  // A clock that was set back begins anew.
  if (!taken_at_ || now < *taken_at_) taken_at_ = now;
  if (now < *taken_at_ + kInterval) return {};
  taken_at_ = now;
  Counts due(counts_.begin(), counts_.end());
  counts_.clear();
  return due;
}

void write_down_started(Context& context) {
  Tally::Counts due = context.started->take(context.now());
  if (due.empty()) return;
  std::function<void(Result<Done>)> done = [started = context.started,
                                            due](const Result<Done>& written) {
    if (written) return;
    for (const auto& [idp, count] : due) started->add(idp, count);
  };
  spawn(store::count_started(context.ports.database, due), std::move(done),
        std::function<void()>([] {}));
}

}  // namespace anteroom::journey
