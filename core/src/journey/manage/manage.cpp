#include "journey/manage/manage.h"

#include "access/levels.h"
#include "anteroom/store.h"
#include "journey/frame/audit.h"
#include "journey/frame/respond.h"
#include "journey/frame/send_away.h"
#include "journey/frame/turn_away.h"
#include "journey/manage/steps.h"
#include "session/token.h"

namespace anteroom::journey {

namespace {

bool reaches(const AccessSettings& access, const SessionView& session, std::string_view level) {
  Requirement requirement;
  requirement.level = level;
  return !level.empty() && session.is_provisioned() &&
         access::meets(access, session.fields(), requirement);
}

bool has_right(const ManageUser& user, ManageRight right) {
  switch (right) {
    case ManageRight::any:
      return user.may_request || user.may_process || user.may_connect;
    case ManageRight::request:
      return user.may_request;
    case ManageRight::process:
      return user.may_process;
    case ManageRight::process_everywhere:
      return user.may_process_everywhere;
    case ManageRight::connect:
      return user.may_connect;
  }
  return false;
}

std::string_view level_for(const AccessSettings& access, ManageRight right) {
  switch (right) {
    case ManageRight::any:
    case ManageRight::request:
      return access.request_new_users;
    case ManageRight::connect:
      return access.connect_companies;
    case ManageRight::process:
    case ManageRight::process_everywhere:
      break;
  }
  return access.process_requests;
}

// As the gate turns away from a page of the app, with `back` as that page.
Response turn_away_from(Exchange& exchange, Outcome outcome, const std::string& back) {
  const std::string target = back.empty() ? "" : exchange.context.path(back);
  RequestHead head = exchange.head();
  if (!target.empty()) {
    head.path = std::string_view(target).substr(0, target.find('?'));
    head.query = target.find('?') == std::string::npos
                     ? std::string_view{}
                     : std::string_view(target).substr(target.find('?') + 1);
  }
  return turn_away(exchange.context, outcome, head, nullptr, {});
}

Task<Response> refuse_without_right(Exchange& exchange, const ManageUser& user, ManageRight right) {
  const AccessSettings& access = exchange.context.settings.access;
  const std::string reference = session::new_reference(exchange.context.ports.random);
  Requirement requirement;
  requirement.level = level_for(access, right);
  if (exchange.context.denials.is_first("manage " + std::string(user.fields().user),
                                        exchange.now())) {
    audit_later(exchange.context,
                {"manage_refused", "not_allowed", reference, std::string(user.fields().idp),
                 std::string(user.fields().email), std::string(exchange.head().client_address),
                 "open " + std::string(exchange.head().path.substr(0, 200))});
  }
  auto naming = names_for_refusal(exchange.context, keys_in_grants(user.fields().properties));
  const store::PropertyNames names = co_await naming;
  co_return denied(exchange.context, exchange.head(), user.fields(), requirement, reference, names);
}

}  // namespace

Task<Admission> admit(Exchange& exchange, ManageRight right, std::string back) {
  Context& context = exchange.context;
  Result<CurrentSession> session = co_await current_session(exchange);
  if (!session) {
    co_return Admission{unavailable(context, exchange.head(), session.failure()), {}};
  }
  const SessionView* view = session->view();
  if (view == nullptr) {
    co_return Admission{turn_away_from(exchange, Outcome::sign_on, back), {}, true};
  }
  if (!view->is_provisioned()) {
    co_return Admission{turn_away_from(exchange, Outcome::waiting_room, back), {}};
  }
  const AccessSettings& access = context.settings.access;
  Admission admission;
  ManageUser& user = admission.user;
  user.actor = {std::string(view->fields().user), std::string(view->fields().email),
                std::string(exchange.head().client_address)};
  user.may_request = reaches(access, *view, access.request_new_users);
  user.may_process = reaches(access, *view, access.process_requests);
  user.session = std::move(*session);
  user.may_process_everywhere = user.may_process && is_everywhere(context, user);
  user.may_connect =
      reaches(access, *view, access.connect_companies) &&
      Reach(access, user.fields().properties, access.connect_companies).is_everywhere();
  if (!has_right(user, right)) {
    auto refusing = refuse_without_right(exchange, user, right);
    admission.refusal = co_await refusing;
  }
  co_return admission;
}

Task<Response> open_manage(Exchange exchange, ManageUser user) {
  const char* tab = user.may_request   ? "/manage/new-user"
                    : user.may_process ? "/manage/queue"
                                       : "/manage/companies";
  co_return redirect(303, exchange.context.path(tab));
}

std::string to_same_page(const Exchange& /*exchange*/) {
  return "";
}

Response keep_nothing(const Exchange& /*exchange*/, Response refusal) {
  return refusal;
}

bool is_everywhere(const Context& context, const ManageUser& user) {
  return reach_to_process(context, user).is_everywhere();
}

Reach reach_to_request(const Context& context, const ManageUser& user) {
  const AccessSettings& access = context.settings.access;
  return {access, user.fields().properties, access.request_new_users};
}

Reach reach_to_process(const Context& context, const ManageUser& user) {
  const AccessSettings& access = context.settings.access;
  return {access, user.fields().properties, access.process_requests};
}

std::vector<const IdentityProvider*> companies_for(const Exchange& exchange,
                                                   const ManageUser& user) {
  const bool sees_all = is_everywhere(exchange.context, user);
  std::vector<const IdentityProvider*> companies;
  for (const auto& company : exchange.companies->all()) {
    if (sees_all || company->name == user.fields().idp) companies.push_back(company.get());
  }
  return companies;
}

Response manage_page(const Exchange& exchange, const ManageUser& user, ManageTab tab,
                     std::string_view template_name, int status, pages::Values values) {
  const Context& context = exchange.context;
  values.text["signed_in_as"] = user.fields().email;
  values.flags["may_request"] = user.may_request;
  values.flags["may_process"] = user.may_process;
  values.flags["may_process_everywhere"] = user.may_process_everywhere;
  values.flags["may_connect"] = user.may_connect;
  values.flags["tab_new_user"] = tab == ManageTab::new_user;
  values.flags["tab_requests"] = tab == ManageTab::requests;
  values.flags["tab_queue"] = tab == ManageTab::queue;
  values.flags["tab_people"] = tab == ManageTab::people;
  values.flags["tab_properties"] = tab == ManageTab::properties;
  values.flags["tab_companies"] = tab == ManageTab::companies;
  values.flags["tab_activity"] = tab == ManageTab::activity;
  return context.renderer->page(exchange.head().headers.accept_language, template_name, status,
                                values,
                                form_targets(exchange.companies->by_name(user.fields().idp)));
}

}  // namespace anteroom::journey
