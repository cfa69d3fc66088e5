#include "anteroom/store.h"
#include "crypto/digest.h"
#include "http/cookie.h"
#include "http/form.h"
#include "http/url.h"
#include "journey/frame/log_line.h"
#include "journey/frame/respond.h"
#include "journey/frame/return_to.h"
#include "journey/sign_on/steps.h"
#include "session/names.h"
#include "session/token.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

constexpr std::size_t kReferenceBytes = 8;

// The Back button ends here: whoever is signed in already just goes on.
Task<Response> not_redeemed(Exchange& exchange) {
  const Result<CurrentSession> session = co_await current_session(exchange);
  if (session && session->view() != nullptr) co_return redirect(303, "/");
  co_return explain(exchange.context, exchange.head(),
                    {Code{"handoff_refused"},
                     "the ticket was used, is late, belongs to another browser, or was made up"},
                    {403, "failed_title"_message, "handoff_refused"_message,
                     "handoff_refused_hint"_message, "/", "continue"_message});
}

std::string_view cookie_value(std::string_view header, std::string_view wanted) {
  std::string_view found;
  http::for_each_cookie(header, [&](std::string_view name, std::string_view value) {
    if (name == wanted) found = value;
  });
  return found;
}

}  // namespace

Task<Response> land(Exchange& exchange, const CurrentSession& session, std::string handle) {
  Context& context = exchange.context;
  const session::ReturnTo wanted = return_to_or_landing(context, handle);
  if (wanted.origin == exchange.origin.text) co_return redirect(303, wanted.target);
  const auto browser_hash = hash_from_hex(wanted.browser_hash);
  // Nobody was turned away over there yet: its gate sends this browser back with what binds the
  // ticket.
  if (!browser_hash) co_return redirect(303, wanted.origin + wanted.target);

  const auto ticket = context.mints.tickets.make(context.ports.random);
  const auto ticket_hash = ticket ? hash_token(*ticket) : std::nullopt;
  if (!ticket_hash) {
    co_return unavailable(context, exchange.head(), {code::kInternal, "no randomness"});
  }
  store::HandoffTicket row{*ticket_hash, session.hash(), wanted.origin, *browser_hash,
                           wanted.target};
  const bool issued = co_await or_unavailable(
      exchange, store::issue_ticket(context.ports.database, std::move(row)));
  if (!issued) co_return redirect(303, context.path("/sign-in") + "?notice=stale");
  co_return redirect(303, wanted.origin + context.path("/handoff") + "?ticket=" + *ticket);
}

Task<Response> redeem_handoff(Exchange exchange) {
  Context& context = exchange.context;
  // A look ahead must not use the ticket up.
  if (exchange.head().method != "GET" || !exchange.head().headers.sec_purpose.empty()) {
    co_return refuse(context, exchange.head(), 405, {Code{"method_not_allowed"}, "ticket"});
  }
  const auto query = http::Form::parse(exchange.head().query);
  const std::string ticket(query ? query->get("ticket") : "");
  const auto browser =
      crypto::sha256(cookie_value(exchange.head().headers.cookie, session::kBrowserCookie));
  // One that was made up is not worth a question to anybody.
  if (!browser || !context.mints.tickets.has_made(ticket)) {
    co_return co_await not_redeemed(exchange);
  }
  const auto ticket_hash = hash_token(ticket);
  const auto token = context.mints.sessions.make(context.ports.random);
  const auto reference = session::new_hex(context.ports.random, kReferenceBytes);
  const auto token_hash = token ? hash_token(*token) : std::nullopt;
  if (!ticket_hash || !token_hash || !reference) {
    co_return unavailable(context, exchange.head(), {code::kInternal, "no randomness"});
  }
  store::Redemption redemption{*ticket_hash,
                               exchange.origin.text,
                               *browser,
                               *token_hash,
                               *reference,
                               std::string(exchange.head().client_address),
                               text::printable(exchange.head().headers.user_agent, 300)};
  const std::optional<std::string> target = co_await or_unavailable(
      exchange, store::redeem_ticket(context.ports.database, std::move(redemption)));
  if (!target || !http::is_local_target(*target)) {
    co_return co_await not_redeemed(exchange);
  }
  LogLine line("handed over");
  line.add("reference", *reference)
      .add("client", exchange.head().client_address)
      .add("origin", exchange.origin.text);
  context.ports.log.write(LogLevel::info, line.text());
  Response response = redirect(303, *target);
  response.headers.emplace_back(
      "Set-Cookie", http::set_cookie(session::kSessionCookie, *token, http::SameSite::lax));
  co_return response;
}

}  // namespace anteroom::journey
