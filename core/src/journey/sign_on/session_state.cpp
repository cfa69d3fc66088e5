// What an app may know of the session that its page is in, and how it has a person sign on again.
#include <nlohmann/json.hpp>

#include <algorithm>

#include "anteroom/gate.h"
#include "anteroom/grants.h"
#include "journey/frame/respond.h"
#include "journey/frame/turn_away.h"
#include "journey/sign_on/steps.h"
#include "text/instant.h"

namespace anteroom::journey {

namespace {

using Json = nlohmann::ordered_json;
using std::chrono::seconds;

// find_session() notes a use no finer than that: what is fresher needs no question.
seconds noted_every(seconds idle_timeout) {
  return std::min<seconds>(std::chrono::minutes(5), idle_timeout / 10);
}

long long seconds_until(Time then, Time now) {
  return std::max<long long>(0, std::chrono::floor<seconds>(then - now).count());
}

Json grants_of(const SessionFields& who) {
  Json properties = Json::object();
  for_each_grant(who.properties, [&](const Grant& grant) {
    properties[std::string(grant.property)] = std::string(grant.level);
  });
  return properties;
}

Json links_of(const Exchange& exchange) {
  const auto here = [&](const char* page) {
    return exchange.origin.text + exchange.context.path(page);
  };
  return {{"sign_on", here("/signed-on")}, {"sign_out", here("/sign-out")}};
}

Response json_of(int status, const Json& said) {
  Response response = json(status, said.dump(-1, ' ', false, Json::error_handler_t::replace));
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  return response;
}

Response describe(const Exchange& exchange, const SessionView* view) {
  if (view == nullptr) {
    return json_of(401, {{"error", "sign_on_required"},
                         {"sign_on_url",
                          exchange.context.login_origin().text + exchange.context.path("/sign-in")},
                         {"links", links_of(exchange)}});
  }
  const SessionFields& who = view->fields();
  const SessionTimes& times = view->times();
  const Time now = exchange.now();
  return json_of(200, {{"state", view->is_provisioned() ? "active" : "waiting"},
                       {"user", who.user},
                       {"email", who.email},
                       {"name", who.name},
                       {"company", who.idp},
                       {"session", who.reference},
                       {"level", who.access_level},
                       {"properties", grants_of(who)},
                       {"authenticated_at", text::format_instant(times.authenticated_at)},
                       {"expires_at", text::format_instant(times.ends_at)},
                       {"expires_in", seconds_until(times.ends_at, now)},
                       {"idle_until", text::format_instant(times.idle_until)},
                       {"idle_in", seconds_until(times.idle_until, now)},
                       {"links", links_of(exchange)}});
}

}  // namespace

Task<Response> show_session(Exchange exchange) {
  const CurrentSession session =
      co_await or_unavailable(exchange, current_session(exchange, SessionUse::none));
  co_return describe(exchange, session.view());
}

Task<Response> touch_session(Exchange exchange) {
  CurrentSession session =
      co_await or_unavailable(exchange, current_session(exchange, SessionUse::none));
  const seconds idle = exchange.context.settings.sessions.idle_timeout;
  const SessionView* view = session.view();
  if (view != nullptr && exchange.now() - (view->times().idle_until - idle) > noted_every(idle)) {
    session = co_await or_unavailable(exchange, current_session(exchange, SessionUse::renews));
  }
  co_return describe(exchange, session.view());
}

Task<Response> show_signed_on(Exchange exchange) {
  Context& context = exchange.context;
  const CurrentSession session = co_await or_unavailable(exchange, current_session(exchange));
  const SessionView* view = session.view();
  if (view == nullptr) co_return turn_away(context, Outcome::sign_on, exchange.head(), view, {});
  if (!view->is_provisioned()) {
    co_return turn_away(context, Outcome::waiting_room, exchange.head(), view, {});
  }
  pages::Values values;
  values.text["email"] = view->fields().email;
  co_return context.renderer->page(exchange.head().headers.accept_language, "signed_on", 200,
                                   values);
}

Response show_session_script(Exchange exchange) {
  Response script = exchange.context.renderer->asset("session.js");
  // Pages of apps name it without its version.
  for (auto& [name, value] : script.headers) {
    if (name == "Cache-Control") value = "public, max-age=3600";
  }
  return script;
}

}  // namespace anteroom::journey
