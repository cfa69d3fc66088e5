#include "session/session_lookup.h"

#include "anteroom/session.h"

namespace anteroom::nginx {

namespace {

bool has_ended(std::string_view record, Time now) {
  const auto session = SessionView::parse(record);
  return !session || now >= session->expires_at();
}

}  // namespace

bool SessionLookupService::recall(const TokenHash& hash, std::string& record,
                                  std::optional<SessionView>& view) {
  const Time now = clock_.now();
  const auto remembered = cache_.find(hash, now, settings_.sessions.cache_ttl, record);
  if (!remembered || !remembered->is_fresh) return false;
  if (!record.empty()) {
    view = SessionView::parse(record);
    // A record ends early where one of its grants does: the database then knows what is left.
    if (!view || now >= view->expires_at()) {
      view.reset();
      return false;
    }
  }
  meter_.count(metrics::Counter::look_up_remembered);
  return true;
}

bool SessionLookupService::recall_stale(const TokenHash& hash, std::string& record) {
  const Time now = clock_.now();
  const auto remembered = cache_.find(hash, now, settings_.sessions.cache_ttl, record);
  return remembered && !record.empty() && !has_ended(record, now) &&
         now - remembered->fetched_at < settings_.database.grace;
}

Result<std::string> SessionLookupService::with_stale(const TokenHash& hash,
                                                     Result<std::string> result) {
  if (result || (result.failure().code != code::kDatabaseUnavailable &&
                 result.failure().code != code::kOverloaded)) {
    return result;
  }
  std::string record;
  return recall_stale(hash, record) ? Result<std::string>(std::move(record)) : std::move(result);
}

bool SessionLookupService::is_worth_asking(const TokenHash& hash, std::string_view token) {
  if (source_.has_made(token)) return true;
  const Time now = clock_.now();
  std::string record;
  return cache_.find(hash, now, settings_.sessions.cache_ttl, record) && !record.empty();
}

void SessionLookupService::look_up(const TokenHash& hash, std::string_view token, SessionUse use,
                                   Done done) {
  if (!is_worth_asking(hash, token)) {
    done(std::string());
    return;
  }
  switch (use) {
    case SessionUse::counts:
      look_up(hash, std::move(done));
      return;
    case SessionUse::renews:
      ask_once(hash, std::move(done));
      return;
    case SessionUse::none:
      look(hash, done);
      return;
  }
}

void SessionLookupService::look(const TokenHash& hash, const Done& done) {
  std::string record;
  std::optional<SessionView> view;
  if (recall(hash, record, view)) {
    done(std::move(record));
    return;
  }
  meter_.count(metrics::Counter::look_up_asked);
  std::function<void(Result<std::string>)> answer = [this, hash, done](Result<std::string> result) {
    done(with_stale(hash, std::move(result)));
  };
  std::function<void()> failed = [done] {
    done(Failure{code::kInternal, "looking a session up failed"});
  };
  spawn(source_.load(hash, SessionUse::none), std::move(answer), std::move(failed));
}

void SessionLookupService::look_up(const TokenHash& hash, Done done) {
  std::string record;
  std::optional<SessionView> view;
  if (recall(hash, record, view)) {
    done(std::move(record));
    return;
  }
  ask_once(hash, std::move(done));
}

void SessionLookupService::ask_once(const TokenHash& hash, Done done) {
  const std::uint64_t epoch = cache_.epoch();
  PendingPointer& pending = pending_[hash];
  if (pending != nullptr && pending->epoch == epoch) {
    meter_.count(metrics::Counter::look_up_joined);
    pending->waiting.push_back(std::move(done));
    return;
  }
  meter_.count(metrics::Counter::look_up_asked);
  // A question put before the last notification may bring an answer from before it.
  pending = std::make_shared<Pending>(Pending{epoch, clock_.now(), {}});
  pending->waiting.push_back(std::move(done));
  ask(hash, PendingPointer(pending));
}

void SessionLookupService::ask(const TokenHash& hash, const PendingPointer& pending) {
  std::function<void(Result<std::string>)> done = [this, hash,
                                                   pending](Result<std::string> result) {
    answered(hash, pending, std::move(result));
  };
  std::function<void()> failed = [this, hash, pending] {
    answered(hash, pending, Failure{code::kInternal, "looking a session up failed"});
  };
  spawn(source_.load(hash, SessionUse::counts), std::move(done), std::move(failed));
}

void SessionLookupService::answered(const TokenHash& hash, const PendingPointer& pending,
                                    Result<std::string> result) {
  const auto current = pending_.find(hash);
  if (current != pending_.end() && current->second == pending) pending_.erase(current);
  if (result) cache_.store(hash, *result, pending->started_at, pending->epoch);
  result = with_stale(hash, std::move(result));
  for (const Done& done : pending->waiting) done(result);
}

}  // namespace anteroom::nginx
