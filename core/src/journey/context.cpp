#include "journey/context.h"

#include <algorithm>

#include "anteroom/gate.h"
#include "http/text.h"

namespace anteroom::journey {

const Origin* Context::origin_of(std::string_view host) const {
  const auto& apps = settings.service_provider.apps;
  const auto found = std::find_if(apps.begin(), apps.end(), [&](const Origin& origin) {
    return http::equals_ignoring_case(origin.authority, host);
  });
  return found == apps.end() ? nullptr : &*found;
}

const saml::ResponseVerifier* Context::verifier_of(const IdentityProvider& idp) const {
  const auto found = std::find_if(verifiers.begin(), verifiers.end(),
                                  [&](const auto& verifier) { return &verifier->idp() == &idp; });
  return found == verifiers.end() ? nullptr : found->get();
}

Task<Result<CurrentSession>> current_session(Exchange& exchange) {
  const auto token = session_token(exchange.head().headers.cookie);
  if (!token) co_return CurrentSession{};
  const auto hash = hash_token(*token);
  if (!hash) co_return Failure{code::kInternal, "hashing a session token failed"};
  Callback<Result<std::string>> wait([&](std::function<void(Result<std::string>)> done) {
    exchange.context.lookup(*hash, std::move(done));
  });
  Result<std::string> record = co_await wait;
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
