#include "journey/frame/context.h"

#include <algorithm>

#include "anteroom/gate.h"
#include "journey/frame/origin.h"
#include "text/ascii.h"

namespace anteroom::journey {

const Origin* origin_named(const ServiceProviderSettings& sp, std::string_view host) {
  const auto names = [host](const Origin& origin) {
    const std::string& name = origin.authority;
    if (text::equals_ignoring_case(name, host)) return true;
    const bool has_port = name.rfind(':') != std::string::npos && !name.ends_with(']');
    const char* port = origin.text.starts_with("https:") ? ":443" : ":80";
    return !has_port && text::equals_ignoring_case(name + port, host);
  };
  const auto found = std::find_if(sp.apps.begin(), sp.apps.end(), names);
  return found == sp.apps.end() ? nullptr : &*found;
}

const Origin* Context::origin_of(std::string_view host) const {
  return origin_named(settings.service_provider, host);
}

Task<Result<std::string>> look_up(Exchange& exchange, std::string_view token, TokenHash hash,
                                  SessionUse use) {
  Callback<Result<std::string>> wait([&](std::function<void(Result<std::string>)> done) {
    exchange.context.lookup(hash, token, use, std::move(done));
  });
  Result<std::string> record = co_await wait;
  co_return record;
}

Task<Result<CurrentSession>> current_session(Exchange& exchange, SessionUse use) {
  const auto token = session_token(exchange.head().headers.cookie);
  if (!token) co_return CurrentSession{};
  const auto hash = hash_token(*token);
  if (!hash) co_return Failure{code::kInternal, "hashing a session token failed"};
  auto asking = look_up(exchange, *token, *hash, use);
  Result<std::string> record = co_await asking;
  if (!record) co_return record.failure();
  if (record->empty()) co_return CurrentSession{};
  CurrentSession session(*hash, std::move(*record));
  const SessionView* view = session.view();
  if (view == nullptr || view->status() == UserStatus::disabled ||
      exchange.now() >= view->expires_at() || view->fields().origin != exchange.origin.text) {
    co_return CurrentSession{};
  }
  co_return session;
}

}  // namespace anteroom::journey
