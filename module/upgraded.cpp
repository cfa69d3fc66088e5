#include "upgraded.h"

#include <algorithm>

#include "process.h"
#include "session_watch.h"

namespace anteroom::nginx {

namespace {

using std::chrono::steady_clock;

// As nginx does when worker_shutdown_timeout has passed.
void close(ngx_http_request_t* r) {
  ngx_connection_t* connection = r->connection;
  connection->close = 1;
  connection->error = 1;
  connection->read->handler(connection->read);
}

class Upgraded final : public WatchedRequest {
 public:
  Upgraded(Process& process, RequestContext& context, ngx_http_request_t* r,
           std::function<bool(const SessionView&)> is_allowed)
      : WatchedRequest(process.watch(), context, *context.session, context.view->fields().user),
        process_(process),
        request_(r),
        is_allowed_(std::move(is_allowed)),
        verified_at_(steady_clock::now()),
        timer_(TimerKind::background, [this] { examine(Why::time); }) {
    std::string record;
    std::optional<SessionView> view;
    // A change between the decision and now was not heard here.
    const bool is_current = process.sessions().recall(session(), record, view);
    timer_.start(is_current ? until(context.view->expires_at()) : std::chrono::milliseconds(0));
  }

  void changed(bool is_named) override { examine(is_named ? Why::named : Why::sweep); }

 private:
  enum class Why { time, sweep, named };
  static constexpr std::chrono::seconds kRetry{5};
  // Longer than memory is trusted without a listener: by then it has been asked for anew.
  static constexpr std::chrono::seconds kSecondLook{6};

  void examine(Why why) {
    process_.sessions().look_up(session(), [token = RequestContext::find(request_)->token(),
                                            why](const Result<std::string>& result) {
      const auto alive = token.lock();
      if (alive == nullptr || alive->request == nullptr) return;
      const RequestContext* context = RequestContext::find(alive->request);
      static_cast<Upgraded*>(context->watched.get())->answered(result, why);
    });
  }

  [[nodiscard]] std::chrono::milliseconds until(Time time) const {
    // nginx's timers count milliseconds in a machine word, and clocks are set: look in once an
    // hour.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - process_.now());
    return std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(0),
                                                 std::chrono::hours(1));
  }

  void answered(const Result<std::string>& result, Why why) {
    if (!result) {
      // Like every known session, it goes on for a while if the database is away; one that was
      // named as changed does not.
      const bool is_known = steady_clock::now() - verified_at_ < process_.settings().database.grace;
      if (why == Why::named || !is_known) {
        close(request_);
      } else {
        timer_.start(kRetry);
      }
      return;
    }
    const auto view = SessionView::parse(*result);
    if (!view || !is_allowed_(*view)) {
      close(request_);
      return;
    }
    verified_at_ = steady_clock::now();
    const auto rest = until(view->expires_at());
    timer_.start(why == Why::sweep ? std::min<std::chrono::milliseconds>(rest, kSecondLook) : rest);
  }

  Process& process_;
  ngx_http_request_t* request_;
  std::function<bool(const SessionView&)> is_allowed_;
  steady_clock::time_point verified_at_;
  Timer timer_;
};

}  // namespace

void watch_upgrade(ngx_http_request_t* r, RequestContext& context,
                   std::function<bool(const SessionView&)> is_allowed) {
  context.watched =
      std::make_unique<Upgraded>(*Process::current(), context, r->main, std::move(is_allowed));
}

}  // namespace anteroom::nginx
