#include <algorithm>

#include "anteroom/people.h"
#include "http/form.h"
#include "journey/frame/property_names.h"
#include "journey/frame/respond.h"
#include "journey/manage/draft.h"
#include "journey/manage/event_words.h"
#include "journey/manage/manage.h"
#include "journey/manage/people_values.h"
#include "journey/manage/steps.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

constexpr int kPageSize = 50;
constexpr std::size_t kMaxSearch = 200;
constexpr std::size_t kMaxField = 320;

std::string field(const std::optional<http::Form>& form, std::string_view name) {
  return form ? std::string(text::cut(form->get(name), kMaxField)) : "";
}

std::string show_path(const std::string& user) {
  return "/manage/people/show?user=" + http::percent_encode(user);
}

Message notice_message(std::string_view notice) {
  if (notice == "granted") return "people_granted"_message;
  if (notice == "removed") return "people_removed"_message;
  if (notice == "disabled") return "people_disabled"_message;
  if (notice == "enabled") return "people_enabled"_message;
  if (notice == "ended") return "people_ended"_message;
  return {};
}

int status_of(store::PersonChange change) {
  switch (change) {
    case store::PersonChange::done:
      return 200;
    case store::PersonChange::not_allowed:
    case store::PersonChange::above_own_level:
    case store::PersonChange::own_account:
    case store::PersonChange::own_request:
      return 403;
    default:
      return 422;
  }
}

// What somebody tried may be any key: whether there is such a property is told to whoever sees all.
std::vector<std::string> keys_in_history(const store::PersonDetail& person, bool sees_all) {
  std::vector<std::string> keys;
  for (const store::HistoryRow& event : person.history) {
    if (!sees_all && (event.kind == "denied" || event.kind == "manage_refused")) continue;
    for (std::string& key : keys_in_event(event.kind, event.detail)) keys.push_back(std::move(key));
  }
  return keys;
}

// The person's page as it is now, with what was tried on it.
Task<Response> person_page(Exchange& exchange, const ManageUser& viewer, std::string user,
                           Tried tried, int status, Message notice) {
  Context& context = exchange.context;
  auto showing = store::show_person(context.ports.database, viewer.actor, context.settings.access,
                                    std::move(user));
  const std::optional<store::PersonDetail> person =
      co_await or_unavailable(exchange, std::move(showing));
  if (!person) {
    co_return explain(context, exchange.head(), {Code{"no_such_person"}, ""},
                      {404,
                       "not_found_title"_message,
                       "no_such_person"_message,
                       {},
                       context.path("/manage/people"),
                       "person_back"_message});
  }
  auto offering = offer_properties(exchange, reach_to_process(context, viewer), tried.pick);
  const PropertyOffer offer = co_await or_unavailable(exchange, std::move(offering));
  auto naming = store::property_names(context.ports.database,
                                      keys_in_history(*person, is_everywhere(context, viewer)));
  const store::PropertyNames names = co_await or_unavailable(exchange, std::move(naming));
  pages::Values values = person_page_values(context, *person, offer, names, viewer.fields(), tried);
  values.messages["notice"] = std::move(notice);
  co_return manage_page(exchange, viewer, ManageTab::people, "manage_person", status,
                        std::move(values));
}

// After a change: the person's page, by a new request if it was made.
Task<Response> after_change(Exchange& exchange, const ManageUser& viewer, std::string user,
                            Tried tried, Result<store::PersonChange> changed,
                            std::string_view notice) {
  if (!changed) co_return unavailable(exchange.context, exchange.head(), changed.failure());
  if (*changed == store::PersonChange::done) {
    co_return redirect(303,
                       exchange.context.path(show_path(user)) + "&notice=" + std::string(notice));
  }
  tried.error = change_message(*changed);
  auto showing = person_page(exchange, viewer, std::move(user), std::move(tried),
                             status_of(*changed), Message());
  Response response = co_await showing;
  co_return response;
}

}  // namespace

Task<Response> list_people(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto query = http::Form::parse(exchange.head().query);
  const std::string asked = field(query, "q");
  const std::string search(text::cut(asked, kMaxSearch));
  const bool only_waiting = field(query, "waiting") == "1";
  auto searching =
      store::search_people(context.ports.database, viewer.actor, context.settings.access, search,
                           only_waiting, field(query, "after"), kPageSize + 1);
  const std::vector<store::Person> found = co_await or_unavailable(exchange, std::move(searching));

  std::vector<std::string> keys;
  for (const store::Person& person : found) {
    for (std::string& key : keys_in_grants(person.grants)) keys.push_back(std::move(key));
  }
  auto naming = store::property_names(context.ports.database, std::move(keys));
  const store::PropertyNames names = co_await or_unavailable(exchange, std::move(naming));

  pages::Values values;
  values.text["search"] = search;
  values.flags["only_waiting"] = only_waiting;
  values.flags["is_first"] = field(query, "after").empty();
  const std::string here = context.path("/manage/people") + "?q=" + http::percent_encode(search) +
                           (only_waiting ? "&waiting=1" : "");
  values.text["first_url"] = here;
  const auto shown = std::min<std::size_t>(found.size(), kPageSize);
  auto& people = values.lists["people"];
  for (std::size_t i = 0; i < shown; ++i) people.push_back(person_values(context, found[i], names));
  values.flags["has_people"] = shown > 0;
  if (shown < found.size()) {
    values.text["next_url"] = here + "&after=" + http::percent_encode(found[shown - 1].email);
  }
  co_return manage_page(exchange, viewer, ManageTab::people, "manage_people", 200,
                        std::move(values));
}

Task<Response> show_person(Exchange exchange, ManageUser viewer) {
  const auto query = http::Form::parse(exchange.head().query);
  auto showing = person_page(exchange, viewer, field(query, "user"), {}, 200,
                             notice_message(field(query, "notice")));
  Response response = co_await showing;
  co_return response;
}

std::string to_person(const Exchange& exchange) {
  return show_path(field(http::Form::parse(exchange.request.body()), "user"));
}

Task<Response> change_grant(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string user = field(form, "user");
  const bool is_removal = form && form->has("remove");
  Tried tried{field(form, "form") == "add" ? "add" : "grant"};
  PropertyPick pick = form ? PropertyPick::of(*form) : PropertyPick();
  tried.property = text::cut(pick.key, kMaxField);
  if (tried.form == "add") {
    tried.pick = std::move(pick);
    auto finding = find_property(exchange, reach_to_process(context, viewer), tried.pick,
                                 Parts::are_asked_about);
    tried.found = co_await or_unavailable(exchange, std::move(finding));
    if (tried.found.complaint.empty()) tried.pick.key = tried.found.key;
    if (tried.pick.key.empty() && tried.found.complaint.empty()) {
      tried.found.complaint = "choose_property"_message;
    }
    tried.property = text::cut(tried.pick.key, kMaxField);
  }
  tried.entered = {user, tried.property, is_removal ? "" : field(form, "level"),
                   is_removal ? "" : field(form, "expires_at")};
  if (!tried.found.complaint.empty()) {
    auto asking = person_page(exchange, viewer, user, std::move(tried), 422, Message());
    Response response = co_await asking;
    co_return response;
  }
  store::GrantChange change = tried.entered;
  // The form knows days only: one that was not touched keeps its hour.
  const std::string was = field(form, "expires_was");
  const bool is_kept = !change.expires_at.empty() && was.starts_with(change.expires_at);
  change.expires_at = is_kept ? was : last_moment(change.expires_at);
  Result<store::PersonChange> changed = store::PersonChange::no_level;
  if (is_removal || !change.level.empty()) {
    auto changing = store::change_grant(context.ports.database, viewer.actor,
                                        context.settings.access, std::move(change));
    changed = co_await changing;
  }
  auto showing = after_change(exchange, viewer, user, std::move(tried), std::move(changed),
                              is_removal ? "removed" : "granted");
  Response response = co_await showing;
  co_return response;
}

Task<Response> switch_account(Exchange exchange, ManageUser viewer) {
  const auto form = http::Form::parse(exchange.request.body());
  const std::string user = field(form, "user");
  const bool is_disabled = field(form, "then") != "enabled";
  Context& context = exchange.context;
  auto changing = store::set_disabled(context.ports.database, viewer.actor, context.settings.access,
                                      user, is_disabled);
  Result<store::PersonChange> changed = co_await changing;
  auto showing = after_change(exchange, viewer, user, Tried{"account"}, std::move(changed),
                              is_disabled ? "disabled" : "enabled");
  Response response = co_await showing;
  co_return response;
}

Task<Response> end_sessions(Exchange exchange, ManageUser viewer) {
  const auto form = http::Form::parse(exchange.request.body());
  const std::string user = field(form, "user");
  // Which, and never all of them by what is missing.
  const std::string reference = field(form, "session");
  const bool is_all = form && form->has("all");
  Result<store::PersonChange> changed = store::PersonChange::not_found;
  if (is_all || !reference.empty()) {
    Context& context = exchange.context;
    auto changing =
        store::end_sessions(context.ports.database, viewer.actor, context.settings.access, user,
                            is_all ? std::string() : reference);
    changed = co_await changing;
  }
  auto showing =
      after_change(exchange, viewer, user, Tried{"sessions"}, std::move(changed), "ended");
  Response response = co_await showing;
  co_return response;
}

}  // namespace anteroom::journey
