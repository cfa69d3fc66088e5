#include "journey/manage/people_values.h"

#include <algorithm>
#include <array>
#include <utility>

#include "access/levels.h"
#include "anteroom/grants.h"
#include "anteroom/people.h"
#include "http/form.h"
#include "journey/frame/property_names.h"
#include "journey/frame/readable.h"
#include "journey/manage/choices.h"
#include "journey/manage/event_words.h"

namespace anteroom::journey {

namespace {

using pages::Values;

constexpr std::array<EventName, 22> kHistory{
    {{"signed_on", "history_signed_on"_message},
     {"sign_on_refused", "history_sign_on_refused"_message},
     {"signed_out", "history_signed_out"_message},
     {"handed_over", "history_handed_over"_message},
     {"sessions_ended", "history_sessions_ended"_message},
     {"user_created", "history_user_created"_message},
     {"user_added", "history_user_added"_message},
     {"user_pinned", "history_user_pinned"_message},
     {"user_unpinned", "history_user_unpinned"_message},
     {"user_enabled", "history_user_enabled"_message},
     {"user_disabled", "history_user_disabled"_message},
     {"email_changed", "history_email_changed"_message},
     {"email_conflict", "history_email_conflict"_message},
     {"provisioned", "history_provisioned"_message},
     {"grant_changed", "history_grant_changed"_message},
     {"request_filed", "history_request_filed"_message},
     {"request_approved", "history_request_approved"_message},
     {"request_declined", "history_request_declined"_message},
     {"request_withdrawn", "history_request_withdrawn"_message},
     {"denied", "history_denied"_message},
     {"approvers_asked", "history_approvers_asked"_message},
     {"manage_refused", "history_manage_refused"_message}}};

void add_state(Values& values, const std::string& state) {
  values.flags["is_waiting"] = state == "waiting";
  values.flags["is_disabled"] = state == "disabled";
  values.flags["is_active"] = state == "active";
}

// The levels to choose from, up to the highest that the viewer has, and the one that is held.
std::vector<Values> levels_for(const AccessSettings& access, std::string_view highest,
                               std::string_view chosen) {
  std::vector<Values> levels;
  const auto own = access::rank(access, highest);
  for (std::size_t i = 0; i < access.levels.size(); ++i) {
    const bool is_chosen = access.levels[i] == chosen;
    if (!is_chosen && (!own || i > *own)) continue;
    levels.push_back({{{"level", access.levels[i]}}, {{"is_chosen", is_chosen}}});
  }
  return levels;
}

// Where there are few: only grants for all properties count where none is named.
std::vector<Values> properties_for(bool is_everywhere, const PropertyOffer& offer,
                                   const std::string& chosen) {
  std::vector<Values> properties;
  const auto add = [&](const std::string& key, const std::string& name) {
    properties.push_back({{{"key", key}, {"name", name}},
                          {{"is_chosen", chosen == key}, {"is_all", key == kAllProperties}}});
  };
  if (is_everywhere) add(std::string(kAllProperties), "");
  const std::vector<std::string> labels = property_labels(offer.few);
  for (std::size_t i = 0; i < labels.size(); ++i) add(offer.few[i].key, labels[i]);
  return properties;
}

// What there is to give, and what was to be given.
void add_giving(Values& values, const Context& context, const PropertyOffer& offer,
                const SessionFields& viewer, const Tried& tried) {
  const AccessSettings& access = context.settings.access;
  const bool is_adding = tried.form == "add";
  const store::GrantChange entered = is_adding ? tried.entered : store::GrantChange{};
  const bool is_everywhere =
      Reach(access, viewer.properties, access.process_requests).is_everywhere();
  values.lists["levels"] = levels_for(access, viewer.access_level, entered.level);
  add_property_choice(values, offer, tried.pick, tried.found);
  values.lists["properties"] = offer.is_typed
                                   ? std::vector<Values>()
                                   : properties_for(is_everywhere, offer, entered.property);
  values.flags["may_everywhere"] = is_everywhere;
  values.flags["is_everywhere"] = entered.property == kAllProperties;
  values.text["expires_at"] = entered.expires_at;
  if (is_adding) values.messages["add_error"] = tried.error;
  // A list has no place of its own for that.
  if (!offer.is_typed && tried.error.empty()) values.messages["add_error"] = tried.found.complaint;
}

Values grant_values(const Context& context, const store::GrantRow& grant, const std::string& user,
                    const SessionFields& viewer, const Tried& tried) {
  const bool is_tried = tried.form == "grant" && tried.property == grant.property;
  Values values;
  values.text["user"] = user;
  values.text["key"] = grant.property;
  name_property(values, grant.property,
                {{grant.property, {grant.property_name, !grant.shared_key.empty()}}});
  values.text["level"] = grant.level;
  values.text["until"] = readable_day(grant.expires_at);
  values.text["expires_at"] = is_tried ? tried.entered.expires_at : readable_day(grant.expires_at);
  values.text["expires_was"] = grant.expires_at;
  values.text["granted_at"] = readable_time(grant.granted_at);
  values.text["granted_by"] = grant.granted_by;
  values.flags["is_closed"] = grant.is_closed;
  values.flags["may_change"] = grant.may_change && !grant.is_closed;
  values.flags["may_remove"] = grant.may_change && grant.is_closed;
  values.lists["levels"] =
      levels_for(context.settings.access, viewer.access_level,
                 is_tried && !tried.entered.level.empty() ? tried.entered.level : grant.level);
  if (is_tried) values.messages["error"] = tried.error;
  return values;
}

Values session_values(const Context& context, const store::SessionRow& session,
                      const std::string& user, const SessionFields& viewer) {
  Values values;
  values.text["user"] = user;
  values.text["reference"] = session.reference;
  values.text["device"] = device_of(session.user_agent);
  values.text["address"] = session.client_address;
  values.text["origin"] = session.origin;
  values.text["company"] = context.companies->display_name(session.idp);
  values.text["last_seen"] = readable_time(session.last_seen_at);
  values.text["begun"] = readable_time(session.created_at);
  values.flags["is_own"] = session.reference == viewer.reference;
  return values;
}

Values history_values(const store::HistoryRow& event, const store::PropertyNames& names) {
  Values values;
  add_what(values, kHistory, event.kind);
  values.text["at"] = readable_time(event.at);
  values.text["code"] = event.code;
  values.text["reference"] = event.reference;
  values.text["actor"] = event.actor;
  values.text["detail"] = event_with_names(event.kind, event.detail, names);
  return values;
}

}  // namespace

Values person_values(const Context& context, const store::Person& person,
                     const store::PropertyNames& names) {
  Values values;
  values.text["href"] = context.path("/manage/people/show?user=") + person.id;
  values.text["name"] = person.name;
  values.text["email"] = person.email;
  values.text["email_query"] = http::percent_encode(person.email);
  values.text["company"] = context.companies->display_name(person.idp);
  values.text["last_sign_on"] = readable_time(person.last_sign_on_at);
  add_state(values, person.state);
  values.lists["grants"] = named_grants(person.grants, names);
  return values;
}

Values person_page_values(const Context& context, const store::PersonDetail& detail,
                          const PropertyOffer& offer, const store::PropertyNames& names,
                          const SessionFields& viewer, const Tried& tried) {
  const store::Person& person = detail.person;
  Values values = person_values(context, person, names);
  values.lists.clear();
  values.text["user"] = person.id;
  values.text["known_since"] = readable_time(person.created_at);
  values.flags["is_self"] = person.id == viewer.user;
  values.flags["is_only_asked_for"] = person.created_at.empty();
  values.flags["is_off_by_people"] = detail.is_off_by_people;
  values.flags["is_off_by_directory"] = detail.is_off_by_directory;
  for (const store::GrantRow& grant : detail.grants) {
    values.lists["grants"].push_back(grant_values(context, grant, person.id, viewer, tried));
  }
  for (const store::SessionRow& session : detail.sessions) {
    values.lists["sessions"].push_back(session_values(context, session, person.id, viewer));
  }
  for (const store::HistoryRow& event : detail.history) {
    values.lists["history"].push_back(history_values(event, names));
  }
  values.flags["has_grants"] = !detail.grants.empty();
  values.flags["has_sessions"] = !detail.sessions.empty();
  values.flags["has_history"] = !detail.history.empty();

  add_giving(values, context, offer, viewer, tried);
  if (tried.form == "account") values.messages["account_error"] = tried.error;
  if (tried.form == "sessions") values.messages["sessions_error"] = tried.error;
  // A grant that is not there any more has no row to stand beside.
  const bool has_row =
      std::any_of(detail.grants.begin(), detail.grants.end(),
                  [&](const auto& grant) { return grant.property == tried.property; });
  if (tried.form == "grant" && !has_row) values.messages["failure"] = tried.error;
  return values;
}

Message change_message(store::PersonChange change) {
  using Change = store::PersonChange;
  switch (change) {
    case Change::done:
      return {};
    case Change::not_allowed:
      return "change_not_allowed"_message;
    case Change::above_own_level:
      return "change_above_own_level"_message;
    case Change::own_account:
      return "change_own_account"_message;
    case Change::no_property:
      return "change_no_property"_message;
    case Change::no_level:
      return "change_no_level"_message;
    case Change::not_found:
      return "change_not_found"_message;
    case Change::in_the_past:
      return "change_in_the_past"_message;
    case Change::bad_expiry:
      return "change_bad_expiry"_message;
    case Change::own_request:
      return "change_own_request"_message;
    case Change::off_by_directory:
      return "change_off_by_directory"_message;
  }
  return {};
}

}  // namespace anteroom::journey
