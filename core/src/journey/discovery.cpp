#include <algorithm>

#include "http/cookie.h"
#include "http/form.h"
#include "http/url.h"
#include "journey/respond.h"
#include "journey/steps.h"
#include "session/token.h"

namespace anteroom::journey {

namespace {

constexpr std::size_t kMaxLoginStates = 8;  // cookies pile up to a 400 otherwise
constexpr std::size_t kRelayStateDigits = 16;

const IdentityProvider* only_idp(const Settings& settings) {
  return settings.skip_email_page && settings.identity_providers.size() == 1
             ? &settings.identity_providers.front()
             : nullptr;
}

std::string notice_text(std::string_view notice) {
  if (notice == "stale") {
    return "That sign-on was already used or took too long, so we start again. Nothing is lost.";
  }
  if (notice == "elsewhere") return "You were signed out. Sign in again to continue.";
  return "";
}

Response sign_in_page(const Exchange& exchange, const std::string& handle, std::string_view email,
                      const std::string& error, const std::string& notice) {
  pages::Values values;
  values.text["email"] = email;
  values.text["return"] = handle;
  values.text["error"] = error;
  values.text["notice"] = notice;
  values.flags["show_support"] = !error.empty();
  return exchange.context.renderer.page("sign_in", error.empty() ? 200 : 422, values);
}

Response provider_page(const Exchange& exchange, const IdentityProvider& idp,
                       std::string_view email, const std::string& handle) {
  pages::Values values;
  values.text["email"] = email;
  values.text["idp"] = idp.name;
  values.text["display_name"] = idp.display_name;
  values.text["button"] = idp.button;
  values.text["return"] = handle;
  values.text["return_query"] = handle;
  values.flags["is_entra"] = idp.preset == "entra";
  return exchange.context.renderer.page("provider", 200, values, form_targets(&idp));
}

// The cookies that leave so that a new sign-on fits: the unusable ones, then the oldest.
std::vector<std::string> cookies_to_drop(const Exchange& exchange) {
  std::vector<std::string> drop;
  auto states = session::login_states(exchange.context.sealer, exchange.head().headers.cookie,
                                      exchange.now(), drop);
  std::sort(states.begin(), states.end(),
            [](const auto& a, const auto& b) { return a.issued_at > b.issued_at; });
  for (std::size_t i = kMaxLoginStates - 1; i < states.size(); ++i) {
    drop.push_back(states[i].cookie_name());
  }
  return drop;
}

Response bad_form(const Exchange& exchange) {
  return explain(exchange.context, exchange.head(), {Code{"malformed_form"}, "sign-on form"},
                 {400, "That did not work", "The form could not be read.", "Please start again.",
                  exchange.context.path("/sign-in"), "Start again"});
}

}  // namespace

Task<Response> show_sign_in(Exchange exchange) {
  const auto query = http::Form::parse(exchange.head().query);
  const std::string handle = query ? return_handle(query->get("r")) : "";
  if (!exchange.is_on_login_host()) {
    co_return redirect(302, exchange.context.login_origin().text +
                                exchange.context.path("/sign-in") + return_query(handle));
  }
  Result<CurrentSession> session = co_await current_session(exchange);
  if (!session) co_return unavailable(exchange.context, exchange.head(), session.failure());
  if (session->view() != nullptr) {
    Response landed = co_await land(exchange, *session, handle);
    co_return landed;
  }
  const std::string notice = query ? notice_text(query->get("notice")) : "";
  if (const auto* idp = only_idp(exchange.context.settings); idp != nullptr && notice.empty()) {
    co_return provider_page(exchange, *idp, "", handle);
  }
  co_return sign_in_page(exchange, handle, "", "", notice);
}

Response submit_email(Exchange exchange) {
  if (!is_from_our_page(exchange)) return refuse_foreign_form(exchange);
  const auto form = http::Form::parse(exchange.request.body());
  if (!form) return bad_form(exchange);
  const std::string handle = return_handle(form->get("r"));
  const std::string_view given = form->get("email").substr(0, 320);
  const auto email = saml::canonical_email(given);
  if (!email) {
    return sign_in_page(exchange, handle, given,
                        "Please enter your work email address, like name@company.com.", "");
  }
  const std::string domain(saml::email_domain(*email));
  const IdentityProvider* idp = exchange.context.settings.idp_by_domain(domain);
  if (idp == nullptr) {
    return sign_in_page(
        exchange, handle, given,
        "We don't know " + domain +
            " as a company that signs in here. Check the address for typing errors, "
            "or ask support.",
        "");
  }
  return provider_page(exchange, *idp, *email, handle);
}

Response leave_for_idp(Exchange exchange) {
  if (!is_from_our_page(exchange)) return refuse_foreign_form(exchange);
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const IdentityProvider* idp = form ? context.settings.idp_by_name(form->get("idp")) : nullptr;
  if (idp == nullptr) return bad_form(exchange);

  const auto digits = session::new_hex(context.ports.random, 16);
  if (!digits) return unavailable(context, exchange.head(), {code::kInternal, "no randomness"});
  const Time now = exchange.now();
  const auto life = context.settings.sessions.sign_on_timeout;
  const session::LoginState state{"id" + *digits, idp->name, return_handle(form->get("r")), now,
                                  false};
  const auto sealed =
      session::seal_login_state(context.sealer, context.ports.random, state, now + life);
  const auto message = saml::build_authn_request(
      context.settings.service_provider, *idp,
      {state.request_id, now, saml::canonical_email(form->get("email")).value_or(""),
       digits->substr(0, kRelayStateDigits)});
  if (!sealed || !message) {
    return unavailable(context, exchange.head(),
                       message ? Failure{code::kInternal, "sealing failed"} : message.failure());
  }
  Response response = send_away(context, *idp, *message);
  for (const std::string& name : cookies_to_drop(exchange)) {
    response.headers.emplace_back(
        "Set-Cookie", http::set_cookie(name, "", http::SameSite::none, std::chrono::seconds(0)));
  }
  response.headers.emplace_back(
      "Set-Cookie", http::set_cookie(state.cookie_name(), *sealed, http::SameSite::none, life));
  return response;
}

}  // namespace anteroom::journey
