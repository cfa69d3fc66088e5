// Requests that stay open for long and must hear when what is known of their session changes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "loop/timer.h"
#include "request/request_context.h"
#include "session/session_cache.h"
#include "session/session_lookup.h"

namespace anteroom::nginx {

class SessionWatch;

/// One open request; its RequestContext owns it.
class WatchedRequest {
 public:
  WatchedRequest(SessionWatch& watch, RequestContext& context, const TokenHash& session,
                 std::string_view user);
  virtual ~WatchedRequest();
  WatchedRequest(const WatchedRequest&) = delete;
  WatchedRequest& operator=(const WatchedRequest&) = delete;

  /// `is_named`: a notification was about this session or its user; else it may have been: look
  /// whether anything is different. May end the request, and with it this object. True if this may
  /// cost a statement.
  virtual bool changed(bool is_named) = 0;
  /// The worker has been asked to quit. May be called again while the request lasts.
  virtual void worker_quits() {}

 protected:
  using Found = std::function<void(WatchedRequest&, const Result<std::string>&)>;

  [[nodiscard]] const TokenHash& session() const { return by_session_->first; }
  /// Tells what is known of its session: at once, or when the database has answered, if the request
  /// is there still. That may end the request. True if the database had to be asked.
  bool look_up(SessionLookupService& sessions, Found found);

 private:
  friend class SessionWatch;
  using BySession = std::multimap<TokenHash, WatchedRequest*>;
  using ByUser = std::multimap<UserId, WatchedRequest*>;

  SessionWatch& watch_;
  std::weak_ptr<RequestToken> token_;
  BySession::iterator by_session_;
  ByUser::iterator by_user_;
};

/// Looks several times a second into the node's memory for what notifications have changed. One per
/// worker: only one of the workers listens, all of them hear.
class SessionWatch {
 public:
  SessionWatch(SessionCache& cache, Clock& clock);

  [[nodiscard]] std::size_t count(const TokenHash& session) const;

 private:
  friend class WatchedRequest;
  using Tokens = std::vector<std::weak_ptr<RequestToken>>;

  void tick();
  void apply(const SessionChange& change);
  void begin_unsure_sweep();
  void sweep();
  void keep_worker();
  static void tell(const std::weak_ptr<RequestToken>& token,
                   const std::function<void(WatchedRequest&)>& what);
  static void tell(const Tokens& tokens, const std::function<void(WatchedRequest&)>& what);

  SessionCache& cache_;
  Clock& clock_;
  WatchedRequest::BySession by_session_;
  WatchedRequest::ByUser by_user_;
  std::uint64_t seen_;  ///< the epoch up to which changes have been applied
  bool is_sweeping_ = false;
  bool is_unsure_ = false;          ///< anything may have changed since the sweep began
  bool is_to_be_repeated_ = false;  ///< the sweep, after a while
  std::optional<std::chrono::steady_clock::time_point> second_look_at_;
  TokenHash sweep_next_{};
  std::chrono::steady_clock::time_point swept_at_;
  Timer timer_;
  Timer keep_alive_;  ///< while anything is open, a worker that is to quit waits
};

}  // namespace anteroom::nginx
