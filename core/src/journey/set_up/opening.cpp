// A link is opened: the first browser that does so keeps it.
#include <string>
#include <utility>

#include "anteroom/store.h"
#include "http/cookie.h"
#include "journey/frame/forms.h"
#include "journey/frame/respond.h"
#include "journey/set_up/holder.h"
#include "journey/set_up/steps.h"
#include "session/names.h"

namespace anteroom::journey {

namespace {

constexpr std::size_t kMaxCode = 2000;

Response opening_page(const Exchange& exchange, int status, const Message& error) {
  pages::Values values;
  values.messages["error"] = error;
  values.flags["is_open"] = !kept_by(exchange).empty();
  values.text["connection_url"] = exchange.context.path("/set-up/connection");
  return exchange.context.renderer->page(exchange.head().headers.accept_language, "set_up_open",
                                         status, values);
}

// The whole link may have been pasted.
std::string code_in(const Exchange& exchange) {
  const auto form = http::Form::parse(exchange.request.body());
  std::string code = field_of(form, "code", kMaxCode);
  return code.substr(code.rfind('#') == std::string::npos ? 0 : code.rfind('#') + 1);
}

// Said apart: whoever hears that it was used, and did not use it, has to tell support.
Response used_elsewhere(const Exchange& exchange) {
  return explain(
      exchange.context, exchange.head(), {Code{"set_up_link"}, "another browser has opened it"},
      {403, "set_up_used_title"_message, "set_up_used"_message, "set_up_used_hint"_message});
}

}  // namespace

Response show_set_up(Exchange exchange) {
  return opening_page(exchange, 200, {});
}

Task<Response> open_set_up(Exchange exchange) {
  Context& context = exchange.context;
  if (is_too_often(exchange)) co_return too_many_steps(exchange);
  const std::string code = code_in(exchange);
  if (!context.mints.links.has_made(code)) {
    co_return opening_page(exchange, 422, "set_up_bad_code"_message);
  }
  const auto link = hash_token(code);
  // One for all links that it opens.
  std::string kept(kept_by(exchange));
  if (kept.empty()) kept = context.mints.link_holders.make(context.ports.random).value_or("");
  const auto browser = hash_token(kept);
  if (!link || !browser) {
    co_return unavailable(context, exchange.head(), {code::kInternal, "no randomness"});
  }
  auto opening = store::open_link(context.ports.database, context.settings.access,
                                  std::string(exchange.head().client_address), *link, *browser);
  const store::OpenedLink opened = co_await or_unavailable(exchange, std::move(opening));
  if (opened.opening == store::Opening::used) co_return used_elsewhere(exchange);
  if (opened.opening == store::Opening::ended) co_return no_link(exchange, "it has ended");
  Response response = redirect(303, context.path(connection_path(opened.link)));
  response.headers.emplace_back(
      "Set-Cookie",
      http::set_cookie(session::kSetUpCookie, kept, http::SameSite::lax, store::kLinkLife));
  co_return response;
}

}  // namespace anteroom::journey
