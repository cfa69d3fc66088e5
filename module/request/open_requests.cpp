#include "request/open_requests.h"

#include <algorithm>
#include <cstddef>

#include "process.h"
#include "request/request_context.h"
#include "request/session_watch.h"

namespace anteroom::nginx {

namespace {

using std::chrono::steady_clock;

// Whoever is still there by then is watched.
constexpr ngx_msec_t kSettledMs = 1000;
constexpr std::chrono::milliseconds kTick{250};
// So many at a time; other events come in between.
constexpr int kPortion = 500;

// As nginx does when worker_shutdown_timeout has passed. Of an HTTP/2 connection this is one
// stream.
void end(ngx_http_request_t* r) {
  ngx_connection_t* connection = r->connection;
  ngx_log_error(
      NGX_LOG_INFO, connection->log, 0,
      "anteroom: ended an open request: the session or the access that let it through is over");
  connection->close = 1;
  connection->error = 1;
  connection->read->handler(connection->read);
}

// How old the sign-on is counted when the request came.
bool is_still_allowed(const Process& process, const RequestContext& context,
                      const SessionView& session) {
  const auto allows = [&](Requirement requirement) {
    requirement.max_age = std::chrono::seconds(0);
    return decide(process.settings(), &session, requirement, context.origin->text, process.now()) ==
           Outcome::allow;
  };
  return allows(context.requirement) && std::all_of(context.earlier_requirements.begin(),
                                                    context.earlier_requirements.end(), allows);
}

class OpenRequest final : public WatchedRequest {
 public:
  OpenRequest(Process& process, RequestContext& context)
      : WatchedRequest(process.watch(), context, *context.session, context.view->fields().user),
        process_(process),
        context_(context),
        verified_at_(steady_clock::now()),
        timer_(TimerKind::background, [this] { examine(Why::time); }) {}

  /// What has changed since the decision was not heard here. May end the request.
  void begin() { examine(Why::time); }

  bool changed(bool is_named) override { return examine(is_named ? Why::named : Why::sweep); }

 private:
  enum class Why { time, sweep, named };
  static constexpr std::chrono::seconds kRetry{5};
  // Longer than memory is trusted without a listener: by then it has been asked for anew.
  static constexpr std::chrono::seconds kSecondLook{6};

  // True if the database had to be asked. May end the request.
  bool examine(Why why) {
    if (is_ended_) return false;
    return look_up(process_.sessions(),
                   [why](WatchedRequest& request, const Result<std::string>& result) {
                     static_cast<OpenRequest&>(request).answered(result, why);
                   });
  }

  void answered(const Result<std::string>& result, Why why) {
    if (is_ended_) return;
    if (result) {
      judge(SessionView::parse(*result), why);
      return;
    }
    // Like every known session, it goes on for a while if the database is away; one that was
    // named as changed does not.
    const bool is_known = steady_clock::now() - verified_at_ < process_.settings().database.grace;
    if (why == Why::named || !is_known) {
      finish();
    } else {
      timer_.start(kRetry);
    }
  }

  void judge(const std::optional<SessionView>& view, Why why) {
    if (!view || !is_still_allowed(process_, context_, *view)) {
      finish();
      return;
    }
    verified_at_ = steady_clock::now();
    const auto rest = until(view->expires_at());
    timer_.start(why == Why::sweep ? std::min<std::chrono::milliseconds>(rest, kSecondLook) : rest);
  }

  [[nodiscard]] std::chrono::milliseconds until(Time time) const {
    // nginx's timers count milliseconds in a machine word, and clocks are set: look in once an
    // hour.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - process_.now());
    return std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(0),
                                                 std::chrono::hours(1));
  }

  // The request may be gone afterwards, and this with it; or it waits until what nginx has
  // under way for it is done.
  void finish() {
    is_ended_ = true;
    timer_.stop();
    end(context_.request());
  }

  Process& process_;
  RequestContext& context_;
  steady_clock::time_point verified_at_;
  bool is_ended_ = false;
  Timer timer_;
};

}  // namespace

OpenRequests::OpenRequests(Process& process)
    : process_(process), timer_(TimerKind::background, [this] { tick(); }) {
  ngx_queue_init(&line_);
  timer_.start(kTick);
}

OpenRequests::~OpenRequests() {
  while (!ngx_queue_empty(&line_)) first().leave();
}

void OpenRequests::enter(RequestContext& context) {
  Turn& turn = context.turn;
  if (turn.is_in_line() || context.watched != nullptr) return;
  turn.context_ = &context;
  turn.entered_at_ = ngx_current_msec;
  ngx_queue_insert_tail(&line_, &turn.place_);
}

Turn& OpenRequests::first() {
  static_assert(offsetof(Turn, place_) == 0);
  return *reinterpret_cast<Turn*>(ngx_queue_head(&line_));
}

RequestContext* OpenRequests::next_due() {
  if (ngx_queue_empty(&line_) || ngx_current_msec - first().entered_at_ < kSettledMs) {
    return nullptr;
  }
  Turn& turn = first();
  turn.leave();
  return turn.context_;
}

void OpenRequests::tick() {
  timer_.start(kTick);
  for (int i = 0; i < kPortion; ++i) {
    RequestContext* context = next_due();
    if (context == nullptr) return;
    watch(*context);
  }
  timer_.start(std::chrono::milliseconds(1));
}

void OpenRequests::watch(RequestContext& context) {
  if (context.watched != nullptr) return;  // led on to an event stream of ours
  auto watched = std::make_unique<OpenRequest>(process_, context);
  OpenRequest& request = *watched;
  context.watched = std::move(watched);
  request.begin();
}

}  // namespace anteroom::nginx
