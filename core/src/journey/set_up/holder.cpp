#include "journey/set_up/holder.h"

#include <string>

#include "anteroom/network.h"
#include "anteroom/store.h"
#include "http/cookie.h"
#include "journey/frame/company_forms.h"
#include "journey/frame/respond.h"
#include "session/names.h"

namespace anteroom::journey {

namespace {

constexpr Code kLink{"set_up_link"};
constexpr Code kTooMany{"too_many_steps"};

}  // namespace

std::string_view kept_by(const Exchange& exchange) {
  std::string_view kept;
  http::for_each_cookie(exchange.head().headers.cookie,
                        [&](std::string_view name, std::string_view value) {
                          if (name == session::kSetUpCookie) kept = value;
                        });
  return exchange.context.mints.link_holders.has_made(kept) ? kept : std::string_view();
}

std::optional<store::LinkHolder> holder_of(const Exchange& exchange, std::string_view number) {
  const std::string_view kept = kept_by(exchange);
  const auto hash = kept.empty() ? std::nullopt : hash_token(kept);
  if (!hash) return std::nullopt;
  store::LinkHolder holder{*hash, std::string(exchange.head().client_address)};
  if (!number.empty()) holder.link = version_in(number);
  return holder;
}

bool is_too_often(const Exchange& exchange) {
  Quota& steps = exchange.context.set_up_steps;
  const std::string_view kept = kept_by(exchange);
  const bool is_fine = steps.take(network_of(exchange.head().client_address), exchange.now());
  return !is_fine || (!kept.empty() && !steps.take(kept, exchange.now()));
}

std::string connection_path(long link) {
  return "/set-up/connection?link=" + std::to_string(link);
}

Response too_many_steps(const Exchange& exchange) {
  Response response =
      explain(exchange.context, exchange.head(), {kTooMany, "200 steps of set-up in ten minutes"},
              {429, "pause_title"_message, "set_up_pause"_message, {}});
  response.headers.emplace_back("Retry-After", "600");
  return response;
}

Response no_link(const Exchange& exchange, std::string_view why) {
  return explain(
      exchange.context, exchange.head(), {kLink, std::string(why)},
      {403, "set_up_over_title"_message, "set_up_over"_message, "set_up_over_hint"_message});
}

Response none_opened(const Exchange& exchange) {
  return explain(exchange.context, exchange.head(), {kLink, "this browser has opened none"},
                 {403, "set_up_not_open_title"_message, "set_up_not_open"_message,
                  "set_up_over_hint"_message});
}

}  // namespace anteroom::journey
