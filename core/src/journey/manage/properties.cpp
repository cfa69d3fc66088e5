// Properties, for whoever decides at all of them.
#include <algorithm>

#include "anteroom/properties.h"
#include "journey/frame/property_names.h"
#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/manage/forms.h"
#include "journey/manage/manage.h"
#include "journey/manage/steps.h"

namespace anteroom::journey {

namespace {

using store::PropertyChange;

constexpr int kPageSize = 50;
constexpr std::size_t kMaxSearch = 200;
constexpr std::size_t kMaxKey = 64;  // one more than a key may have: cut off, none is another
constexpr std::size_t kMaxName = 2000;

std::string show_path(const std::string& key) {
  return "/manage/properties/show?key=" + http::percent_encode(key);
}

Message notice_message(std::string_view notice) {
  if (notice == "put_in") return "properties_put_in_done"_message;
  if (notice == "added") return "property_added"_message;
  if (notice == "renamed") return "property_renamed"_message;
  if (notice == "closed") return "property_closed"_message;
  if (notice == "opened") return "property_opened"_message;
  return {};
}

Message change_message(PropertyChange change) {
  switch (change) {
    case PropertyChange::done:
      return {};
    case PropertyChange::exists:
      return "property_exists"_message;
    case PropertyChange::bad_key:
      return "property_bad_key"_message;
    case PropertyChange::changed:
      return "property_changed"_message;
    case PropertyChange::not_found:
      return "property_not_found"_message;
    case PropertyChange::not_allowed:
      break;
  }
  return "property_not_allowed"_message;
}

int status_of(PropertyChange change) {
  if (change == PropertyChange::not_allowed) return 403;
  return change == PropertyChange::changed ? 409 : 422;
}

pages::Values property_values(const Context& context, const store::PropertyRow& property) {
  pages::Values values;
  values.text = {{"key", property.key},
                 {"name", property.name.empty() ? property.key : property.name},
                 {"href", context.path(show_path(property.key))},
                 {"closed_on", readable_time(property.closed_at)},
                 {"closed_by", property.closed_by}};
  values.flags["is_closed"] = !property.closed_at.empty();
  return values;
}

struct TriedProperty : Attempt {
  std::string key, name;  // as entered
};

struct View {
  std::string search, state, after;

  static View of(const std::optional<http::Form>& query) {
    const std::string state = field_of(query, "state", kMaxKey);
    return {field_of(query, "q", kMaxSearch), state == "open" || state == "closed" ? state : "",
            field_of(query, "after", kMaxKey)};
  }
};

Task<Response> list_page(Exchange& exchange, const ManageUser& viewer, View view,
                         TriedProperty tried) {
  Context& context = exchange.context;
  auto searching = store::search_properties(
      context.ports.database, viewer.actor, context.settings.access,
      store::PropertyFilter{view.search, view.state, view.after, kPageSize + 1});
  const std::vector<store::PropertyRow> found =
      co_await or_unavailable(exchange, std::move(searching));
  pages::Values values;
  values.messages = std::move(tried.messages);
  const std::string here = context.path("/manage/properties?q=") +
                           http::percent_encode(view.search) + "&state=" + view.state;
  values.text = {{"search", view.search},
                 {"first_url", here},
                 {"given_key", tried.key},
                 {"given_name", tried.name}};
  values.flags = {{"only_open", view.state == "open"},
                  {"only_closed", view.state == "closed"},
                  {"has_errors", tried.status != 200},
                  {"is_first", view.after.empty()},
                  {"has_properties", !found.empty()}};
  const auto shown = std::min<std::size_t>(found.size(), kPageSize);
  auto& entries = values.lists["entries"];
  for (std::size_t i = 0; i < shown; ++i) entries.push_back(property_values(context, found[i]));
  if (shown < found.size()) {
    values.text["next_url"] = here + "&after=" + http::percent_encode(found[shown - 1].key);
  }
  co_return manage_page(exchange, viewer, ManageTab::properties, "manage_properties", tried.status,
                        std::move(values));
}

Response no_such_property(Exchange& exchange) {
  Context& context = exchange.context;
  return explain(context, exchange.head(), {Code{"no_such_property"}, ""},
                 {404,
                  "not_found_title"_message,
                  "property_not_found"_message,
                  {},
                  context.path("/manage/properties"),
                  "property_back"_message});
}

Task<Response> property_page(Exchange& exchange, const ManageUser& viewer, std::string key,
                             TriedProperty tried) {
  Context& context = exchange.context;
  auto showing = store::show_property(context.ports.database, viewer.actor, context.settings.access,
                                      std::move(key));
  const std::optional<store::PropertyRow> property =
      co_await or_unavailable(exchange, std::move(showing));
  if (!property) co_return no_such_property(exchange);
  pages::Values values = property_values(context, *property);
  values.messages = std::move(tried.messages);
  values.text["was"] = property->name;
  values.text["given_name"] = tried.name.empty() ? property->name : tried.name;
  values.text["people"] = std::to_string(property->people);
  values.text["requests"] = std::to_string(property->requests);
  values.flags["has_errors"] = tried.status != 200;
  co_return manage_page(exchange, viewer, ManageTab::properties, "manage_property", tried.status,
                        std::move(values));
}

// After a change: the property's page, by a new request if it was made.
Task<Response> after_change(Exchange& exchange, const ManageUser& viewer, std::string key,
                            TriedProperty tried, Result<PropertyChange> changed,
                            std::string notice) {
  if (!changed) co_return unavailable(exchange.context, exchange.head(), changed.failure());
  if (*changed == PropertyChange::done) {
    co_return redirect(303, exchange.context.path(show_path(key)) + "&notice=" + notice);
  }
  tried.refuse("failure", change_message(*changed), status_of(*changed));
  auto showing = property_page(exchange, viewer, std::move(key), std::move(tried));
  Response response = co_await showing;
  co_return response;
}

}  // namespace

Task<Response> list_properties(Exchange exchange, ManageUser viewer) {
  const auto query = http::Form::parse(exchange.head().query);
  View view = View::of(query);
  TriedProperty nothing;
  nothing.messages["notice"] = notice_message(field_of(query, "notice", kMaxKey));
  auto showing = list_page(exchange, viewer, std::move(view), std::move(nothing));
  Response response = co_await showing;
  co_return response;
}

Task<Response> add_property(Exchange exchange, ManageUser viewer) {
  const auto form = http::Form::parse(exchange.request.body());
  Context& context = exchange.context;
  TriedProperty tried;
  tried.key = field_of(form, "key", kMaxKey);
  tried.name = field_of(form, "name", kMaxName);
  if (Message bad = complaint_about_needed_name(tried.name); !bad.empty())
    tried.refuse("name_error", bad);
  if (tried.status == 200) {
    auto making = store::make_property(context.ports.database, viewer.actor,
                                       context.settings.access, tried.key, tried.name);
    const PropertyChange made = co_await or_unavailable(exchange, std::move(making));
    if (made == PropertyChange::done) {
      co_return redirect(303, context.path(show_path(tried.key)) + "&notice=added");
    }
    tried.refuse("key_error", change_message(made), status_of(made));
  }
  View all;
  auto showing = list_page(exchange, viewer, std::move(all), std::move(tried));
  Response response = co_await showing;
  co_return response;
}

Task<Response> show_property(Exchange exchange, ManageUser viewer) {
  const auto query = http::Form::parse(exchange.head().query);
  TriedProperty tried;
  tried.messages["notice"] = notice_message(field_of(query, "notice", kMaxKey));
  auto showing = property_page(exchange, viewer, field_of(query, "key", kMaxKey), std::move(tried));
  Response response = co_await showing;
  co_return response;
}

std::string to_property(const Exchange& exchange) {
  return show_path(field_of(http::Form::parse(exchange.request.body()), "key", kMaxKey));
}

std::string to_properties(const Exchange& /*exchange*/) {
  return "/manage/properties";
}

Task<Response> rename_property(Exchange exchange, ManageUser viewer) {
  const auto form = http::Form::parse(exchange.request.body());
  Context& context = exchange.context;
  std::string key = field_of(form, "key", kMaxKey);
  TriedProperty tried;
  tried.name = field_of(form, "name", kMaxName);
  if (Message bad = complaint_about_needed_name(tried.name); !bad.empty()) {
    tried.refuse("name_error", bad);
    auto showing = property_page(exchange, viewer, std::move(key), std::move(tried));
    Response response = co_await showing;
    co_return response;
  }
  auto renaming =
      store::rename_property(context.ports.database, viewer.actor, context.settings.access, key,
                             tried.name, std::string(form ? form->get("was") : std::string_view()));
  Result<PropertyChange> renamed = co_await renaming;
  auto showing =
      after_change(exchange, viewer, key, std::move(tried), std::move(renamed), "renamed");
  Response response = co_await showing;
  co_return response;
}

Task<Response> close_property(Exchange exchange, ManageUser viewer) {
  const auto form = http::Form::parse(exchange.request.body());
  Context& context = exchange.context;
  std::string key = field_of(form, "key", kMaxKey);
  const std::string then = field_of(form, "then", kMaxKey);
  if (then != "closed" && then != "open") {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "neither"});
  }
  const bool is_closed = then == "closed";
  auto closing = store::close_property(context.ports.database, viewer.actor,
                                       context.settings.access, key, is_closed);
  Result<PropertyChange> closed = co_await closing;
  TriedProperty nothing;
  auto showing = after_change(exchange, viewer, key, std::move(nothing), std::move(closed),
                              is_closed ? "closed" : "opened");
  Response response = co_await showing;
  co_return response;
}

}  // namespace anteroom::journey
