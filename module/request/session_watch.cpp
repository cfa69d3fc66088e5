#include "request/session_watch.h"

#include <utility>
#include <vector>

namespace anteroom::nginx {

namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr std::chrono::milliseconds kNextPortion{100};
// A change that may concern everybody is told in portions: of so many, and of fewer who must ask
// the database.
constexpr std::size_t kPortion = 2500;
constexpr int kMostAsking = 50;  // a part of what may wait for the database
// With nobody listening, this often everybody is told that something may have changed.
constexpr std::chrono::seconds kSweepWithoutListener{5};
// What a sweep finds in memory may have been fetched before what nobody heard of: that is trusted
// for five seconds, with or without a listener.
constexpr std::chrono::seconds kSecondLook{6};

}  // namespace

WatchedRequest::WatchedRequest(SessionWatch& watch, RequestContext& context,
                               const TokenHash& session, std::string_view user)
    : watch_(watch),
      token_(context.token()),
      by_session_(watch.by_session_.emplace(session, this)),
      by_user_(watch.by_user_.emplace(user_id(user), this)) {
  if (!watch.keep_alive_.is_running()) watch.keep_alive_.start(kTick);
}

WatchedRequest::~WatchedRequest() {
  watch_.by_session_.erase(by_session_);
  watch_.by_user_.erase(by_user_);
}

bool WatchedRequest::look_up(SessionLookupService& sessions, Found found) {
  std::string record;
  std::optional<SessionView> view;
  if (sessions.recall(session(), record, view)) {
    found(*this, std::move(record));
    return false;
  }
  sessions.look_up(
      session(), [token = token_, found = std::move(found)](const Result<std::string>& result) {
        SessionWatch::tell(token,
                           [&found, &result](WatchedRequest& request) { found(request, result); });
      });
  return true;
}

SessionWatch::SessionWatch(SessionCache& cache, Clock& clock)
    : cache_(cache),
      clock_(clock),
      seen_(cache.epoch()),
      timer_(TimerKind::background, [this] { tick(); }),
      keep_alive_(TimerKind::keeps_worker, [this] { keep_worker(); }) {
  timer_.start(kTick);
}

std::size_t SessionWatch::count(const TokenHash& session) const {
  return by_session_.count(session);
}

void SessionWatch::tick() {
  timer_.start(kTick);
  std::vector<SessionChange> changes;
  if (!cache_.changes_since(seen_, changes)) changes = {SessionChange{}};
  for (const SessionChange& change : changes) apply(change);
  if (by_session_.empty()) return;
  const auto now = std::chrono::steady_clock::now();
  if (!is_sweeping_ && second_look_at_ && now >= *second_look_at_) {
    second_look_at_.reset();
    is_sweeping_ = true;
  }
  const bool is_unheard =
      !cache_.is_listened(clock_.now()) && now - swept_at_ >= kSweepWithoutListener;
  if (is_sweeping_ || is_unheard) sweep();
  if (is_sweeping_) timer_.start(kNextPortion);
}

void SessionWatch::apply(const SessionChange& change) {
  Tokens concerned;
  if (change.kind == SessionChange::Kind::all) {
    is_unsure_ = true;  // a sweep under way is finished first: what never ends reaches nobody
    if (!is_sweeping_) begin_unsure_sweep();
    return;
  }
  if (change.kind == SessionChange::Kind::session) {
    const auto [first, last] = by_session_.equal_range(change.session);
    for (auto i = first; i != last; ++i) concerned.push_back(i->second->token_);
  } else {
    const auto [first, last] = by_user_.equal_range(change.user);
    for (auto i = first; i != last; ++i) concerned.push_back(i->second->token_);
  }
  tell(concerned, [](WatchedRequest& request) { request.changed(true); });
}

void SessionWatch::begin_unsure_sweep() {
  is_unsure_ = false;
  is_sweeping_ = true;
  is_to_be_repeated_ = true;
}

void SessionWatch::sweep() {
  struct One {
    TokenHash session;
    std::weak_ptr<RequestToken> token;
  };
  std::vector<One> portion;
  auto next = by_session_.lower_bound(sweep_next_);
  for (; next != by_session_.end(); ++next) {
    // All of one session go together: its hash is where the next portion begins.
    if (portion.size() >= kPortion && next->first != portion.back().session) break;
    portion.push_back({next->first, next->second->token_});
  }
  is_sweeping_ = next != by_session_.end();
  sweep_next_ = is_sweeping_ ? next->first : TokenHash{};
  int asking = 0;
  for (const One* one = portion.data(); one != portion.data() + portion.size(); ++one) {
    if (asking >= kMostAsking && one->session != (one - 1)->session) {
      is_sweeping_ = true;
      sweep_next_ = one->session;
      break;
    }
    tell(one->token, [&asking](WatchedRequest& request) { asking += request.changed(false); });
  }
  if (is_sweeping_) return;
  swept_at_ = std::chrono::steady_clock::now();
  if (is_unsure_) {
    begin_unsure_sweep();
  } else if (std::exchange(is_to_be_repeated_, false)) {
    second_look_at_ = swept_at_ + kSecondLook;
  }
}

void SessionWatch::keep_worker() {
  if (ngx_exiting != 0) {
    Tokens all;
    for (const auto& [session, request] : by_session_) all.push_back(request->token_);
    tell(all, [](WatchedRequest& request) { request.worker_quits(); });
  }
  if (!by_session_.empty()) keep_alive_.start(kTick);
}

// Telling one may end others as well.
void SessionWatch::tell(const std::weak_ptr<RequestToken>& token,
                        const std::function<void(WatchedRequest&)>& what) {
  const auto alive = token.lock();
  if (alive == nullptr || alive->request == nullptr) return;
  const RequestContext* context = RequestContext::find(alive->request);
  if (context->watched != nullptr) what(*context->watched);
}

void SessionWatch::tell(const Tokens& tokens, const std::function<void(WatchedRequest&)>& what) {
  for (const auto& token : tokens) tell(token, what);
}

}  // namespace anteroom::nginx
