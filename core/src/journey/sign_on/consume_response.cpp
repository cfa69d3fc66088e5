#include <algorithm>
#include <iterator>

#include "anteroom/store.h"
#include "companies/company_source.h"
#include "http/cookie.h"
#include "http/form.h"
#include "http/header_list.h"
#include "journey/diagnosis/idp_errors.h"
#include "journey/diagnosis/response_check.h"
#include "journey/diagnosis/transcript.h"
#include "journey/frame/audit.h"
#include "journey/frame/log_line.h"
#include "journey/frame/respond.h"
#include "journey/frame/return_to.h"
#include "journey/sign_on/open_company.h"
#include "journey/sign_on/remembered_company.h"
#include "journey/sign_on/start.h"
#include "journey/sign_on/steps.h"
#include "journey/sign_on/test_sign_on.h"
#include "session/names.h"
#include "session/token.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

constexpr auto kRepeatLife = std::chrono::minutes(5);
// The database forgets a message by its own clock, which may run ahead of ours.
constexpr auto kClockMargin = std::chrono::hours(1);
// The most that sessions.sign_on_timeout may be: it may have been longer when this one began.
constexpr auto kLongestLogin = std::chrono::hours(24);
constexpr std::size_t kReferenceBytes = 8;
constexpr std::size_t kMaxShown = 400;
constexpr std::size_t kMaxRelayState = 80;  // saml-bindings 3.5.3

namespace code {
constexpr Code kMalformedForm{"malformed_form"};
constexpr Code kReplayed{"replayed"};
constexpr Code kRequestAnswered{"request_answered"};
constexpr Code kUserDisabled{"user_disabled"};
constexpr Code kIdentityPinned{"identity_pinned"};
// How a sign-on ends well, or goes on: for counting.
constexpr Code kSignedIn{"signed_in"};
constexpr Code kWaiting{"waiting"};
constexpr Code kPassiveAttempt{"passive_attempt"};
}  // namespace code

void note_end(const Exchange& exchange, Stage stage, const IdentityProvider* idp, Code code) {
  exchange.context.ports.meter.ended(idp == nullptr ? "" : idp->name, stage, code);
}

Response start_again(const Exchange& exchange, std::string_view handle,
                     std::string_view notice = "stale") {
  std::string location = exchange.context.path("/sign-in") + "?notice=" + std::string(notice);
  if (!handle.empty()) location += "&r=" + std::string(handle);
  return redirect(303, location);
}

// Where a Response leads that no live login state belongs to: the repeat of a finished sign-on
// finds the page it was for by RelayState, which names our own sealed cookie and is trusted for
// nothing else.
Response start_again_without_state(Exchange& exchange, std::string_view relay_state,
                                   const std::vector<session::LoginState>& states) {
  note_end(exchange, Stage::response, nullptr, kNoLoginState);
  const auto found = std::find_if(states.begin(), states.end(), [&](const auto& state) {
    return state.cookie_name() ==
           std::string(session::kLoginCookiePrefix) + std::string(relay_state);
  });
  LogLine line("sign-on restarted");
  line.add("code", kNoLoginState.name).add("client", exchange.head().client_address);
  exchange.context.ports.log.write(LogLevel::info, line.text());
  return start_again(exchange, found == states.end() ? "" : found->return_to);
}

void explain_status(ErrorPage& explanation, const ResponseCheck& judgement) {
  const saml::Verdict& verdict = judgement.verdict;
  const auto known = explain_idp_error(verdict.status_code, verdict.status_message);
  explanation.message = {"idp_refused"_message, {{"company", judgement.idp->display_name}}};
  if (known) explanation.message += known->meaning;
  explanation.hint = known ? Message(known->remedy) : Message();
  const std::string said = text::printable(verdict.status_message, kMaxShown);
  if (!said.empty()) explanation.hint += {"idp_said"_message, {{"said", said}}};
}

ErrorPage explain_rejection(const Exchange& exchange, const ResponseCheck& judgement) {
  const std::string handle = judgement.state ? judgement.state->return_to : "";
  ErrorPage explanation{403,
                        "rejected_title"_message,
                        "rejected"_message,
                        "rejected_hint"_message,
                        exchange.context.path("/sign-in") + return_query(handle),
                        "try_again"_message};
  if (!judgement.verdict.status_code.empty() && judgement.idp != nullptr) {
    explain_status(explanation, judgement);
  }
  if (judgement.verdict.assertion.failure().code.name == "authn_not_fresh") {
    explanation.message = "not_fresh"_message;
    explanation.hint = "not_fresh_hint"_message;
  }
  if (judgement.verdict.assertion.failure().code == anteroom::code::kBackChannel) {
    explanation.status = 503;
    explanation.message = "back_channel"_message;
    explanation.hint = "back_channel_hint"_message;
  }
  return explanation;
}

// An IdP's clock may be behind ours: what we asked for afresh is no older than our question.
Time authenticated_at(const ResponseCheck& judgement, Time now) {
  const Time said = judgement.verdict.assertion->authn_instant();
  const bool is_forced = judgement.state && judgement.state->is_forced;
  return std::min(now, is_forced ? std::max(said, judgement.state->issued_at) : said);
}

store::SignOn sign_on_of(const Exchange& exchange, const ResponseCheck& judgement,
                         const TokenHash& token_hash, std::string reference) {
  const saml::VerifiedAssertion& assertion = *judgement.verdict.assertion;
  store::SignOn sign_on;
  sign_on.idp = assertion.idp();
  sign_on.issuer = assertion.issuer();
  sign_on.response_id = assertion.response_id();
  sign_on.assertion_id = assertion.assertion_id();
  sign_on.replay_until = assertion.replay_until() + kClockMargin;
  sign_on.subject = assertion.subject();
  sign_on.email = assertion.email();
  sign_on.display_name = assertion.display_name();
  sign_on.name_id = assertion.name_id();
  sign_on.name_id_format = assertion.name_id_format();
  sign_on.session_index = assertion.session_index();
  sign_on.token_hash = token_hash;
  sign_on.reference = std::move(reference);
  sign_on.origin = exchange.origin.text;
  sign_on.lifetime = exchange.context.settings.sessions.lifetime;
  sign_on.not_after = assertion.session_not_on_or_after();
  sign_on.client_address = exchange.head().client_address;
  sign_on.user_agent = text::printable(exchange.head().headers.user_agent, 300);
  sign_on.authenticated_at = authenticated_at(judgement, exchange.now());
  sign_on.authn_context = assertion.authn_context();
  sign_on.asserted = read_asserted(judgement.idp->asserted, assertion.attributes());
  sign_on.levels = exchange.context.settings.access.levels;
  if (judgement.state) {
    sign_on.replaces = hash_from_hex(judgement.state->replaces);
    sign_on.request_id = judgement.state->request_id;
    sign_on.request_until =
        std::max(sign_on.replay_until, judgement.state->issued_at + kLongestLogin + kClockMargin);
  }
  return sign_on;
}

// One way to the page asked for, on this host or another: the sign-on page passes on who is signed
// in.
std::string way_in(const Exchange& exchange, const std::optional<session::LoginState>& state) {
  const Context& context = exchange.context;
  const std::string handle = state ? state->return_to : "";
  const bool has_fragment = state && state->has_fragment && !handle.empty();
  if (has_fragment) return context.path("/go-on") + return_query(handle);
  const auto wanted = return_to_or_landing(context, handle);
  return wanted.origin == exchange.origin.text ? wanted.target
                                               : context.path("/sign-in") + return_query(handle);
}

Response welcome(const Exchange& exchange, const ResponseCheck& judgement,
                 const std::string& token) {
  const Context& context = exchange.context;
  Response response = redirect(303, way_in(exchange, judgement.state));
  response.headers.emplace_back(
      "Set-Cookie", http::set_cookie(session::kSessionCookie, token, http::SameSite::lax));
  if (judgement.state) {
    session::LoginState done = *judgement.state;
    done.is_done = true;
    const auto sealed = session::seal_login_state(context.sealer, context.ports.random, done,
                                                  exchange.now() + kRepeatLife);
    response.headers.emplace_back(
        "Set-Cookie",
        http::set_cookie(done.cookie_name(), sealed.value_or(""), http::SameSite::none,
                         sealed ? kRepeatLife : std::chrono::minutes(0)));
    // What this browser began itself and what its company has confirmed, and with more than one.
    if (exchange.companies->only() == nullptr) {
      response.headers.emplace_back("Set-Cookie", remember_company(*judgement.idp));
    }
  }
  return response;
}

// The audit event of it was written where it was decided.
Response refuse_person(const Exchange& exchange, const ResponseCheck& judgement, Code why) {
  const saml::VerifiedAssertion& assertion = *judgement.verdict.assertion;
  const bool is_disabled = why == code::kUserDisabled;
  const Failure failure{why, "email=" + assertion.email()};
  const std::string reference = session::new_reference(exchange.context.ports.random);
  const std::string_view client = exchange.head().client_address;
  if (exchange.context.refusals.take("", client, assertion.email(), exchange.now())) {
    keep_transcript_later(exchange.context, judgement, failure, reference, assertion.email(),
                          client);
  }
  return explain_as(
      exchange.context, exchange.head(), failure,
      {403, is_disabled ? "user_disabled_title"_message : "identity_pinned_title"_message,
       is_disabled ? "user_disabled"_message : "identity_pinned"_message, "tell_support"_message},
      assertion.idp(), reference);
}

// What came with the Response, sorted.
struct IncomingResponse : IdpAnswer {
  std::vector<session::LoginState> states;  // all of this browser's
  std::vector<session::LoginState> live;    // those that have not led to a session yet
};

std::optional<IncomingResponse> read_response(const Exchange& exchange) {
  const RequestHead& head = exchange.head();
  const bool is_query = head.method == "GET";
  const auto form =
      is_query ? http::Form::parse(head.query) : http::Form::parse(exchange.request.body());
  if (!form || (!is_query &&
                !http::list_has(head.headers.content_type, "application/x-www-form-urlencoded"))) {
    return std::nullopt;
  }
  // A Response comes by POST only, and never together with an artifact.
  if (form->get("SAMLResponse").empty() == form->get("SAMLart").empty() ||
      (is_query && form->has("SAMLResponse"))) {
    return std::nullopt;
  }
  IncomingResponse arrival{
      {std::string(form->get("SAMLResponse")), std::string(form->get("SAMLart")),
       std::string(form->get("RelayState").substr(0, kMaxRelayState))},
      {},
      {}};
  std::vector<std::string> stale;
  arrival.states =
      session::login_states(exchange.context.sealer, head.headers.cookie, exchange.now(), stale);
  std::copy_if(arrival.states.begin(), arrival.states.end(), std::back_inserter(arrival.live),
               [](const auto& state) { return !state.is_done; });
  return arrival;
}

Response reject(Exchange& exchange, const IncomingResponse& arrival,
                const ResponseCheck& judgement) {
  const Failure& why = judgement.verdict.assertion.failure();
  if (why.code == kNoLoginState) {
    return start_again_without_state(exchange, arrival.relay_state, arrival.states);
  }
  // A silent attempt that needs the person after all: the page with the button, not an error.
  const bool is_attempt =
      judgement.state && judgement.state->is_passive && !judgement.verdict.status_code.empty();
  note_end(exchange, Stage::response, judgement.idp, is_attempt ? code::kPassiveAttempt : why.code);
  if (why.code == anteroom::code::kOverloaded) {
    return unavailable(exchange.context, exchange.head(), why);
  }
  if (is_attempt) {
    return start_again(exchange, judgement.state->return_to, "choose");
  }
  const ErrorPage explanation = explain_rejection(exchange, judgement);
  // Only a browser with a sign-on of ours under way can make us write to the database.
  if (!judgement.state || judgement.idp == nullptr) {
    return explain(exchange.context, exchange.head(), why, explanation);
  }
  const std::string reference = session::new_reference(exchange.context.ports.random);
  const std::string_view client = exchange.head().client_address;
  if (exchange.context.refusals.take(judgement.state->request_id, client, "", exchange.now())) {
    audit_later(exchange.context,
                {"sign_on_refused", std::string(why.code.name), reference, judgement.idp->name, "",
                 std::string(client), text::printable(why.detail, kMaxShown)});
    keep_transcript_later(exchange.context, judgement, why, reference, "", client);
  }
  return explain_as(exchange.context, exchange.head(), why, explanation, judgement.idp->name,
                    reference);
}

using Work = std::function<ResponseCheck(const OpenedCompany&)>;

// What the thread pool is to do about it.
Result<Work> plan_judgement(const Exchange& exchange, const IncomingResponse& arrival) {
  const Context& context = exchange.context;
  const Checking& checking = context.checking;
  const Time now = exchange.now();
  if (arrival.artifact.empty()) {
    return Work([&checking, companies = exchange.companies, encoded = arrival.encoded,
                 live = arrival.live, now](const OpenedCompany& opened) {
      return check_response(checking, *companies, encoded, live, now, opened);
    });
  }
  const auto artifact = saml::parse_artifact(arrival.artifact);
  if (!artifact) return artifact.failure();
  auto fetch = plan_fetch(*exchange.companies, *artifact, arrival.live);
  if (!fetch) return Failure{kNoLoginState, "no sign-on under way that it could be for"};
  const auto digits = session::new_hex(context.ports.random, 16);
  if (!digits) return Failure{anteroom::code::kInternal, "no randomness"};
  fetch->request_id = "id" + *digits;
  return Work([&checking, companies = exchange.companies, fetch = *fetch,
               now](const OpenedCompany& opened) {
    return fetch_and_check(checking, *companies, fetch, now, opened);
  });
}

void note_judgement(const Exchange& exchange, const ResponseCheck& judgement, Time arrived_at) {
  Meter& meter = exchange.context.ports.meter;
  if (judgement.took) meter.verified(*judgement.took);
  if (judgement.idp == nullptr) return;
  if (judgement.state) meter.returned(judgement.idp->name);
  if (!judgement.verdict.assertion) return;
  meter.clock_seen(judgement.idp->name,
                   std::chrono::duration_cast<std::chrono::milliseconds>(
                       arrived_at - judgement.verdict.assertion->issue_instant()));
}

// An artifact for which nobody is asked.
Response reject_artifact(Exchange& exchange, const IncomingResponse& arrival, const Failure& why) {
  if (why.code == anteroom::code::kInternal) {
    note_end(exchange, Stage::response, nullptr, why.code);
    return unavailable(exchange.context, exchange.head(), why);
  }
  return reject(exchange, arrival, {{why, {}, "", "", ""}, nullptr, std::nullopt});
}

Code code_of(store::SignOnOutcome outcome) {
  switch (outcome) {
    case store::SignOnOutcome::signed_in:
      return code::kSignedIn;
    case store::SignOnOutcome::waiting:
      return code::kWaiting;
    case store::SignOnOutcome::replayed:
      return code::kReplayed;
    case store::SignOnOutcome::request_answered:
      return code::kRequestAnswered;
    case store::SignOnOutcome::user_disabled:
      return code::kUserDisabled;
    case store::SignOnOutcome::identity_pinned:
      return code::kIdentityPinned;
    case store::SignOnOutcome::company_closed:
      return companies::kCompanyClosed;
  }
  return anteroom::code::kInternal;
}

// "none" where our own check stood alone: the second library cannot judge all that is legal.
std::string_view second_opinion(const saml::Verdict& verdict) {
  const bool is_alone =
      std::any_of(verdict.checks.begin(), verdict.checks.end(), [](const saml::Check& check) {
        return check.name == "signature_second_opinion" && !check.detail.empty();
      });
  return is_alone ? "none" : "";
}

// `reference`: of the session, where there is one.
void log_sign_on(const Exchange& exchange, LogLevel level, std::string_view what,
                 const saml::Verdict& verdict, const store::SignOnResult& result,
                 std::string_view reference) {
  LogLine line(what);
  line.add("code", code_of(result.outcome).name)
      .add("reference", reference)
      .add("client", exchange.head().client_address)
      .add("idp", verdict.assertion->idp())
      .add("user", result.user)
      .add("second_opinion", second_opinion(verdict));
  exchange.context.ports.log.write(level, line.text());
}

// Once an hour of each company, by each worker: its people sign on by the hundred.
void log_too_many_groups(const Exchange& exchange, const std::string& company,
                         const store::SignOnResult& result) {
  Context& context = exchange.context;
  if (!context.overages.take(company, exchange.now())) return;
  LogLine line("groups are too many to be named in the assertion: access by them stays as it was");
  line.add("idp", company).add("user", result.user);
  context.ports.log.write(LogLevel::warning, line.text());
}

// The one round trip: consume the message, find or create the person, open the session.
Task<Response> open_session(Exchange& exchange, const ResponseCheck& judgement) {
  Context& context = exchange.context;
  const saml::VerifiedAssertion& assertion = *judgement.verdict.assertion;
  const std::string& asked =
      judgement.state ? judgement.state->request_id : assertion.response_id();
  if (!context.refusals.may_try(asked, exchange.now())) {
    note_end(exchange, Stage::session, judgement.idp, code::kReplayed);
    log_sign_on(exchange, LogLevel::warning, "sign-on restarted", judgement.verdict,
                {store::SignOnOutcome::replayed, ""}, "");
    co_return start_again(exchange, judgement.state ? judgement.state->return_to : "");
  }
  const auto token = context.mints.sessions.make(context.ports.random);
  const auto reference = session::new_hex(context.ports.random, kReferenceBytes);
  const auto hash = token ? hash_token(*token) : std::nullopt;
  if (!hash || !reference) {
    note_end(exchange, Stage::session, judgement.idp, anteroom::code::kInternal);
    co_return unavailable(context, exchange.head(),
                          {anteroom::code::kInternal, "no randomness or no SHA-256"});
  }
  store::SignOn sign_on = sign_on_of(exchange, judgement, *hash, *reference);
  const bool has_too_many_groups = sign_on.asserted.kind == Asserted::Kind::too_many;
  const Result<store::SignOnResult> result =
      co_await store::sign_on(context.ports.database, std::move(sign_on));
  note_end(exchange, Stage::session, judgement.idp,
           result ? code_of(result->outcome) : result.failure().code);
  if (!result) co_return unavailable(context, exchange.head(), result.failure());
  write_down_started(context);
  switch (result->outcome) {
    case store::SignOnOutcome::signed_in:
    case store::SignOnOutcome::waiting:
      log_sign_on(exchange, LogLevel::info, "signed on", judgement.verdict, *result, *reference);
      if (has_too_many_groups) log_too_many_groups(exchange, judgement.idp->name, *result);
      co_return welcome(exchange, judgement, *token);
    case store::SignOnOutcome::replayed:
    case store::SignOnOutcome::request_answered:
      log_sign_on(exchange, LogLevel::warning, "sign-on restarted", judgement.verdict, *result, "");
      co_return start_again(exchange, judgement.state ? judgement.state->return_to : "");
    case store::SignOnOutcome::user_disabled:
      co_return refuse_person(exchange, judgement, code::kUserDisabled);
    case store::SignOnOutcome::identity_pinned:
      co_return refuse_person(exchange, judgement, code::kIdentityPinned);
    case store::SignOnOutcome::company_closed:
      co_return closed_page(exchange, *judgement.idp,
                            {companies::kCompanyClosed, "it was suspended a moment ago"});
  }
  co_return unavailable(context, exchange.head(), {anteroom::code::kInternal, "unknown outcome"});
}

}  // namespace

Task<Response> open_acs(Exchange exchange) {
  const auto query = http::Form::parse(exchange.head().query);
  if (exchange.head().method != "GET" || !query || !query->has("SAMLart")) {
    co_return redirect(303, exchange.context.path("/sign-in") + "?notice=stale");
  }
  auto consuming = consume_response(std::move(exchange));
  co_return co_await consuming;
}

Task<Response> consume_response(Exchange exchange) {
  Context& context = exchange.context;
  const std::optional<IncomingResponse> arrival = read_response(exchange);
  if (!arrival) {
    note_end(exchange, Stage::response, nullptr, code::kMalformedForm);
    co_return explain(
        context, exchange.head(), {code::kMalformedForm, "no SAMLResponse form"},
        {400, "failed_title"_message, "bad_answer"_message, "please_start_again"_message,
         context.path("/sign-in"), "start_again"_message});
  }
  auto testing = answer_test(exchange, *arrival);
  if (std::optional<Response> tested = co_await testing) co_return std::move(*tested);
  // No XML is looked at for a browser that has no sign-on under way.
  if (arrival->live.empty() && !exchange.companies->allows_unsolicited()) {
    co_return start_again_without_state(exchange, arrival->relay_state, arrival->states);
  }
  const Time arrived_at = exchange.now();
  auto work = plan_judgement(exchange, *arrival);
  if (!work) co_return reject_artifact(exchange, *arrival, work.failure());
  auto verifying = verify(exchange, std::move(*work));
  const Result<ResponseCheck> judged = co_await verifying;
  if (!judged) {
    note_end(exchange, Stage::response, nullptr, judged.failure().code);
    co_return unavailable(context, exchange.head(), judged.failure());
  }
  if (!context.is_settled(judged->idp)) {
    note_end(exchange, Stage::response, nullptr, anteroom::code::kDatabaseUnavailable);
    co_return unavailable(context, exchange.head(), companies::not_known_yet());
  }
  note_judgement(exchange, *judged, arrived_at);
  if (!judged->verdict.assertion) co_return reject(exchange, *arrival, *judged);
  Response response = co_await open_session(exchange, *judged);
  co_return response;
}

}  // namespace anteroom::journey
