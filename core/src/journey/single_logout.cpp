// Logout messages of identity providers (saml-profiles 4.4), and what is told to them.
#include <algorithm>

#include "anteroom/store.h"
#include "crypto/encoding.h"
#include "http/form.h"
#include "http/text.h"
#include "journey/log_line.h"
#include "journey/outgoing.h"
#include "journey/respond.h"
#include "journey/single_logout.h"
#include "journey/steps.h"
#include "session/token.h"

namespace anteroom::journey {

namespace {

constexpr std::string_view kPurpose = "logout";      // seals RelayState
constexpr std::string_view kOutcome = "signed-out";  // seals what the last page says
constexpr auto kRoundTrip = std::chrono::minutes(15);
constexpr auto kShown = std::chrono::minutes(10);
// The database forgets a message by its own clock, which may run ahead of ours.
constexpr auto kClockMargin = std::chrono::hours(1);
constexpr std::size_t kIdBytes = 16;

namespace code {
constexpr Code kReplayed{"replayed"};
constexpr Code kUnasked{"logout_not_asked_for"};
}  // namespace code

struct Judged {
  Result<saml::VerifiedLogout> message;
  const IdentityProvider* idp = nullptr;
};

std::optional<saml::LogoutArrival> read_arrival(const Exchange& exchange) {
  saml::LogoutArrival arrival;
  if (exchange.head().method != "POST") {
    arrival.query = exchange.head().query;
    const bool has_message = arrival.query.find("SAMLRe") != std::string::npos;
    return has_message ? std::optional(arrival) : std::nullopt;
  }
  const auto form = http::Form::parse(exchange.request.body());
  if (!form || form->has("SAMLRequest") == form->has("SAMLResponse")) return std::nullopt;
  arrival.is_post = true;
  arrival.is_request = form->has("SAMLRequest");
  arrival.encoded = form->get(arrival.is_request ? "SAMLRequest" : "SAMLResponse");
  arrival.relay_state = form->get("RelayState");
  return arrival;
}

// Runs on another thread: reads only what is const.
Judged judge(const Context& context, const saml::LogoutArrival& arrival, Time now) {
  const auto issuer = saml::peek_logout_issuer(arrival);
  if (!issuer) return {issuer.failure(), nullptr};
  for (const auto& verifier : context.logout_verifiers) {
    const IdentityProvider& idp = verifier->idp();
    const auto& aliases = idp.logout.issuers;
    if (*issuer == idp.metadata.entity_id ||
        std::find(aliases.begin(), aliases.end(), *issuer) != aliases.end()) {
      return {verifier->verify(arrival, now, context.settings.clock_skew), &idp};
    }
  }
  return {Failure{Code{"issuer"}, "no such identity provider"}, nullptr};
}

// The IdP shows our answer in a frame of its own page (Entra ID does).
Response framable(Response response) {
  std::erase_if(response.headers,
                [](const auto& header) { return header.first == "X-Frame-Options"; });
  for (auto& [name, value] : response.headers) {
    constexpr std::string_view kDenied = "; frame-ancestors 'none'";
    const auto at = value.find(kDenied);
    if (name == "Content-Security-Policy" && at != std::string::npos) {
      value.erase(at, kDenied.size());
    }
  }
  return response;
}

Response go_to_signed_out(const Exchange& exchange, const std::string& idp, bool is_confirmed) {
  const Context& context = exchange.context;
  const auto sealed = context.sealer.seal(
      context.ports.random, kOutcome, (is_confirmed ? "y" : "n") + idp, exchange.now() + kShown);
  return redirect(303, context.path("/signed-out") + (sealed ? "?s=" + *sealed : ""));
}

Response refuse_logout(const Exchange& exchange, const Failure& why, std::string_view idp) {
  return framable(
      explain(exchange.context, exchange.head(), why,
              {403, "failed_title"_words, "logout_refused"_words, "logout_refused_hint"_words,
               exchange.context.path("/sign-out"), "sign_out"_words},
              idp));
}

// saml-profiles 4.4.4.2. RelayState holds the request that is answered, sealed by us.
Response take_response(const Exchange& exchange, const saml::LogoutFacts& facts) {
  const auto asked = exchange.context.sealer.open(kPurpose, facts.relay_state, exchange.now());
  if (!asked || "id" + crypto::to_hex(*asked) != facts.in_response_to) {
    LogLine line("logout answer ignored");
    line.add("code", code::kUnasked.name)
        .add("client", exchange.head().client_address)
        .add("idp", facts.idp);
    exchange.context.ports.log.write(LogLevel::info, line.text());
    return redirect(303, exchange.context.path("/signed-out"));
  }
  return go_to_signed_out(exchange, facts.idp, facts.is_success);
}

Task<Response> answer(const Exchange& exchange, const IdentityProvider& idp,
                      saml::LogoutFacts facts) {
  Context& context = exchange.context;
  if (!idp.logout.answer || idp.logout.binding == LogoutBinding::off) {
    co_return framable(
        context.renderer->page(exchange.head().headers.accept_language, "signed_out", 200, {}));
  }
  const auto digits = session::new_hex(context.ports.random, kIdBytes);
  if (!digits) {
    co_return unavailable(context, exchange.head(), {anteroom::code::kInternal, "no randomness"});
  }
  std::function<Built()> make = [&sp = context.settings.service_provider, &idp,
                                 params = saml::LogoutResponseParams{"id" + *digits, exchange.now(),
                                                                     facts.id, facts.relay_state}] {
    return Built{saml::build_logout_response(sp, idp, params)};
  };
  const auto message = co_await build(
      context, context.settings.service_provider.signing.has_value(), std::move(make));
  if (!message) co_return unavailable(context, exchange.head(), message.failure());
  co_return framable(send_away(exchange, idp, *message));
}

Task<Response> take_request(Exchange& exchange, const IdentityProvider& idp,
                            const saml::LogoutFacts& facts) {
  store::IdpLogout order{facts.idp,
                         facts.issuer,
                         facts.id,
                         facts.keep_until + kClockMargin,
                         facts.name_id,
                         facts.session_indexes,
                         std::string(exchange.head().client_address)};
  const Result<std::optional<int>> ended =
      co_await store::log_out_by_idp(exchange.context.ports.database, std::move(order));
  if (!ended) co_return unavailable(exchange.context, exchange.head(), ended.failure());
  if (!*ended) {
    co_return refuse_logout(exchange, {code::kReplayed, "this LogoutRequest was used"}, idp.name);
  }
  LogLine line("logout by the identity provider");
  line.add("idp", idp.name).add("sessions", std::to_string(**ended));
  exchange.context.ports.log.write(LogLevel::info, line.text());
  Response answered = co_await answer(exchange, idp, facts);
  co_return answered;
}

}  // namespace

Task<Response> single_logout(Exchange exchange) {
  Context& context = exchange.context;
  const auto arrival = read_arrival(exchange);
  if (!arrival) co_return redirect(303, context.path("/signed-out"));
  std::function<Judged()> work = [&context, arrival = *arrival, now = exchange.now()] {
    return judge(context, arrival, now);
  };
  const Result<Judged> judged = co_await offload<Judged>(context.ports.worker, std::move(work));
  if (!judged) co_return unavailable(context, exchange.head(), judged.failure());
  if (!judged->message) {
    co_return refuse_logout(exchange, judged->message.failure(),
                            judged->idp == nullptr ? "" : judged->idp->name);
  }
  const saml::LogoutFacts& facts = judged->message->facts();
  if (!facts.is_request) co_return take_response(exchange, facts);
  Response response = co_await take_request(exchange, *judged->idp, facts);
  co_return response;
}

Task<std::optional<Response>> tell_idp(const Exchange& exchange, store::EndedSession ended) {
  const Context& context = exchange.context;
  const IdentityProvider* idp = context.settings.idp_by_name(ended.idp);
  if (idp == nullptr || idp->logout.binding == LogoutBinding::off || ended.name_id.empty()) {
    co_return std::nullopt;
  }
  const auto digits = session::new_hex(context.ports.random, kIdBytes);
  const auto state = digits ? context.sealer.seal(context.ports.random, kPurpose,
                                                  crypto::from_hex(*digits).value_or(""),
                                                  exchange.now() + kRoundTrip)
                            : std::nullopt;
  if (!state) co_return std::nullopt;
  std::function<Built()> make =
      [&sp = context.settings.service_provider, idp,
       params = saml::LogoutRequestParams{"id" + *digits, exchange.now(), ended.name_id,
                                          ended.name_id_format, ended.session_index, *state}] {
        return Built{saml::build_logout_request(sp, *idp, params)};
      };
  const auto message = co_await build(
      context, context.settings.service_provider.signing.has_value(), std::move(make));
  if (!message) {
    LogLine line("logout not passed on");
    line.add("code", message.failure().code.name).add("idp", idp->name);
    context.ports.log.write(LogLevel::error, line.text());
    co_return std::nullopt;
  }
  co_return send_away(exchange, *idp, *message);
}

Response show_signed_out(Exchange exchange) {
  const Context& context = exchange.context;
  pages::Values values;
  values.text["sign_in_url"] = context.path("/sign-in");
  const auto query = http::Form::parse(exchange.head().query);
  const auto outcome =
      query ? context.sealer.open(kOutcome, query->get("s"), exchange.now()) : std::nullopt;
  const IdentityProvider* idp =
      outcome ? context.settings.idp_by_name(std::string_view(*outcome).substr(1)) : nullptr;
  if (idp != nullptr) {
    values.text["company"] = idp->display_name;
    values.flags["is_confirmed"] = outcome->front() == 'y';
  }
  return context.renderer->page(exchange.head().headers.accept_language, "signed_out", 200, values);
}

}  // namespace anteroom::journey
