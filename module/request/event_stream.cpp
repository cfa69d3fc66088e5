#include "request/event_stream.h"

#include <functional>
#include <utility>

#include "loop/guarded.h"
#include "process.h"
#include "request/response_adapter.h"
#include "request/session_watch.h"

namespace anteroom::nginx {

namespace {

class EventStream final : public WatchedRequest {
 public:
  EventStream(Process& process, RequestContext& context, ngx_http_request_t* r,
              const FollowedSession& follow)
      : WatchedRequest(process.watch(), context, follow.session, follow.user),
        sessions_(process.sessions()),
        request_(r),
        changed_event_(follow.changed_event),
        alive_event_(follow.alive_event),
        alive_every_(follow.alive_every),
        timer_(TimerKind::background, [this] { show_life(); }) {
    timer_.start_with_others(alive_every_);
    std::string record;
    std::optional<SessionView> view;
    if (sessions_.recall(session(), record, view)) shown_ = digest(record);
  }

  bool changed(bool is_named) override {
    if (is_ending_) return false;
    if (!is_named) return compare();
    tell();
    return true;
  }

  void worker_quits() override {
    if (is_ending_) return;
    finish(ngx_http_send_special(request_, NGX_HTTP_LAST));
  }

  // There is room again.
  void drain() {
    if (ngx_http_output_filter(request_, nullptr) == NGX_ERROR) {
      finish(NGX_ERROR);
    } else if (is_blocked()) {
      watch_for_room();
    } else if (has_news_) {
      has_news_ = false;
      write(changed_event_);
    }
  }

 private:
  static std::size_t digest(std::string_view record) {
    return std::hash<std::string_view>{}(SessionRecord::without_use(record));
  }

  // Whoever reads it asks.
  void tell() {
    if (is_blocked()) {
      has_news_ = true;
    } else {
      write(changed_event_);
    }
  }

  // Something has changed, most likely about others: nobody is told of what is not theirs. True if
  // the database had to be asked.
  bool compare() {
    return look_up(sessions_, [](WatchedRequest& request, const Result<std::string>& result) {
      static_cast<EventStream&>(request).answered(result);
    });
  }

  void answered(const Result<std::string>& result) {
    if (is_ending_) return;
    if (result) {
      found(*result);
    } else {
      tell();
    }
  }

  void found(std::string_view record) {
    const std::size_t now = digest(record);
    if (std::exchange(shown_, now) != now) tell();
  }

  // The buffer is still in use: nothing may be sent behind it.
  [[nodiscard]] bool is_blocked() const {
    return request_->out != nullptr || request_->connection->buffered != 0;
  }

  void show_life() {
    if (is_blocked()) {  // has not read a line for all that time
      finish(NGX_ERROR);
      return;
    }
    timer_.start_with_others(alive_every_);
    write(alive_event_);
  }

  // May end the request.
  void write(std::string_view event) {
    buffer_ = ngx_buf_t{};
    buffer_.pos = reinterpret_cast<u_char*>(const_cast<char*>(event.data()));
    buffer_.last = buffer_.pos + event.size();
    buffer_.memory = 1;
    buffer_.flush = 1;
    ngx_chain_t out{&buffer_, nullptr};
    if (ngx_http_output_filter(request_, &out) == NGX_ERROR) {
      finish(NGX_ERROR);
    } else if (is_blocked()) {
      watch_for_room();
    }
  }

  void watch_for_room() {
    if (ngx_handle_write_event(request_->connection->write, 0) != NGX_OK) finish(NGX_ERROR);
  }

  void finish(ngx_int_t how) {
    is_ending_ = true;
    timer_.stop();
    ngx_http_request_t* r = request_;
    ngx_connection_t* connection = r->connection;
    ngx_http_finalize_request(r, how);
    ngx_http_run_posted_requests(connection);
  }

  SessionLookupService& sessions_;
  ngx_http_request_t* request_;
  std::optional<std::size_t> shown_;  ///< of the record when it was told last; unset: not known
  std::string_view changed_event_;
  std::string_view alive_event_;
  std::chrono::seconds alive_every_;
  ngx_buf_t buffer_{};
  bool has_news_ = false;
  bool is_ending_ = false;
  Timer timer_;
};

// Somebody who opens more than that is after our connections.
constexpr std::size_t kMostStreams = 16;

Response too_many() {
  return Response{429,
                  {{"Content-Type", "text/plain; charset=utf-8"},
                   {"Cache-Control", "no-store"},
                   {"Retry-After", "60"}},
                  "Too many streams are open.\n",
                  {}};
}

void on_room(ngx_http_request_t* r) noexcept {
  guarded("an event stream", [r] {
    const RequestContext* context = RequestContext::find(r);
    static_cast<EventStream*>(context->watched.get())->drain();
  });
}

}  // namespace

void open_stream(ngx_http_request_t* r, const Response& response) {
  RequestContext& context = *RequestContext::find(r);
  Process& process = *Process::current();
  if (process.watch().count(response.follow->session) >= kMostStreams) {
    ngx_http_finalize_request(r, send(r, too_many()));
    return;
  }
  const ngx_int_t sent = send_open(r, response);
  if (sent == NGX_ERROR || sent > NGX_OK || r->header_only != 0) {
    ngx_http_finalize_request(r, sent);
    return;
  }
  context.watched = std::make_unique<EventStream>(process, context, r, *response.follow);
  r->read_event_handler = ngx_http_test_reading;
  r->write_event_handler = on_room;
  if (ngx_handle_write_event(r->connection->write, 0) != NGX_OK) {
    ngx_http_finalize_request(r, NGX_ERROR);
  }
}

}  // namespace anteroom::nginx
