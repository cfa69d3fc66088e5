#include "anteroom/company_address.h"
#include "anteroom/gate.h"
#include "companies/company_source.h"
#include "http/form.h"
#include "journey/frame/respond.h"
#include "journey/frame/return_to.h"
#include "journey/frame/send_away.h"
#include "journey/sign_on/remembered_company.h"
#include "journey/sign_on/start.h"
#include "journey/sign_on/steps.h"

namespace anteroom::journey {

namespace {

const IdentityProvider* only_idp(const Exchange& exchange) {
  return exchange.context.settings.skip_email_page ? exchange.companies->only() : nullptr;
}

Message notice_message(std::string_view notice) {
  if (notice == "stale") return "notice_stale"_message;
  if (notice == "elsewhere") return "notice_elsewhere"_message;
  return {};
}

bool is_notice(std::string_view given) {
  return given == "choose" || !notice_message(given).empty();
}

std::string sign_in_path(const Context& context, std::string_view notice,
                         const std::string& handle) {
  std::string path = context.path("/sign-in");
  if (!is_notice(notice)) return path + return_query(handle);
  path += "?notice=" + std::string(notice);
  return handle.empty() ? path : path + "&r=" + handle;
}

Response sign_in_page(const Exchange& exchange, const std::string& handle, std::string_view email,
                      const Message& error, const Message& notice) {
  pages::Values values;
  values.text["email"] = email;
  values.text["return"] = handle;
  values.messages["error"] = error;
  values.messages["notice"] = notice;
  values.flags["show_support"] = !error.empty();
  return exchange.context.renderer->page(exchange.head().headers.accept_language, "sign_in",
                                         error.empty() ? 200 : 422, values);
}

Response provider_page(const Exchange& exchange, const IdentityProvider& idp,
                       std::string_view email, const std::string& handle, bool is_step_up) {
  pages::Values values;
  values.text["email"] = email;
  values.text["idp"] = idp.name;
  values.text["display_name"] = idp.display_name;
  if (idp.button_of.empty()) {
    values.text["button"] = idp.button;
  } else {
    values.messages["button"] = {"provider_button_of"_message, {{"provider", idp.button_of}}};
  }
  values.text["return"] = handle;
  values.text["return_query"] = handle;
  values.flags["is_entra"] = idp.preset == "entra";
  values.flags["is_step_up"] = is_step_up;
  values.flags["may_choose"] = !is_step_up && (!email.empty() || only_idp(exchange) == nullptr);
  return exchange.context.renderer->page(exchange.head().headers.accept_language, "provider", 200,
                                         values, form_targets(&idp));
}

// Whether who is signed in must do it once more for the page that was asked for.
bool must_step_up(const SessionView& session, const session::ReturnTo& wanted, Time now) {
  Requirement requirement;
  requirement.max_age = wanted.max_age;
  requirement.authn_context = wanted.authn_context;
  return !is_fresh(session, requirement, now);
}

// Who is signed in goes on to the page asked for, or is asked once more where that is due. nullopt:
// nobody is.
Task<std::optional<Response>> pass_on(Exchange& exchange, const CurrentSession& session,
                                      std::string handle) {
  const SessionView* view = session.view();
  if (view == nullptr) co_return std::nullopt;
  if (!must_step_up(*view, return_to_or_landing(exchange.context, handle), exchange.now())) {
    Response landed = co_await land(exchange, session, handle);
    co_return landed;
  }
  const auto* idp = exchange.companies->by_name(view->fields().idp);
  if (idp == nullptr) co_return std::nullopt;
  co_return provider_page(exchange, *idp, view->fields().email, handle, true);
}

// Nobody is signed in here: the email page, or what takes its place with one identity provider or
// in a browser that has signed on before.
Task<Response> ask_who(const Exchange& exchange, std::string handle, std::string notice) {
  const auto* remembered = notice.empty() ? remembered_company(exchange) : nullptr;
  if (remembered != nullptr) co_return provider_page(exchange, *remembered, "", handle, false);
  const Message message = notice_message(notice);
  const auto* idp = only_idp(exchange);
  if (idp == nullptr || !message.empty()) co_return sign_in_page(exchange, handle, "", {}, message);
  if (idp->passive_first && notice.empty() && is_navigation(exchange.head())) {
    Start start{idp, "", handle, true};
    Response away = co_await start_sign_on(exchange, std::move(start));
    co_return away;
  }
  co_return provider_page(exchange, *idp, "", handle, false);
}

// The same for a name that nobody has and for one that nobody could have.
Response no_such_company(const Exchange& exchange, const std::string& handle) {
  if (!exchange.context.knows_companies) {
    return unavailable(exchange.context, exchange.head(), companies::not_known_yet());
  }
  return explain(exchange.context, exchange.head(), {Code{"no_such_company"}, ""},
                 {404, "no_company_title"_message, "no_company"_message, "no_company_hint"_message,
                  exchange.context.path("/sign-in") + return_query(handle), "sign_in"_message});
}

Response bad_form(const Exchange& exchange) {
  return explain(exchange.context, exchange.head(), {Code{"malformed_form"}, "sign-on form"},
                 {400, "failed_title"_message, "bad_form"_message, "please_start_again"_message,
                  exchange.context.path("/sign-in"), "start_again"_message});
}

}  // namespace

Task<Response> show_sign_in(Exchange exchange) {
  Context& context = exchange.context;
  const auto query = http::Form::parse(exchange.head().query);
  const std::string handle = query ? return_handle(query->get("r")) : "";
  std::string notice;
  if (query) notice = query->get("notice");
  if (!exchange.is_on_login_host()) {
    co_return redirect(302, context.login_origin().text + sign_in_path(context, notice, handle));
  }
  CurrentSession session = co_await or_unavailable(exchange, current_session(exchange));
  std::optional<Response> passed = co_await pass_on(exchange, session, handle);
  if (passed) co_return std::move(*passed);
  Response asked = co_await ask_who(exchange, handle, std::move(notice));
  co_return asked;
}

Response go_on(Exchange exchange) {
  const auto query = http::Form::parse(exchange.head().query);
  pages::Values values;
  values.text["return"] = query ? return_handle(query->get("r")) : "";
  return exchange.context.renderer->page(exchange.head().headers.accept_language, "go_on", 200,
                                         values);
}

Task<Response> show_company(Exchange exchange) {
  const Context& context = exchange.context;
  const auto query = http::Form::parse(exchange.head().query);
  const std::string handle = query ? return_handle(query->get("r")) : "";
  const std::string_view name = exchange.head().path.substr(context.path(kCompanyPages).size());
  const IdentityProvider* idp = exchange.companies->by_name(name);
  if (!exchange.is_on_login_host()) {
    if (idp == nullptr) co_return no_such_company(exchange, handle);
    co_return redirect(
        302, company_address(context.settings.service_provider, idp->name) + return_query(handle));
  }
  CurrentSession session = co_await or_unavailable(exchange, current_session(exchange));
  std::optional<Response> passed = co_await pass_on(exchange, session, handle);
  if (passed) co_return std::move(*passed);
  if (idp == nullptr) co_return no_such_company(exchange, handle);
  if (auto refused = refuse_if_closed(exchange, *idp)) co_return std::move(*refused);
  co_return provider_page(exchange, *idp, "", handle, false);
}

Response choose_another(Exchange exchange) {
  const auto form = http::Form::parse(exchange.request.body());
  if (!form) return bad_form(exchange);
  Response response =
      redirect(303, sign_in_path(exchange.context, "choose", return_handle(form->get("r"))));
  response.headers.emplace_back("Set-Cookie", forget_company());
  return response;
}

Response submit_email(Exchange exchange) {
  const auto form = http::Form::parse(exchange.request.body());
  if (!form) return bad_form(exchange);
  const std::string handle = return_handle(form->get("r"));
  const std::string_view given = form->get("email").substr(0, 320);
  const auto email = saml::canonical_email(given);
  if (!email) {
    return sign_in_page(exchange, handle, given, "sign_in_bad_address"_message, {});
  }
  const std::string domain(saml::email_domain(*email));
  const IdentityProvider* idp = exchange.companies->by_domain(domain);
  if (idp == nullptr && !exchange.context.knows_companies) {
    return unavailable(exchange.context, exchange.head(), companies::not_known_yet());
  }
  if (idp == nullptr) {
    return sign_in_page(exchange, handle, given,
                        {"sign_in_unknown_domain"_message, {{"domain", domain}}}, {});
  }
  return provider_page(exchange, *idp, *email, handle, false);
}

Task<Response> leave_for_idp(Exchange exchange) {
  const auto form = http::Form::parse(exchange.request.body());
  const IdentityProvider* idp = form ? exchange.companies->by_name(form->get("idp")) : nullptr;
  if (idp == nullptr && !exchange.context.knows_companies) {
    co_return unavailable(exchange.context, exchange.head(), companies::not_known_yet());
  }
  if (idp == nullptr) co_return bad_form(exchange);
  Start start{idp, saml::canonical_email(form->get("email")).value_or(""),
              return_handle(form->get("r")), false, form->get("fragment") == "1"};
  Response away = co_await start_sign_on(exchange, std::move(start));
  co_return away;
}

Response show_metadata(Exchange exchange) {
  const Result<std::string>& metadata = exchange.context.metadata;
  if (!metadata) return unavailable(exchange.context, exchange.head(), metadata.failure());
  return {200,
          {{"Content-Type", "application/samlmetadata+xml"},
           {"Content-Disposition", "attachment; filename=\"metadata.xml\""},
           {"Cache-Control", "public, max-age=300"},
           {"X-Content-Type-Options", "nosniff"}},
          *metadata};
}

}  // namespace anteroom::journey
