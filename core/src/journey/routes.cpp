#include "journey/routes.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "anteroom/company_address.h"
#include "anteroom/gate.h"
#include "http/cookie.h"
#include "journey/frame/form_origin.h"
#include "journey/frame/respond.h"
#include "journey/manage/steps.h"
#include "journey/set_up/steps.h"
#include "journey/sign_on/steps.h"
#include "scim/request.h"
#include "session/names.h"
#include "session/token.h"

namespace anteroom::journey {

namespace {

// Adapts the steps that wait for nothing.
template <Response (*Step)(Exchange)>
Task<Response> at_once(Exchange exchange) {
  Response response = Step(std::move(exchange));
  co_return response;
}

constexpr std::string_view kAssets = "/assets/";

std::string_view below_prefix(const ServiceProviderSettings& sp, const RequestHead& head) {
  return head.path.substr(sp.pages_prefix.size());
}

Response show_asset(Exchange exchange) {
  const Context& context = exchange.context;
  const auto page = below_prefix(context.settings.service_provider, exchange.head());
  return context.renderer->asset(page.substr(kAssets.size()));
}

Response go_to_sign_in(Exchange exchange) {
  return redirect(302, exchange.context.path("/sign-in"));
}

using enum Method;
using enum Host;
using enum Sender;

constexpr Door open(Task<Response> (*step)(Exchange)) {
  return Open{step};
}

// A page of Manage that is opened.
constexpr Route shown(std::string_view path, ManageRight right,
                      Task<Response> (*step)(Exchange, ManageUser)) {
  return {get,     page(path), login_or_sent_there,
          anybody, Body::none, Manage{right, to_same_page, keep_nothing, step}};
}

// A form of Manage that is sent.
constexpr Route sent(std::string_view path, Body body, Manage manage) {
  return {post, page(path), login, our_own_page, body, manage};
}

// clang-format off
constexpr Route kRoutes[] = {
    {get, page(""), every, anybody, Body::none, open(at_once<go_to_sign_in>)},
    {get, page("/"), every, anybody, Body::none, open(at_once<go_to_sign_in>)},
    {get, below(kAssets), every, anybody, Body::none, open(at_once<show_asset>)},

    {get, page("/sign-in"), every, anybody, Body::none, open(show_sign_in)},
    {post, page("/sign-in"), login, our_own_page, Body::form, open(at_once<submit_email>)},
    {post, page("/sign-in/another"), login, our_own_page, Body::form, open(at_once<choose_another>)},
    {post, page("/sign-in/start"), login, our_own_page, Body::form, open(leave_for_idp)},
    {get, page("/go-on"), login, anybody, Body::none, open(at_once<go_on>)},
    {get, below(kCompanyPages), every, anybody, Body::none, open(show_company)},
    {get, page("/test"), login, anybody, Body::none, open(show_test)},
    {post, page("/test"), login, our_own_page, Body::form, open(leave_for_test)},
    {get, page("/set-up"), login, anybody, Body::none, open(at_once<show_set_up>)},
    {post, page("/set-up"), login, our_own_page, Body::form, open(open_set_up)},
    {get, page("/set-up/connection"), login, anybody, Body::none, open(show_connection)},
    {post, page("/set-up/metadata"), login, our_own_page, Body::list, open(take_metadata)},
    {post, page("/set-up/domain"), login, our_own_page, Body::form, open(take_domain)},
    {post, page("/set-up/hand-in"), login, our_own_page, Body::form, open(hand_in_connection)},
    {get, page("/microsoft-error"), every, anybody, Body::none, open(at_once<explain_microsoft_error>)},
    {get, page("/metadata"), login, anybody, Body::none, open(at_once<show_metadata>)},
    {get, kAcs, login, anybody, Body::none, open(open_acs)},
    {post, kAcs, login, anybody, Body::saml, open(consume_response)},
    {get, page("/handoff"), every, anybody, Body::none, open(redeem_handoff)},
    {get, page("/return/0"), every, anybody, Body::none, open(at_once<find_target>)},
    {get, page("/return/1"), every, anybody, Body::none, open(at_once<find_target>)},
    {get, page("/return/2"), every, anybody, Body::none, open(at_once<find_target>)},

    {get, page("/session"), every, anybody, Body::none, open(show_session)},
    {post, page("/session"), every, our_own_page, Body::form, open(touch_session)},
    {get, page("/session.js"), every, anybody, Body::none, open(at_once<show_session_script>)},
    {get, page("/signed-on"), every, anybody, Body::none, open(show_signed_on)},

    {get, page("/waiting"), every, anybody, Body::none, open(show_waiting_room)},
    {post, page("/waiting/ask"), every, our_own_page, Body::form, open(ask_for_access)},
    {get, page("/waiting/status"), every, anybody, Body::none, open(waiting_status)},
    {get, page("/waiting/events"), every, anybody, Body::none, open(waiting_events)},

    {get, page("/sign-out"), every, anybody, Body::none, open(confirm_sign_out)},
    {post, page("/sign-out"), every, our_own_page, Body::form, open(sign_out)},
    {get, page("/signed-out"), every, anybody, Body::none, open(show_signed_out)},
    {get, kSlo, login, anybody, Body::none, open(single_logout)},
    {post, kSlo, login, anybody, Body::saml, open(single_logout)},

    shown("/manage", ManageRight::any, open_manage),
    shown("/manage/new-user", ManageRight::request, show_new_user),
    sent("/manage/new-user", Body::form, {ManageRight::request, to_same_page, keep_new_user, file_new_user}),
    shown("/manage/new-users", ManageRight::request, show_new_users),
    sent("/manage/new-users", Body::list, {ManageRight::request, to_same_page, keep_new_users, file_new_users}),
    shown("/manage/requests", ManageRight::request, show_requests),
    sent("/manage/requests/withdraw", Body::form, {ManageRight::request, to_requests, keep_nothing, withdraw_request}),
    shown("/manage/queue", ManageRight::process, show_queue),
    sent("/manage/queue", Body::form, {ManageRight::process, to_same_page, keep_nothing, decide}),
    shown("/manage/queue/request", ManageRight::process, show_request),
    sent("/manage/queue/request", Body::form, {ManageRight::process, to_queue, keep_nothing, decide_request}),
    shown("/manage/people", ManageRight::process, list_people),
    shown("/manage/people/show", ManageRight::process, show_person),
    sent("/manage/people/grant", Body::form, {ManageRight::process, to_person, keep_nothing, change_grant}),
    sent("/manage/people/account", Body::form, {ManageRight::process, to_person, keep_nothing, switch_account}),
    sent("/manage/people/sessions", Body::form, {ManageRight::process, to_person, keep_nothing, end_sessions}),
    shown("/manage/why", ManageRight::process, explain_why),
    shown("/manage/properties", ManageRight::process_everywhere, list_properties),
    sent("/manage/properties/add", Body::form, {ManageRight::process_everywhere, to_properties, keep_nothing, add_property}),
    shown("/manage/properties/many", ManageRight::process_everywhere, show_many_properties),
    sent("/manage/properties/many", Body::list, {ManageRight::process_everywhere, to_same_page, keep_nothing, put_in_properties}),
    shown("/manage/properties/show", ManageRight::process_everywhere, show_property),
    sent("/manage/properties/rename", Body::form, {ManageRight::process_everywhere, to_property, keep_nothing, rename_property}),
    sent("/manage/properties/state", Body::form, {ManageRight::process_everywhere, to_property, keep_nothing, close_property}),
    shown("/manage/companies", ManageRight::connect, list_companies),
    sent("/manage/companies/add", Body::form, {ManageRight::connect, to_companies, keep_nothing, add_company}),
    shown("/manage/companies/show", ManageRight::connect, show_company_settings),
    shown("/manage/companies/change", ManageRight::connect, step_up_for_company),
    sent("/manage/companies/metadata", Body::list, {ManageRight::connect, to_company, keep_nothing, bring_company_metadata}),
    sent("/manage/companies/address", Body::form, {ManageRight::connect, to_company, keep_nothing, change_metadata_address}),
    sent("/manage/companies/domain", Body::form, {ManageRight::connect, to_company, keep_nothing, change_company_domain}),
    sent("/manage/companies/contacts", Body::form, {ManageRight::connect, to_company, keep_nothing, change_company_contacts}),
    sent("/manage/companies/link", Body::form, {ManageRight::connect, to_company, keep_nothing, change_company_link}),
    sent("/manage/companies/handed-in", Body::form, {ManageRight::connect, to_company, keep_nothing, close_hand_in}),
    sent("/manage/companies/settings", Body::form, {ManageRight::connect, to_company, keep_nothing, change_company_settings}),
    sent("/manage/companies/second", Body::form, {ManageRight::connect, to_company, keep_nothing, answer_proposal}),
    sent("/manage/companies/rename", Body::form, {ManageRight::connect, to_company, keep_nothing, rename_company}),
    sent("/manage/companies/state", Body::form, {ManageRight::connect, to_company, keep_nothing, change_company_state}),
    shown("/manage/activity", ManageRight::process, show_activity),

    {Method::any, below("/scim/"), login, anybody, Body::directory, Directory{serve_scim}},
};
// clang-format on

// A form of a page is taken from our own pages only, and a page that is opened brings no body.
constexpr bool is_sound(const Route& route) {
  const bool is_form = route.method == Method::post && route.place.kind == Place::Kind::page;
  if (is_form != (route.sender == Sender::our_own_page)) return false;
  if ((route.method == Method::get) != (route.body == Body::none)) return false;
  return !std::holds_alternative<Manage>(route.door) || route.host != Host::every;
}
static_assert(std::all_of(std::begin(kRoutes), std::end(kRoutes), is_sound));

// Of the path that is asked for; nullopt: it is nowhere below the prefix.
std::optional<Place> place_of(const ServiceProviderSettings& sp, const RequestHead& head) {
  if (head.path == sp.acs_path) return kAcs;
  if (head.path == sp.slo_path) return kSlo;
  if (!head.path.starts_with(sp.pages_prefix)) return std::nullopt;
  return page(below_prefix(sp, head));
}

bool is_at(const Place& row, const Place& asked) {
  if (row.kind != Place::Kind::below) return row.kind == asked.kind && row.path == asked.path;
  return asked.kind == Place::Kind::page && asked.path.starts_with(row.path);
}

bool has_something_to_lose(const RequestHead& head) {
  if (session_token(head.headers.cookie)) return true;
  bool has_link = false;
  http::for_each_cookie(head.headers.cookie, [&](std::string_view name, std::string_view value) {
    has_link |= name == session::kSetUpCookie && value.size() == session::kTokenCharacters;
  });
  return has_link;
}

bool answers(const Route& route, std::string_view method) {
  if (route.method == Method::get) return method == "GET" || method == "HEAD";
  return route.method == Method::any || method == "POST";
}

Failure too_many_at_once(const std::string& party) {
  return {code::kOverloaded, "too many requests of " + party + " wait for each other"};
}

Task<Response> enter_manage(const Manage& door, Exchange exchange) {
  auto admitting = admit(exchange, door.right, door.back(exchange));
  Admission admission = co_await admitting;
  if (admission.is_signed_out) co_return door.keep(exchange, std::move(*admission.refusal));
  if (admission.refusal) co_return std::move(*admission.refusal);
  const std::string party = "person " + admission.user.actor.user;
  auto waiting = exchange.context.turns.take(party);
  const std::optional<Turns::Turn> turn = co_await waiting;
  if (!turn) co_return unavailable(exchange.context, exchange.head(), too_many_at_once(party));
  auto step = door.step(std::move(exchange), std::move(admission.user));
  co_return co_await step;
}

Task<Response> enter_directory(const Directory& door, Exchange exchange) {
  auto admitting = admit_directory(std::move(exchange));
  std::variant<Response, ScimExchange> admission = co_await admitting;
  if (auto* refusal = std::get_if<Response>(&admission)) co_return std::move(*refusal);
  auto& scim = std::get<ScimExchange>(admission);
  const std::string party = "directory " + scim.idp.name;
  auto waiting = scim.exchange.context.turns.take(party);
  const std::optional<Turns::Turn> turn = co_await waiting;
  if (!turn) co_return ScimFailure{scim}(too_many_at_once(party));
  auto step = door.step(std::move(scim));
  co_return co_await step;
}

}  // namespace

Routes routes() {
  return {std::begin(kRoutes), std::end(kRoutes)};
}

Match match(const ServiceProviderSettings& sp, const RequestHead& head, bool is_login_host) {
  Match found;
  const std::optional<Place> asked = place_of(sp, head);
  if (!asked) return found;
  for (const Route& route : kRoutes) {
    if (!is_at(route.place, *asked)) continue;
    if (route.host != Host::every && !is_login_host) {
      if (route.host != Host::login_or_sent_there || !answers(route, head.method)) continue;
      return {&route, true};
    }
    if (answers(route, head.method)) return {&route};
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += route.method == Method::get ? "GET, HEAD" : "POST";
  }
  return found;
}

bool needs_companies(const Route& route, const RequestHead& head) {
  if (std::holds_alternative<Directory>(route.door)) {
    return scim::bearer_token(head.headers.authorization).has_value();
  }
  return route.place.kind != Place::Kind::below || route.place.path != kAssets;
}

bool looks_for_company(const Route& route, const RequestHead& head) {
  switch (route.place.kind) {
    case Place::Kind::acs:
    case Place::Kind::slo:
      return true;
    case Place::Kind::below:
      return std::holds_alternative<Directory>(route.door) ? needs_companies(route, head)
                                                           : route.place.path == kCompanyPages;
    case Place::Kind::page:
      break;
  }
  return route.method == Method::post &&
         (route.place.path == "/sign-in" || route.place.path == "/sign-in/start");
}

BodySize body_size_of(const Route& route, const RequestHead& head) {
  switch (route.body) {
    case Body::none:
      break;
    case Body::form:
      return BodySize::form;
    case Body::list:
      return has_something_to_lose(head) ? BodySize::large : BodySize::form;
    case Body::saml:
      return BodySize::large;
    case Body::directory:
      return scim::brings_body(head.method) && scim::bearer_token(head.headers.authorization)
                 ? BodySize::large
                 : BodySize::none;
  }
  return BodySize::none;
}

Task<Response> enter(const Route& route, Exchange exchange) {
  if (route.sender == Sender::our_own_page && !is_from_our_page(exchange)) {
    co_return refuse_foreign_form(exchange);
  }
  auto answering = std::holds_alternative<Open>(route.door)
                       ? std::get<Open>(route.door).step(std::move(exchange))
                   : std::holds_alternative<Manage>(route.door)
                       ? enter_manage(std::get<Manage>(route.door), std::move(exchange))
                       : enter_directory(std::get<Directory>(route.door), std::move(exchange));
  co_return co_await answering;
}

}  // namespace anteroom::journey
