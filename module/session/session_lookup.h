// The node's answer to "who is this?": memory first, then one statement for all who ask at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/session.h"
#include "anteroom/session_source.h"
#include "anteroom/settings.h"
#include "monitoring/node_meter.h"
#include "session/session_cache.h"

namespace anteroom::nginx {

class SessionLookupService {
 public:
  using Done = std::function<void(Result<std::string>)>;

  SessionLookupService(const Settings& settings, SessionSource& source, SessionCache& cache,
                       Clock& clock, NodeMeter& meter)
      : settings_(settings), source_(source), cache_(cache), clock_(clock), meter_(meter) {}

  /// True if memory has a fresh answer: the record, or an empty one for "no such live session".
  /// `view` reads `record`, and is unset for the latter.
  bool recall(const TokenHash& hash, std::string& record, std::optional<SessionView>& view);

  /// Of a session that was there before. `done` is called exactly once, possibly at once. While the
  /// database is away, a session that this node has known within database.grace goes on.
  void look_up(const TokenHash& hash, Done done);

  /// Of whatever a browser has sent. A token that we have not made leads to no session, without a
  /// question to the database; one under a key that was retired goes on where this node remembers
  /// its session.
  void look_up(const TokenHash& hash, std::string_view token, SessionUse use, Done done);

 private:
  struct Pending {
    std::uint64_t epoch;
    Time started_at;
    std::vector<Done> waiting;
  };
  using PendingPointer = std::shared_ptr<Pending>;

  /// Of the database, once for all who want to know it at the same time.
  void ask_once(const TokenHash& hash, Done done);
  void ask(const TokenHash& hash, const PendingPointer& pending);
  /// What was asked for without use is not remembered: who uses the session then would not count.
  void look(const TokenHash& hash, const Done& done);
  void answered(const TokenHash& hash, const PendingPointer& pending, Result<std::string> result);
  bool is_worth_asking(const TokenHash& hash, std::string_view token);
  bool recall_stale(const TokenHash& hash, std::string& record);
  /// Where the database is away, what this node has known within database.grace.
  Result<std::string> with_stale(const TokenHash& hash, Result<std::string> result);

  const Settings& settings_;
  SessionSource& source_;
  SessionCache& cache_;
  Clock& clock_;
  NodeMeter& meter_;
  std::map<TokenHash, PendingPointer> pending_;
};

}  // namespace anteroom::nginx
