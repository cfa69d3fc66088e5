#include "journey/sign_on/start.h"

#include <algorithm>

#include "anteroom/gate.h"
#include "crypto/encoding.h"
#include "http/cookie.h"
#include "journey/frame/respond.h"
#include "journey/frame/return_to.h"
#include "journey/frame/send_away.h"
#include "journey/sign_on/open_company.h"
#include "journey/sign_on/outgoing.h"
#include "session/token.h"
#include "text/ascii.h"

namespace anteroom::journey {

namespace {

constexpr std::size_t kMaxLoginStates = 8;  // cookies pile up to a 400 otherwise
constexpr std::size_t kRelayStateDigits = 16;
// Somebody who mistypes something starts less often than this.
constexpr std::size_t kMostStarts = 6;
constexpr auto kStartsWindow = std::chrono::seconds(60);

// What this browser carries from earlier starts.
struct Earlier {
  std::vector<session::LoginState> states;  // newest first
  std::vector<std::string> unusable;        // names of cookies
};

Earlier earlier_starts(const Exchange& exchange) {
  Earlier earlier;
  earlier.states = session::login_states(exchange.context.sealer, exchange.head().headers.cookie,
                                         exchange.now(), earlier.unusable);
  std::sort(earlier.states.begin(), earlier.states.end(),
            [](const auto& a, const auto& b) { return a.issued_at > b.issued_at; });
  return earlier;
}

// How long this browser has to wait; zero: not at all.
std::chrono::seconds pause(const Earlier& earlier, Time now) {
  if (earlier.states.size() < kMostStarts) return std::chrono::seconds(0);
  const Time free_at = earlier.states[kMostStarts - 1].issued_at + kStartsWindow;
  return free_at <= now ? std::chrono::seconds(0)
                        : std::chrono::ceil<std::chrono::seconds>(free_at - now);
}

void note_end(const Exchange& exchange, const IdentityProvider& idp, Code code) {
  exchange.context.ports.meter.ended(idp.name, Stage::start, code);
}

Response too_many(const Exchange& exchange, const Start& start, std::chrono::seconds wait) {
  constexpr Code kTooMany{"too_many_sign_ons"};
  note_end(exchange, *start.idp, kTooMany);
  Response response = explain(exchange.context, exchange.head(),
                              {kTooMany, "six in a minute: cookies are lost, or something reloads"},
                              {429, "pause_title"_message, "pause"_message, "pause_hint"_message,
                               exchange.context.path("/sign-in") + "?notice=choose" +
                                   (start.handle.empty() ? "" : "&r=" + start.handle),
                               "try_again"_message},
                              start.idp->name);
  response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  return response;
}

Response refuse_expired(const Exchange& exchange, const IdentityProvider& idp) {
  constexpr Code kExpired{"metadata_expired"};
  note_end(exchange, idp, kExpired);
  return explain(exchange.context, exchange.head(),
                 {kExpired, "validUntil of " + idp.metadata_source.file + " has passed"},
                 {403,
                  "expired_title"_message,
                  {"expired"_message, {{"company", idp.display_name}}},
                  "expired_hint"_message},
                 idp.name);
}

Response refuse_closed(const Exchange& exchange, const IdentityProvider& idp, const Failure& why) {
  note_end(exchange, idp, why.code);
  return closed_page(exchange, idp, why);
}

bool has_expired(const IdentityProvider& idp, Time now) {
  return idp.metadata.valid_until && now >= *idp.metadata.valid_until;
}

// The session that this browser has here until now: the new one takes its place.
std::string present_session(const Exchange& exchange) {
  const auto token = session_token(exchange.head().headers.cookie);
  const auto hash = token ? hash_token(*token) : std::nullopt;
  if (!hash) return "";
  return crypto::to_hex({reinterpret_cast<const char*>(hash->data()), hash->size()});
}

void drop_cookies(Response& response, const Earlier& earlier) {
  const auto drop = [&](const std::string& name) {
    response.headers.emplace_back(
        "Set-Cookie", http::set_cookie(name, "", http::SameSite::none, std::chrono::seconds(0)));
  };
  for (const std::string& name : earlier.unusable) drop(name);
  for (std::size_t i = kMaxLoginStates - 1; i < earlier.states.size(); ++i) {
    drop(earlier.states[i].cookie_name());
  }
}

session::LoginState state_of(const Exchange& exchange, const Start& start,
                             const saml::AuthnRequestParams& params) {
  session::LoginState state;
  state.request_id = params.id;
  state.idp = start.idp->name;
  state.return_to = start.handle;
  state.issued_at = params.issue_instant;
  state.is_forced = params.force_authn;
  state.is_passive = params.is_passive;
  state.has_fragment = start.has_fragment;
  state.authn_contexts = text::joined(params.authn_contexts, " ");
  state.replaces = present_session(exchange);
  return state;
}

}  // namespace

bool is_known_closed(const IdentityProvider& idp, Time now) {
  return !idp.closed.empty() || has_expired(idp, now);
}

Response closed_page(const Exchange& exchange, const IdentityProvider& idp, const Failure& why) {
  return explain(exchange.context, exchange.head(), why,
                 {403,
                  "expired_title"_message,
                  {"closed"_message, {{"company", idp.display_name}}},
                  "expired_hint"_message},
                 idp.name);
}

std::optional<Response> refuse_if_closed(const Exchange& exchange, const IdentityProvider& idp) {
  if (has_expired(idp, exchange.now())) return refuse_expired(exchange, idp);
  if (idp.closed.empty()) return std::nullopt;
  return refuse_closed(exchange, idp, {companies::kCompanyClosed, idp.closed});
}

Task<Response> start_sign_on(const Exchange& exchange, Start start) {
  const Context& context = exchange.context;
  const IdentityProvider& idp = *start.idp;
  const Time now = exchange.now();
  if (auto refused = refuse_if_closed(exchange, idp)) co_return std::move(*refused);
  const Earlier earlier = earlier_starts(exchange);
  if (const auto wait = pause(earlier, now); wait.count() > 0) {
    co_return too_many(exchange, start, wait);
  }
  // Before anybody is sent for an answer.
  auto opening = open_company(exchange, idp);
  const Openings::Verifier is_open = co_await opening;
  if (!is_open) {
    co_return is_open.failure().code == companies::kCompanyClosed
        ? refuse_closed(exchange, idp, is_open.failure())
        : unavailable(exchange.context, exchange.head(), is_open.failure());
  }
  const auto digits = session::new_hex(context.ports.random, 16);
  if (!digits) {
    note_end(exchange, idp, code::kInternal);
    co_return unavailable(exchange.context, exchange.head(), {code::kInternal, "no randomness"});
  }
  saml::AuthnRequestParams params{"id" + *digits, now, start.email,
                                  digits->substr(0, kRelayStateDigits)};
  const session::ReturnTo wanted = return_to_or_landing(context, start.handle);
  params.force_authn = idp.force_authn || wanted.max_age.count() > 0;
  params.is_passive = start.is_passive;
  params.authn_contexts = idp.authn_contexts;
  if (!wanted.authn_context.empty()) params.authn_contexts = {wanted.authn_context};

  const auto life = context.settings.sessions.sign_on_timeout;
  const session::LoginState state = state_of(exchange, start, params);
  const auto sealed =
      session::seal_login_state(context.sealer, context.ports.random, state, now + life);
  std::function<Built()> make = [&sp = context.settings.service_provider, &idp, params] {
    return Built{saml::build_authn_request(sp, idp, params)};
  };
  const auto message = co_await build(context, idp.sign_requests, std::move(make));
  if (!sealed || !message) {
    const Failure why = message ? Failure{code::kInternal, "sealing failed"} : message.failure();
    note_end(exchange, idp, why.code);
    co_return unavailable(exchange.context, exchange.head(), why);
  }
  Response response = send_away(exchange, idp, *message);
  exchange.context.started->add(idp.name);
  exchange.context.ports.meter.started(idp.name);
  write_down_started(exchange.context);
  drop_cookies(response, earlier);
  response.headers.emplace_back(
      "Set-Cookie", http::set_cookie(state.cookie_name(), *sealed, http::SameSite::none, life));
  co_return response;
}

}  // namespace anteroom::journey
