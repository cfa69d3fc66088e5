#include <algorithm>
#include <utility>

#include "anteroom/people.h"
#include "anteroom/requests.h"
#include "http/form.h"
#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/manage/choices.h"
#include "journey/manage/company_choice.h"
#include "journey/manage/decisions.h"
#include "journey/manage/manage.h"
#include "journey/manage/people_list.h"
#include "journey/manage/property_choice.h"
#include "journey/manage/steps.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using store::Deciding;

constexpr int kPerPage = 50;
constexpr int kMaxWaiting = 20;
constexpr int kMaxDays = 3650;

// What part of the queue is looked at. Its fields have names of their own: the form of decisions
// carries them too.
struct View {
  std::string company;
  PropertyPick property;
  int days = 0;
  std::string after;

  static View of(const http::Form& form) {
    View view{std::string(form.get("in_company")), PropertyPick::of(form),
              std::clamp(number_in(form.get("min_days")), 0, kMaxDays),
              std::string(form.get("after"))};
    // As its own links have it.
    PropertyPick& property = view.property;
    if (property.key.empty() && property.typed.empty()) property.key = form.get("in_property");
    return view;
  }
  // Of the first page: "?in_company=…" or empty.
  [[nodiscard]] std::string query() const {
    std::string text;
    const auto add = [&](std::string_view name, std::string_view value) {
      if (value.empty()) return;
      text += text.empty() ? '?' : '&';
      text.append(name).append("=").append(http::percent_encode(value));
    };
    add("in_company", company);
    add("in_property", property.key);
    if (days > 0) add("min_days", std::to_string(days));
    return text;
  }
};

std::string with(const std::string& query, const std::string& field) {
  return query + (query.empty() ? "?" : "&") + field;
}

store::RequestFilter filter_of(const CompanyDirectory& companies, const View& view) {
  store::RequestFilter filter;
  if (const auto* idp = companies.by_name(view.company)) filter.domains = idp->domains;
  filter.property = view.property.key;
  filter.older_than_days = view.days;
  filter.after = view.after;
  filter.limit = kPerPage + 1;
  return filter;
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
                {"reason", request.note},
                {"requested_by", request.requested_by},
                {"asked_on", readable_time(request.requested_at)},
                {"waiting_since", readable_time(request.waiting_since)}};
  entry.flags["may_decide"] = request.may_decide;
  entry.flags["is_closed"] = request.is_closed;
  entry.messages["lost_reach"] = lost_reach_message(request);
  if (companies.by_domain(request.email.substr(request.email.find('@') + 1)) == nullptr) {
    entry.messages["no_sign_on"] = way_to_sign_on(companies, request.email);
  }
  return entry;
}

// What the page says besides what is in the queue.
struct QueueRemarks {
  int status = 200;
  Message notice;
  Message error;         // of the form as a whole
  Message reason_error;  // of the field
  std::string reason;
  std::vector<pages::Values> failures;
};

// Whose requests are asked for: where there are many companies, by what is typed.
struct CompanyFilter {
  std::string typed;
  bool is_typed = false;
  bool is_unknown = false;
  std::vector<const IdentityProvider*> several;  // that may have been meant
};

// Leaves in the view what is clear.
CompanyFilter company_filter(const std::vector<const IdentityProvider*>& companies, View& view) {
  CompanyFilter filter;
  filter.is_typed = companies.size() > kMostOffered;
  if (!filter.is_typed) return filter;
  filter.typed = std::exchange(view.company, "");
  filter.several = find_companies(companies, filter.typed, kMostOffered);
  filter.is_unknown = filter.several.empty() && !filter.typed.empty();
  if (filter.several.size() != 1) return filter;
  view.company = filter.typed = filter.several.front()->name;
  filter.several.clear();
  return filter;
}

void add_companies(pages::Values& values, const Context& context,
                   const std::vector<const IdentityProvider*>& companies,
                   const CompanyFilter& filter, const View& view) {
  values.flags["is_company_typed"] = filter.is_typed;
  values.text["typed_company"] = filter.typed;
  if (!filter.is_typed) {
    for (const IdentityProvider* idp : companies) {
      values.lists["companies"].push_back(choice(idp->name, idp->display_name, view.company));
    }
    return;
  }
  if (filter.is_unknown) values.messages["company_error"] = "queue_company_unknown"_message;
  values.flags["has_several_companies"] = !filter.several.empty();
  if (filter.several.empty()) return;
  values.messages["company_error"] = "queue_company_several"_message;
  for (const IdentityProvider* idp : filter.several) {
    View one = view;
    one.company = idp->name;
    values.lists["several_companies"].push_back(
        {{{"href", context.path("/manage/queue") + one.query()}, {"name", idp->display_name}}});
  }
}

std::vector<pages::Values> day_choices(const View& view) {
  std::vector<pages::Values> choices;
  for (const char* days : {"1", "3", "7", "30"}) {
    choices.push_back(choice(days, days, std::to_string(view.days)));
  }
  return choices;
}

// Whoever has signed on and has nobody who asked for them.
Task<Result<std::vector<pages::Values>>> waiting_entries(const Exchange& exchange,
                                                         const ManageUser& user) {
  const Settings& settings = exchange.context.settings;
  Result<std::vector<store::Person>> people = co_await store::waiting_without_request(
      exchange.context.ports.database, user.actor, settings.access, kMaxWaiting);
  if (!people) co_return people.failure();
  std::vector<pages::Values> entries;
  for (const store::Person& person : *people) {
    pages::Values entry;
    entry.text = {{"person_email", person.email},
                  {"person_name", person.name},
                  {"company", exchange.companies->display_name(person.idp)},
                  {"signed_on", readable_time(person.last_sign_on_at)},
                  {"email_query", http::percent_encode(person.email)}};
    entries.push_back(std::move(entry));
  }
  co_return entries;
}

Task<Response> queue_page(const Exchange& exchange, const ManageUser& user, View view,
                          QueueRemarks remarks) {
  Context& context = exchange.context;
  const Settings& settings = context.settings;
  const Reach reach = reach_to_process(context, user);
  PropertyFound found = co_await or_unavailable(
      exchange, find_property(exchange, reach, view.property, Parts::suffice));
  if (!found.complaint.empty()) found.complaint += "queue_all_properties"_message;
  view.property.key = found.key;
  const auto companies = companies_for(exchange, user);
  const CompanyFilter of_company = company_filter(companies, view);
  const PropertyOffer offer =
      co_await or_unavailable(exchange, offer_properties(exchange, reach, view.property));
  store::RequestFilter filter = filter_of(*exchange.companies, view);
  std::vector<store::RequestRow> rows = co_await or_unavailable(
      exchange,
      store::list_requests(context.ports.database, user.actor, settings.access, std::move(filter)));

  std::vector<pages::Values> waiting;
  if (view.after.empty()) {
    waiting = co_await or_unavailable(exchange, waiting_entries(exchange, user));
  }

  pages::Values values;
  values.messages = {
      {"notice", remarks.notice}, {"error", remarks.error}, {"reason_error", remarks.reason_error}};
  values.text = {{"reason_given", remarks.reason},
                 {"in_company", view.company},
                 {"in_property", view.property.key},
                 {"min_days", view.days > 0 ? std::to_string(view.days) : ""},
                 {"first_query", view.query()}};
  values.flags["has_waiting"] = !waiting.empty();
  values.lists["waiting"] = std::move(waiting);
  values.flags["is_first"] = view.after.empty();
  values.flags["is_filtered"] = !view.query().empty();
  if (rows.size() > kPerPage) {
    rows.pop_back();
    const std::string after = rows.back().requested_at + " " + rows.back().id;
    values.text["next_query"] = with(view.query(), "after=" + http::percent_encode(after));
  }
  values.flags["has_failures"] = !remarks.failures.empty();
  values.lists["failures"] = std::move(remarks.failures);
  add_companies(values, context, companies, of_company, view);
  add_property_choice(values, offer, view.property, found);
  values.lists["ages"] = day_choices(view);
  auto& requests = values.lists["requests"];
  for (const store::RequestRow& row : rows) requests.push_back(entry_of(*exchange.companies, row));
  values.flags["may_decide_any"] = std::any_of(
      rows.begin(), rows.end(), [](const store::RequestRow& row) { return row.may_decide; });
  co_return manage_page(exchange, user, ManageTab::queue, "manage_queue", remarks.status,
                        std::move(values));
}

// A checkbox says "UUID address", so that whatever comes of it can be told with a name.
struct Chosen {
  std::vector<std::string> requests;
  std::vector<std::string> names;
};

Chosen chosen_in(const http::Form& form) {
  Chosen chosen;
  for (const std::string& value : form.repeated()) {
    const auto space = std::min(value.find(' '), value.size());
    chosen.requests.push_back(value.substr(0, space));
    chosen.names.push_back(value.substr(std::min(space + 1, value.size())));
  }
  return chosen;
}

std::vector<pages::Values> failures_in(const Chosen& chosen,
                                       const std::vector<store::DecidingResult>& results) {
  std::vector<pages::Values> failures;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].outcome == Deciding::done) continue;
    failures.push_back({{{"who", chosen.names[i]}}, {}, {{"why", why_not(results[i])}}});
  }
  return failures;
}

QueueRemarks check(const Chosen& chosen, std::string_view reason) {
  QueueRemarks remarks;
  if (chosen.requests.empty()) remarks.error = "choose_one_request"_message;
  remarks.reason_error = complaint_about_note(reason);
  if (!remarks.error.empty() || !remarks.reason_error.empty()) remarks.status = 422;
  return remarks;
}

}  // namespace

Task<Response> show_queue(Exchange exchange, ManageUser user) {
  const auto query = http::Form::parse(exchange.head().query);
  View view = query ? View::of(*query) : View{};
  QueueRemarks remarks;
  if (query) {
    const std::string_view notice = query->get("notice");
    if (notice == "gone") remarks.error = "gone_already"_message;
    remarks.notice = decided_message(notice, query->get("count"));
  }
  Response page = co_await queue_page(exchange, user, std::move(view), std::move(remarks));
  co_return page;
}

std::string to_queue(const Exchange& /*exchange*/) {
  return "/manage/queue";
}

Task<Response> decide(Exchange exchange, ManageUser user) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body(), "request");
  const std::string_view answer = form ? form->get("answer") : std::string_view{};
  if (answer != "approve" && answer != "decline") {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "no decision"});
  }
  View view = View::of(*form);
  const Chosen chosen = chosen_in(*form);
  store::Decision decision;
  decision.requests = chosen.requests;
  decision.is_approval = answer == "approve";
  decision.reason = decision.is_approval ? "" : text::trimmed(form->get("reason"));
  QueueRemarks remarks = check(chosen, decision.reason);
  remarks.reason = text::trimmed(form->get("reason"));
  if (remarks.status == 200) {
    std::vector<store::DecidingResult> results = co_await or_unavailable(
        exchange, store::decide_requests(context.ports.database, user.actor,
                                         context.settings.access, std::move(decision)));
    remarks.failures = failures_in(chosen, results);
    const std::size_t done = results.size() - remarks.failures.size();
    if (remarks.failures.empty()) {
      co_return redirect(303, context.path("/manage/queue") +
                                  with(view.query(), decided_query(answer == "approve", done)));
    }
    remarks.status = 409;
    if (done > 0) remarks.notice = decided_message(answer == "approve", done);
  }
  Response page = co_await queue_page(exchange, user, std::move(view), std::move(remarks));
  co_return page;
}

}  // namespace anteroom::journey
