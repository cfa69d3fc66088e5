#include "database/company_watch.h"

namespace anteroom::nginx {

namespace {

constexpr std::chrono::milliseconds kLook{250};  // at a number in shared memory
constexpr std::chrono::seconds kWithoutListener{4};
constexpr std::chrono::seconds kAfterFailure{1};

}  // namespace

CompanyWatch::CompanyWatch(Site& site, const SessionCache& cache, const Clock& clock)
    : site_(site),
      cache_(cache),
      clock_(clock),
      timer_(TimerKind::background, [this] { look(); }) {}

void CompanyWatch::look() {
  if (is_stopped_) return;
  timer_.start(kLook);
  const Time now = clock_.now();
  if (!is_asking_ && is_due(now)) ask(now);
}

bool CompanyWatch::is_due(Time now) const {
  if (asked_at_ == Time{} || now < asked_at_) return true;  // the clock was set back
  const auto since = now - asked_at_;
  if (!has_succeeded_) return since >= kAfterFailure;
  return seen_ != cache_.company_changes() || site_.has_to_keep_companies(now) ||
         (since >= kWithoutListener && !cache_.is_listened(now));
}

void CompanyWatch::ask(Time now) {
  is_asking_ = true;
  asked_at_ = now;
  seen_ = cache_.company_changes();
  std::function<void(Status)> done = [this](const Status& status) {
    is_asking_ = false;
    has_succeeded_ = status.ok();
  };
  spawn(site_.refresh_companies(), std::move(done),
        std::function<void()>([this] { is_asking_ = has_succeeded_ = false; }));
}

void CompanyWatch::shut_down() {
  is_stopped_ = true;
  timer_.stop();
}

}  // namespace anteroom::nginx
