#include "journey/set_up/holder.h"

#include <string>

#include "anteroom/network.h"
#include "anteroom/store.h"
#include "http/cookie.h"
#include "journey/frame/respond.h"
#include "session/names.h"

namespace anteroom::journey {

namespace {

constexpr Code kLink{"set_up_link"};
constexpr Code kTooMany{"too_many_steps"};

}  // namespace

std::optional<store::LinkHolder> holder_of(const Exchange& exchange) {
  const RequestHead& head = exchange.head();
  std::string_view kept;
  http::for_each_cookie(head.headers.cookie, [&](std::string_view name, std::string_view value) {
    if (name == session::kSetUpCookie) kept = value;
  });
  if (kept.empty() || !exchange.context.mints.link_holders.has_made(kept)) return std::nullopt;
  const auto hash = hash_token(kept);
  if (!hash) return std::nullopt;
  return store::LinkHolder{*hash, std::string(head.client_address)};
}

bool is_too_often(const Exchange& exchange) {
  return !exchange.context.set_up_steps.take(network_of(exchange.head().client_address),
                                             exchange.now());
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

}  // namespace anteroom::journey
