#include "anteroom/gate.h"
#include "anteroom/store.h"
#include "http/cookie.h"
#include "http/form.h"
#include "journey/frame/respond.h"
#include "journey/frame/send_away.h"
#include "journey/sign_on/single_logout.h"
#include "journey/sign_on/steps.h"
#include "session/names.h"

namespace anteroom::journey {

namespace {

void clear_session_cookie(Response& response) {
  response.headers.emplace_back(
      "Set-Cookie",
      http::set_cookie(session::kSessionCookie, "", http::SameSite::lax, std::chrono::seconds(0)));
}

// The session that this browser's cookie may stand for. One that was made up ends nothing, and
// asks nobody.
Task<std::optional<TokenHash>> session_to_end(Exchange& exchange) {
  const auto token = session_token(exchange.head().headers.cookie);
  const auto hash = token ? hash_token(*token) : std::nullopt;
  if (!hash || exchange.context.mints.sessions.has_made(*token)) co_return hash;
  auto asking = look_up(exchange, *token, *hash);
  const Result<std::string> known = co_await asking;
  if (known && known->empty()) co_return std::nullopt;
  co_return hash;
}

}  // namespace

Task<Response> confirm_sign_out(Exchange exchange) {
  const CurrentSession session = co_await or_unavailable(exchange, current_session(exchange));
  if (session.view() == nullptr) co_return redirect(303, exchange.context.path("/signed-out"));
  pages::Values values;
  values.text["email"] = session.view()->fields().email;
  co_return exchange.context.renderer->page(
      exchange.head().headers.accept_language, "sign_out", 200, values,
      form_targets(exchange.companies->by_name(session.view()->fields().idp)));
}

Task<Response> sign_out(Exchange exchange) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const bool is_switch = form && form->get("then") == "sign-in";
  const std::optional<TokenHash> hash = co_await session_to_end(exchange);
  if (hash) {
    context.ports.memory.forget(*hash);
    const Result<std::optional<store::EndedSession>> ended = co_await store::sign_out(
        context.ports.database, *hash, std::string(exchange.head().client_address));
    if (!ended) {
      // The cookie goes all the same; the page says that the session could not be ended everywhere.
      Response response = unavailable(context, exchange.head(), ended.failure());
      clear_session_cookie(response);
      co_return response;
    }
    context.ports.memory.forget(*hash);
    // Our own session has ended, whatever the IdP says now.
    if (*ended && !is_switch) {
      std::optional<Response> told = co_await tell_idp(exchange, **ended);
      if (told) {
        clear_session_cookie(*told);
        co_return std::move(*told);
      }
    }
  }
  Response response =
      redirect(303, context.path(is_switch ? "/sign-in?notice=choose" : "/signed-out"));
  clear_session_cookie(response);
  co_return response;
}

}  // namespace anteroom::journey
