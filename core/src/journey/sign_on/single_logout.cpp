// Logout messages of identity providers (saml-profiles 4.4), and what is told to them.
#include "journey/sign_on/single_logout.h"
#include "anteroom/store.h"
#include "companies/company_source.h"
#include "crypto/encoding.h"
#include "http/form.h"
#include "journey/frame/log_line.h"
#include "journey/frame/respond.h"
#include "journey/frame/send_away.h"
#include "journey/sign_on/open_company.h"
#include "journey/sign_on/outgoing.h"
#include "journey/sign_on/steps.h"
#include "session/token.h"

namespace anteroom::journey {

namespace {

constexpr std::string_view kOutcome = "signed-out";  // seals what the last page says
constexpr auto kRoundTrip = std::chrono::minutes(15);
constexpr auto kShown = std::chrono::minutes(10);
// The database forgets a message by its own clock, which may run ahead of ours.
constexpr auto kClockMargin = std::chrono::hours(1);
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kSealedIdBytes = 8;  // RelayState has 80 characters (saml-bindings 3.4.3)
constexpr std::size_t kMaxLogged = 400;

namespace code {
constexpr Code kReplayed{"replayed"};
constexpr Code kUnasked{"logout_not_asked_for"};
constexpr Code kStatus{"status"};
}  // namespace code

// A logout message, and what must be known of it even where it cannot be read.
struct IncomingLogout {
  saml::EncodedLogout message;
  bool is_answer = false;
  std::string relay_state;
};

struct Judged {
  Result<saml::VerifiedLogout> message;
  const IdentityProvider* idp = nullptr;
  bool is_unopened = false;  // nothing was verified: open_company() has to come first
};

std::optional<IncomingLogout> read_incoming(const Exchange& exchange) {
  const bool is_post = exchange.head().method == "POST";
  const auto form = http::Form::parse(is_post ? exchange.request.body() : exchange.head().query);
  IncomingLogout incoming;
  if (!is_post) {
    incoming.message.query = exchange.head().query;
    if (incoming.message.query.find("SAMLRe") == std::string::npos) return std::nullopt;
  } else if (!form || form->has("SAMLRequest") == form->has("SAMLResponse")) {
    return std::nullopt;
  }
  if (!form) return incoming;
  incoming.is_answer = form->has("SAMLResponse") && !form->has("SAMLRequest");
  incoming.relay_state = form->get("RelayState");
  if (!is_post) return incoming;
  incoming.message.is_post = true;
  incoming.message.is_request = !incoming.is_answer;
  incoming.message.encoded = form->get(incoming.is_answer ? "SAMLResponse" : "SAMLRequest");
  incoming.message.relay_state = incoming.relay_state;
  return incoming;
}

// Runs on another thread: reads only what is const.
Judged judge(const Checking& checking, const CompanyDirectory& companies,
             const saml::EncodedLogout& incoming, Time now, const OpenedCompany& opened) {
  const auto issuer = saml::peek_logout_issuer(incoming);
  if (!issuer) return {issuer.failure(), nullptr};
  const IdentityProvider* idp = companies.by_logout_issuer(*issuer);
  if (idp == nullptr) return {Failure{Code{"issuer"}, "no such identity provider"}, nullptr};
  const auto known = opened.of(checking, companies, *idp);
  if (!known) return {Failure{companies::kCompanyClosed, "not open yet"}, idp, true};
  const auto& verifier = *known;
  if (!verifier) return {verifier.failure(), idp};
  return {(*verifier)->logout().verify(incoming, now, checking.settings.clock_skew), idp};
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
              {403, "failed_title"_message, "logout_refused"_message, "logout_refused_hint"_message,
               exchange.context.path("/sign-out"), "sign_out"_message},
              idp));
}

// Seals RelayState: the beginning of our request's ID, for the answer of the IdP that it went to.
std::string purpose_of(const IdentityProvider& idp) {
  return "logout " + idp.name;
}

void note_ignored(const Exchange& exchange, LogLevel level, const Failure& why,
                  const IdentityProvider* idp) {
  LogLine line("logout answer ignored");
  line.add("code", why.code.name)
      .add("client", exchange.head().client_address)
      .add("idp", idp == nullptr ? "" : idp->name)
      .add("detail", why.detail, kMaxLogged);
  exchange.context.ports.log.write(level, line.text());
}

// saml-profiles 4.4.4.2. Our own session had ended before the question was sent (sign_out.cpp):
// nothing ends or begins by any answer, so that none is refused. Whoever brings it sees that they
// are signed out here, and what is known of there.
Response take_answer(const Exchange& exchange, const std::string& relay_state,
                     const Result<Judged>& judged) {
  const Context& context = exchange.context;
  const IdentityProvider* idp = judged ? judged->idp : nullptr;
  const auto asked = idp == nullptr
                         ? std::nullopt
                         : context.sealer.open(purpose_of(*idp), relay_state, exchange.now());
  if (!judged || !judged->message) {
    note_ignored(exchange, LogLevel::warning, judged ? judged->message.failure() : judged.failure(),
                 idp);
    return asked ? go_to_signed_out(exchange, idp->name, false)
                 : redirect(303, context.path("/signed-out"));
  }
  const saml::LogoutFacts& facts = judged->message->facts();
  if (!asked || !facts.in_response_to.starts_with("id" + crypto::to_hex(*asked))) {
    note_ignored(exchange, LogLevel::info, {code::kUnasked, ""}, idp);
    return redirect(303, context.path("/signed-out"));
  }
  if (!facts.is_success) {
    note_ignored(exchange, LogLevel::warning, {code::kStatus, "not Success"}, idp);
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
  const std::optional<int> ended = co_await or_unavailable(
      exchange, store::log_out_by_idp(exchange.context.ports.database, std::move(order)));
  if (!ended) {
    co_return refuse_logout(exchange, {code::kReplayed, "this LogoutRequest was used"}, idp.name);
  }
  LogLine line("logout by the identity provider");
  line.add("idp", idp.name).add("sessions", std::to_string(*ended));
  exchange.context.ports.log.write(LogLevel::info, line.text());
  Response answered = co_await answer(exchange, idp, facts);
  co_return answered;
}

}  // namespace

Task<Response> single_logout(Exchange exchange) {
  Context& context = exchange.context;
  const auto incoming = read_incoming(exchange);
  if (!incoming) co_return redirect(303, context.path("/signed-out"));
  std::function<Judged(const OpenedCompany&)> work =
      [&checking = context.checking, companies = exchange.companies, message = incoming->message,
       now = exchange.now()](const OpenedCompany& opened) {
        return judge(checking, *companies, message, now, opened);
      };
  auto verifying = verify(exchange, std::move(work));
  const Result<Judged> judged = co_await verifying;
  if (incoming->is_answer) co_return take_answer(exchange, incoming->relay_state, judged);
  if (!judged) co_return unavailable(context, exchange.head(), judged.failure());
  if (!context.is_settled(judged->idp)) {
    co_return unavailable(context, exchange.head(), companies::not_known_yet());
  }
  if (!judged->message) {
    co_return refuse_logout(exchange, judged->message.failure(),
                            judged->idp == nullptr ? "" : judged->idp->name);
  }
  Response response = co_await take_request(exchange, *judged->idp, judged->message->facts());
  co_return response;
}

Task<std::optional<Response>> tell_idp(const Exchange& exchange, store::EndedSession ended) {
  const Context& context = exchange.context;
  const IdentityProvider* idp = exchange.companies->by_name(ended.idp);
  if (idp == nullptr || idp->logout.binding == LogoutBinding::off || ended.name_id.empty()) {
    co_return std::nullopt;
  }
  const auto digits = session::new_hex(context.ports.random, kIdBytes);
  const auto id = digits ? crypto::from_hex(digits->substr(0, 2 * kSealedIdBytes)) : std::nullopt;
  const auto state = id ? context.sealer.seal(context.ports.random, purpose_of(*idp), *id,
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

// Says so of nobody who is not: without the seal of a sign-out just made, the session is looked up.
Task<Response> show_signed_out(Exchange exchange) {
  const Context& context = exchange.context;
  const auto query = http::Form::parse(exchange.head().query);
  const auto outcome =
      query ? context.sealer.open(kOutcome, query->get("s"), exchange.now()) : std::nullopt;
  if (!outcome) {
    const CurrentSession session = co_await or_unavailable(exchange, current_session(exchange));
    if (session.view() != nullptr) co_return redirect(303, context.path("/sign-out"));
  }
  const IdentityProvider* idp =
      outcome ? exchange.companies->by_name(std::string_view(*outcome).substr(1)) : nullptr;
  pages::Values values;
  values.text["sign_in_url"] = context.path("/sign-in");
  if (idp != nullptr) {
    values.text["company"] = idp->display_name;
    values.flags["is_confirmed"] = outcome->front() == 'y';
  }
  co_return context.renderer->page(exchange.head().headers.accept_language, "signed_out", 200,
                                   values);
}

}  // namespace anteroom::journey
