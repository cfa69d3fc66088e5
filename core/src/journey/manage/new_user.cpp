#include <algorithm>

#include "access/levels.h"
#include "anteroom/requests.h"
#include "anteroom/saml.h"
#include "http/form.h"
#include "journey/frame/respond.h"
#include "journey/manage/choices.h"
#include "journey/manage/draft.h"
#include "journey/manage/manage.h"
#include "journey/manage/people_list.h"
#include "journey/manage/property_choice.h"
#include "journey/manage/steps.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using store::Filing;

// What the page shows besides the form's fields.
struct FormRemarks {
  int status = 200;
  std::map<std::string, Message> messages;  // notice, warning, email_error …
  PropertyFound property;
  std::string open_request;  // that has been filed before
  std::string confirmed;     // a domain without sign-on, to be sent once more

  void refuse(const std::string& field, Message why) {
    messages[field + "_error"] = std::move(why);
    status = 422;
  }
};

Draft draft_of(const http::Form& form, const PropertyPick& pick) {
  return {std::string(text::trimmed(form.get("email").substr(0, 320))),
          std::string(text::trimmed(form.get("name"))),
          std::string(form.get("level")),
          pick.key,
          pick.typed,
          std::string(text::trimmed(form.get("expires"))),
          std::string(text::trimmed(form.get("note"))),
          std::string(form.get("owner"))};
}

Task<Response> form_page(const Exchange& exchange, const ManageUser& user, Draft draft,
                         FormRemarks remarks) {
  Context& context = exchange.context;
  const AccessSettings& access = context.settings.access;
  const Reach reach = reach_to_request(exchange.context, user);
  const PropertyPick pick{draft.property, draft.looked_for};
  const PropertyOffer offer =
      co_await or_unavailable(exchange, offer_properties(exchange, reach, pick));
  pages::Values values;
  values.text = {{"given_email", draft.email},     {"given_name", draft.name},
                 {"expires", draft.expires},       {"note", draft.note},
                 {"confirmed", remarks.confirmed}, {"open_request", remarks.open_request},
                 {"owner", user.actor.user}};
  values.messages = std::move(remarks.messages);
  values.flags["has_errors"] = remarks.status != 200;
  values.flags["may_everywhere"] = reach.is_everywhere();
  values.flags["is_everywhere"] = draft.property == kAllProperties;
  add_property_choice(values, offer, pick, remarks.property);
  values.lists["levels"] = level_choices(access, user.fields().access_level, draft.level);
  co_return manage_page(exchange, user, ManageTab::new_user, "manage_new_user", remarks.status,
                        std::move(values));
}

// What can be said without the database.
FormRemarks check(const Exchange& exchange, const Draft& draft, PropertyFound found) {
  FormRemarks remarks;
  if (!saml::canonical_email(draft.email)) remarks.refuse("email", "bad_address"_message);
  if (Message bad = complaint_about_name(draft.name); !bad.empty()) remarks.refuse("name", bad);
  if (Message bad = complaint_about_note(draft.note); !bad.empty()) remarks.refuse("note", bad);
  if (!found.complaint.empty()) {
    remarks.refuse("property", found.complaint);
  } else if (draft.property.empty()) {
    remarks.refuse("property", "choose_property"_message);
  }
  remarks.property = std::move(found);
  if (!access::rank(exchange.context.settings.access, draft.level)) {
    remarks.refuse("level", "choose_level"_message);
  }
  return remarks;
}

// What the database says, beside the field that it is about.
FormRemarks remarks_about(const store::FilingResult& result, const ManageUser& user,
                          const Draft& draft, const AccessSettings& access) {
  FormRemarks remarks;
  switch (result.outcome) {
    case Filing::filed:
      break;
    case Filing::already_open:
      remarks.refuse("email", "request_already_open"_message);
      remarks.open_request = result.request;
      break;
    case Filing::has_access:
      remarks.refuse("email", "has_access_already"_message);
      break;
    case Filing::user_disabled:
      remarks.refuse("email", "account_disabled"_message);
      break;
    case Filing::no_property:
      remarks.refuse("property", "no_such_property"_message);
      break;
    case Filing::no_level:
      remarks.refuse("level", "choose_level"_message);
      break;
    case Filing::not_allowed:
      remarks.refuse("property", "may_not_ask_there"_message);
      remarks.status = 403;
      break;
    case Filing::above_own_level: {
      const auto own = access::level_at(access, user.fields().properties, draft.property);
      remarks.refuse("level", {"above_own_level"_message, {{"level", std::string(own)}}});
      break;
    }
    case Filing::in_the_past:
      remarks.refuse("expires", "day_in_the_past"_message);
      break;
    case Filing::bad_expiry:
      remarks.refuse("expires", "bad_day"_message);
      break;
  }
  return remarks;
}

Response see_request(const Exchange& exchange, const store::FilingResult& filed) {
  const char* notice = filed.waiting_since.empty() ? "filed" : "filed_waiting";
  return redirect(303, exchange.context.path("/manage/requests?notice=") + notice);
}

Task<Response> file(const Exchange& exchange, const ManageUser& user, Draft draft) {
  Context& context = exchange.context;
  const AccessSettings& access = context.settings.access;
  store::AccessRequest request{
      *saml::canonical_email(draft.email), draft.name, draft.property, draft.level,
      last_moment(draft.expires),          draft.note};
  std::vector<store::AccessRequest> requests{std::move(request)};
  std::vector<store::FilingResult> filed = co_await or_unavailable(
      exchange,
      store::file_requests(context.ports.database, user.actor, access, std::move(requests), false));
  const store::FilingResult& result = filed.front();
  if (result.outcome == Filing::filed) co_return see_request(exchange, result);
  FormRemarks remarks = remarks_about(result, user, draft, access);
  Response page = co_await form_page(exchange, user, std::move(draft), std::move(remarks));
  co_return page;
}

}  // namespace

Task<Response> show_new_user(Exchange exchange, ManageUser user) {
  FormRemarks remarks;
  std::optional<Draft> kept = kept_draft(exchange, user.actor.user);
  if (kept) remarks.messages["notice"] = "draft_kept"_message;
  Draft draft = kept.value_or(Draft{});
  if (const auto query = http::Form::parse(exchange.head().query); query && !kept) {
    draft.email = query->get("email").substr(0, 320);
  }
  Response page = co_await form_page(exchange, user, std::move(draft), std::move(remarks));
  if (kept) forget_draft(page);
  co_return page;
}

Response keep_new_user(const Exchange& exchange, Response refusal) {
  const auto form = http::Form::parse(exchange.request.body());
  if (form) keep_draft(exchange, draft_of(*form, PropertyPick::of(*form)), refusal);
  return refusal;
}

Task<Response> file_new_user(Exchange exchange, ManageUser user) {
  const auto form = http::Form::parse(exchange.request.body());
  if (!form) co_return refuse(exchange.context, exchange.head(), 400, {Code{"malformed_form"}, ""});
  PropertyPick pick = PropertyPick::of(*form);
  PropertyFound found = co_await or_unavailable(
      exchange,
      find_property(exchange, reach_to_request(exchange.context, user), pick, Parts::suffice));
  if (found.complaint.empty()) pick.key = found.key;
  Draft draft = draft_of(*form, pick);
  FormRemarks remarks = check(exchange, draft, std::move(found));
  if (remarks.status == 200) {
    const auto email = *saml::canonical_email(draft.email);
    const std::string domain(saml::email_domain(email));
    if (exchange.companies->by_domain(domain) != nullptr || form->get("confirmed") == domain) {
      Response filed = co_await file(exchange, user, std::move(draft));
      co_return filed;
    }
    remarks.messages["warning"] = {"no_sign_on_yet"_message, {{"domain", domain}}};
    remarks.confirmed = domain;
  }
  Response page = co_await form_page(exchange, user, std::move(draft), std::move(remarks));
  co_return page;
}

}  // namespace anteroom::journey
