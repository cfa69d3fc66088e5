#include "anteroom/requests.h"
#include "http/form.h"
#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/manage/choices.h"
#include "journey/manage/manage.h"
#include "journey/manage/steps.h"

namespace anteroom::journey {

namespace {

constexpr int kPerPage = 50;

Message notice_message(std::string_view notice) {
  if (notice == "filed") return "request_filed"_message;
  if (notice == "filed_waiting") return "request_filed_waiting"_message;
  if (notice == "filed_many") return "request_filed_many"_message;
  if (notice == "withdrawn") return "request_withdrawn"_message;
  if (notice == "too_late") return "request_too_late"_message;
  return {};
}

Message state_message(const store::RequestRow& request) {
  if (request.state == "approved") return "state_approved"_message;
  if (request.state == "declined") return "state_declined"_message;
  if (request.state == "withdrawn") return "state_withdrawn"_message;
  return "state_open"_message;
}

pages::Values entry_of(const CompanyDirectory& companies, const store::RequestRow& request) {
  pages::Values entry;
  entry.text = {{"id", request.id},
                {"person_name", request.name},
                {"person_email", request.email},
                {"level", request.level},
                {"property_name", request.property_name},
                {"property_key", request.shared_key},
                {"until", readable_day(request.expires_at)},
                {"asked_on", readable_time(request.requested_at)},
                {"waiting_since", readable_time(request.waiting_since)},
                {"decided_by", request.decided_by},
                {"decided_on", readable_time(request.decided_at)},
                {"reason", request.reason}};
  entry.flags = {{"is_open", request.state == "open"},
                 {"is_approved", request.state == "approved"},
                 {"is_declined", request.state == "declined"},
                 {"is_closed", request.state == "open" && request.is_closed},
                 {"is_decided", request.state == "approved" || request.state == "declined"}};
  entry.messages["state"] = state_message(request);
  if (request.state == "open") {
    entry.messages["way_to_sign_on"] = way_to_sign_on(companies, request.email);
  }
  return entry;
}

}  // namespace

Task<Response> show_requests(Exchange exchange, ManageUser user) {
  Context& context = exchange.context;
  const auto query = http::Form::parse(exchange.head().query);
  store::RequestFilter filter;
  filter.requested_by = user.actor.user;
  if (query) filter.after = query->get("after");
  filter.limit = kPerPage + 1;
  const bool is_first = filter.after.empty();
  std::vector<store::RequestRow> rows = co_await or_unavailable(
      exchange, store::list_requests(context.ports.database, user.actor, context.settings.access,
                                     std::move(filter)));
  pages::Values values;
  if (query) values.messages["notice"] = notice_message(query->get("notice"));
  values.flags["is_first"] = is_first;
  if (rows.size() > kPerPage) {
    rows.pop_back();
    values.text["after"] = http::percent_encode(rows.back().requested_at + " " + rows.back().id);
  }
  auto& requests = values.lists["requests"];
  for (const store::RequestRow& row : rows) requests.push_back(entry_of(*context.companies, row));
  co_return manage_page(exchange, user, ManageTab::requests, "manage_requests", 200,
                        std::move(values));
}

std::string to_requests(const Exchange& /*exchange*/) {
  return "/manage/requests";
}

Task<Response> withdraw_request(Exchange exchange, ManageUser user) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  std::string id(form ? form->get("request") : "");
  const bool is_done = co_await or_unavailable(
      exchange, store::withdraw_request(context.ports.database, user.actor, std::move(id)));
  co_return redirect(
      303, context.path("/manage/requests?notice=") + (is_done ? "withdrawn" : "too_late"));
}

}  // namespace anteroom::journey
