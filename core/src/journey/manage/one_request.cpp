// One request by itself: approved as it was asked for or changed, or declined.
#include <algorithm>

#include "anteroom/requests.h"
#include "http/form.h"
#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/manage/choices.h"
#include "journey/manage/decisions.h"
#include "journey/manage/manage.h"
#include "journey/manage/people_list.h"
#include "journey/manage/several_properties.h"
#include "journey/manage/steps.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using store::RequestRow;

Task<Result<std::optional<RequestRow>>> find(const Exchange& exchange, const ManageUser& user,
                                             std::string_view request) {
  return store::show_request(exchange.context.ports.database, user.actor,
                             exchange.context.settings.access, std::string(request));
}

// What was chosen before, and what came of it.
struct DecisionRemarks {
  int status = 200;
  std::string level, reason;
  std::vector<std::string> properties;
  std::string looked_for;  // more of them, as typed
  PropertyFound rest;      // of that
  Message error, reason_error;
};

std::vector<std::string> offered_keys(const RequestRow& row, const DecisionRemarks& remarks) {
  std::vector<std::string> keys = remarks.properties;
  keys.push_back(row.property);
  return keys;
}

bool has(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::string joined(const std::vector<std::string>& keys) {
  std::string list;
  for (const std::string& key : keys) list.append(list.empty() ? "" : ",").append(key);
  return list;
}

// No property has two.
PropertyFound without_boxes(PropertyFound found, const PropertyOffer& offer) {
  std::erase_if(found.candidates, [&](const store::Property& one) {
    return std::find(offer.chosen.begin(), offer.chosen.end(), one) != offer.chosen.end();
  });
  return found;
}

// Where there are few, all of them; else those that were asked for or found, and what was found of
// what is not clear.
void add_checkboxes(pages::Values& values, const PropertyOffer& offer,
                    const DecisionRemarks& remarks) {
  auto& boxes = values.lists["properties"];
  if (!offer.is_typed) boxes = property_choices(offer.few, "");
  for (const store::Property& one : offer.chosen) {
    boxes.push_back(choice(one.key, unmistakable(one), ""));
  }
  for (pages::Values& box : boxes) {
    box.flags["is_chosen"] = has(remarks.properties, box.text["value"]);
  }
  values.flags["is_everywhere_chosen"] = has(remarks.properties, std::string(kAllProperties));
  values.flags["is_typed"] = offer.is_typed;
  values.text["looked_for"] = remarks.looked_for;
  values.text["chosen_was"] = joined(remarks.properties);
  values.messages["property_error"] = remarks.rest.complaint;
  add_candidates(values, without_boxes(remarks.rest, offer));
}

Task<Response> request_page(const Exchange& exchange, const ManageUser& user, RequestRow row,
                            DecisionRemarks remarks) {
  Context& context = exchange.context;
  const AccessSettings& access = context.settings.access;
  const PropertyOffer offer = co_await or_unavailable(
      exchange,
      offer_properties(exchange, reach_to_process(context, user), offered_keys(row, remarks)));
  pages::Values values;
  values.text = {{"id", row.id},
                 {"person_email", row.email},
                 {"person_name", row.name},
                 {"asked_level", row.level},
                 {"property_name", row.property_name},
                 {"property_key", row.shared_key},
                 {"until", readable_day(row.expires_at)},
                 {"reason", row.note},
                 {"requested_by", row.requested_by},
                 {"asked_on", readable_time(row.requested_at)},
                 {"waiting_since", readable_time(row.waiting_since)},
                 {"reason_given", remarks.reason}};
  values.messages = {{"error", remarks.error},
                     {"reason_error", remarks.reason_error},
                     {"way_to_sign_on", way_to_sign_on(*context.companies, row.email)},
                     {"lost_reach", lost_reach_message(row)},
                     {"held", held_message(row)}};
  values.flags = {{"may_decide", row.may_decide},
                  {"has_errors", remarks.status != 200},
                  {"is_everywhere", row.property == kAllProperties},
                  {"is_closed", row.is_closed}};
  values.lists["levels"] = level_choices(access, user.fields().access_level,
                                         remarks.level.empty() ? row.level : remarks.level);
  add_checkboxes(values, offer, remarks);
  co_return manage_page(exchange, user, ManageTab::queue, "manage_request", remarks.status,
                        std::move(values));
}

PropertiesTyped typed_in(const http::Form& form) {
  return {std::string(text::trimmed(form.get("looked_for"))),
          std::string(form.get("looked_for_was")), form.repeated(),
          std::string(form.get("chosen_was"))};
}

// What was found by a part is seen before access is given there.
void add_found(DecisionRemarks& remarks, PropertiesFound found, bool is_search) {
  for (std::string& key : found.keys) {
    if (!has(remarks.properties, key)) remarks.properties.push_back(std::move(key));
  }
  remarks.looked_for = std::move(found.left);
  remarks.rest = std::move(found.rest);
  if (!is_search && !found.are_whole) remarks.rest.complaint += "seek_parts"_message;
}

store::Decision decision_of(const RequestRow& row, const DecisionRemarks& remarks,
                            bool is_approval) {
  store::Decision decision;
  decision.requests = {row.id};
  decision.is_approval = is_approval;
  if (!is_approval) {
    decision.reason = remarks.reason;
    return decision;
  }
  if (remarks.level != row.level) decision.level = remarks.level;
  if (remarks.properties != std::vector{row.property}) decision.properties = remarks.properties;
  return decision;
}

Response gone(const Exchange& exchange) {
  return redirect(303, exchange.context.path("/manage/queue?notice=gone"));
}

}  // namespace

Task<Response> show_request(Exchange exchange, ManageUser user) {
  const auto query = http::Form::parse(exchange.head().query);
  if (!query) co_return gone(exchange);
  std::optional<RequestRow> row =
      co_await or_unavailable(exchange, find(exchange, user, query->get("id")));
  if (!row) co_return gone(exchange);
  DecisionRemarks asked_for;
  asked_for.properties = {row->property};
  Response page = co_await request_page(exchange, user, std::move(*row), std::move(asked_for));
  co_return page;
}

Task<Response> decide_request(Exchange exchange, ManageUser user) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body(), "property");
  const std::string_view answer = form ? form->get("answer") : std::string_view{};
  const bool is_approval = answer == "approve";
  const bool is_search = answer == "find";
  if (!is_approval && !is_search && answer != "decline") {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "no decision"});
  }
  std::optional<RequestRow> row =
      co_await or_unavailable(exchange, find(exchange, user, form->get("id")));
  if (!row) co_return gone(exchange);

  DecisionRemarks remarks;
  remarks.level = form->get("level");
  remarks.reason = text::trimmed(form->get("reason"));
  remarks.properties = form->repeated();
  // The form for declining has no boxes: the other one is as it was.
  if (answer == "decline") remarks.properties = {row->property};
  if (PropertiesTyped typed = typed_in(*form); !typed.typed.empty()) {
    PropertiesFound found = co_await or_unavailable(
        exchange,
        find_several_properties(exchange, reach_to_process(context, user), std::move(typed)));
    add_found(remarks, std::move(found), is_search);
  }
  if (is_approval && remarks.properties.empty()) remarks.error = "choose_property"_message;
  if (answer == "decline") remarks.reason_error = complaint_about_note(remarks.reason);
  const bool is_clear =
      remarks.error.empty() && remarks.reason_error.empty() && remarks.rest.complaint.empty();
  if (is_clear && !is_search) {
    std::vector<store::DecidingResult> results = co_await or_unavailable(
        exchange,
        store::decide_requests(context.ports.database, user.actor, context.settings.access,
                               decision_of(*row, remarks, is_approval)));
    if (results.front().outcome == store::Deciding::done) {
      co_return redirect(303, context.path("/manage/queue?") + decided_query(is_approval, 1));
    }
    remarks.error = why_not(results.front());
    remarks.status = 409;
  } else if (!is_clear) {
    remarks.status = 422;
  }
  Response page = co_await request_page(exchange, user, std::move(*row), std::move(remarks));
  co_return page;
}

}  // namespace anteroom::journey
