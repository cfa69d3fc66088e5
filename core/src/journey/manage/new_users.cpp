// Many New User requests at once: a list is checked row by row, shown, and filed when confirmed.
#include <algorithm>
#include <set>

#include "anteroom/gate.h"
#include "anteroom/requests.h"
#include "http/form.h"
#include "http/multipart.h"
#include "journey/frame/property_names.h"
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

// A page of all 5,000 would help nobody: what is wrong comes first.
constexpr std::size_t kMaxShown = 50;
// Some 300 people. Escaped, a list becomes up to six times as long.
constexpr std::size_t kMaxOfStranger = 16u << 10;
constexpr std::size_t kMaxField = 320;
constexpr std::size_t kMaxNote = 4000;

struct Given {
  std::string list;
  store::AccessRequest standard;  // for what rows leave open
  PropertyPick pick;              // of its property
  bool is_confirmed = false;
  bool is_to_change = false;  // a list that was fine
};

// The list travels as text: a file's bytes take its place.
std::optional<Given> given_in(const Exchange& exchange) {
  const auto form =
      http::MultipartForm::parse(exchange.head().headers.content_type, exchange.request.body());
  if (!form) return std::nullopt;
  Given given;
  const std::string_view file = form->get("file");
  given.list = file.empty() ? form->get("list") : file;
  given.pick = PropertyPick::of(*form);
  given.standard.property = given.pick.key;
  given.standard.level = form->get("level");
  given.standard.expires_at = text::trimmed(form->get("expires"));
  given.standard.note = text::trimmed(form->get("note"));
  given.is_confirmed = file.empty() && form->get("confirmed") == "yes";
  given.is_to_change = file.empty() && form->get("change") == "yes";
  return given;
}

Message verdict_of(const store::FilingResult& result) {
  switch (result.outcome) {
    case Filing::filed:
      break;
    case Filing::already_open:
      return "request_already_open"_message;
    case Filing::has_access:
      return "has_access_already"_message;
    case Filing::user_disabled:
      return "account_disabled"_message;
    case Filing::no_property:
      return "no_such_property"_message;
    case Filing::no_level:
      return "no_such_level"_message;
    case Filing::not_allowed:
      return "may_not_ask_there"_message;
    case Filing::above_own_level:
      return "list_above_own_level"_message;
    case Filing::in_the_past:
      return "day_in_the_past"_message;
    case Filing::bad_expiry:
      return "bad_day"_message;
  }
  return {};
}

struct Checked {
  PeopleList list;
  std::size_t bad = 0;
  bool is_filed = false;
};

std::vector<store::AccessRequest> good_rows(const PeopleList& list) {
  std::vector<store::AccessRequest> rows;
  for (const ListedPerson& person : list.people) {
    if (!person.complaint.empty()) continue;
    rows.push_back(person.request);
    rows.back().expires_at = last_moment(person.request.expires_at);
  }
  return rows;
}

// What the database says goes to the rows that it was asked about. The number of bad rows.
std::size_t judge(PeopleList& list, const std::vector<store::FilingResult>& results) {
  auto result = results.begin();
  for (ListedPerson& person : list.people) {
    if (person.complaint.empty() && result != results.end()) {
      person.complaint = verdict_of(*result++);
    }
  }
  return static_cast<std::size_t>(
      std::count_if(list.people.begin(), list.people.end(),
                    [](const ListedPerson& person) { return !person.complaint.empty(); }));
}

// What is long is read in the thread pool: other people's requests wait for the event loop.
Task<Result<PeopleList>> read_elsewhere(const Exchange& exchange, const Given& given) {
  constexpr std::size_t kShort = 4096;
  if (given.list.size() <= kShort) co_return read_people(given.list, given.standard);
  std::function<PeopleList()> work = [list = given.list, standard = given.standard] {
    return read_people(list, standard);
  };
  Result<PeopleList> read =
      co_await offload<PeopleList>(exchange.context.ports.worker, std::move(work));
  co_return read;
}

// Files the rows if they are confirmed and all good; tells of each what would come of it if not.
Task<Result<Checked>> check(const Exchange& exchange, const ManageUser& user, Given given) {
  Context& context = exchange.context;
  Result<PeopleList> list = co_await read_elsewhere(exchange, given);
  if (!list) co_return list.failure();
  Checked checked{std::move(*list)};
  std::vector<store::AccessRequest> rows = good_rows(checked.list);
  const bool is_preview = !given.is_confirmed || rows.size() != checked.list.people.size();
  if (rows.empty()) {
    checked.bad = checked.list.people.size();
    co_return checked;
  }
  Result<std::vector<store::FilingResult>> results = co_await store::file_requests(
      context.ports.database, user.actor, context.settings.access, std::move(rows), is_preview);
  if (!results) co_return results.failure();
  checked.bad = judge(checked.list, *results);
  checked.is_filed = !is_preview && checked.bad == 0;
  co_return checked;
}

pages::Values entry_of(const CompanyDirectory& companies, const ListedPerson& person,
                       const store::PropertyNames& names) {
  const store::AccessRequest& request = person.request;
  pages::Values entry;
  entry.text = {{"line", std::to_string(person.line)},
                {"person_email", std::string(text::cut(request.email, 320))},
                {"person_name", std::string(text::cut(request.name, 400))},
                {"level", request.level},
                {"property_name", name_of_property(request.property, names)},
                {"until", request.expires_at}};
  entry.flags["is_bad"] = !person.complaint.empty();
  entry.messages["verdict"] =
      person.complaint.empty() ? way_to_sign_on(companies, request.email) : person.complaint;
  return entry;
}

// The bad rows first, then those of people who cannot sign in; all in their order.
std::vector<const ListedPerson*> shown_of(const CompanyDirectory& companies,
                                          const PeopleList& list) {
  std::vector<const ListedPerson*> shown, nowhere, others;
  for (const ListedPerson& person : list.people) {
    const bool is_good = person.complaint.empty();
    const bool is_nowhere = is_good && !has_way_to_sign_on(companies, person.request.email);
    (is_nowhere ? nowhere : is_good ? others : shown).push_back(&person);
  }
  shown.insert(shown.end(), nowhere.begin(), nowhere.end());
  shown.insert(shown.end(), others.begin(), others.end());
  shown.resize(std::min(shown.size(), kMaxShown));
  return shown;
}

// The properties of what is shown, where the user may ask: of others they know what they wrote.
std::vector<std::string> keys_in(const std::vector<const ListedPerson*>& shown,
                                 const Reach& reach) {
  std::set<std::string> keys;
  for (const ListedPerson* person : shown) {
    const std::string& key = person->request.property;
    // What is no text at all is shown as it came, but no database takes it.
    if (text::is_plain_text(key, text::Lines::one)) keys.insert(key);
  }
  return reach.among({keys.begin(), keys.end()});
}

void add_result(pages::Values& values, const CompanyDirectory& companies, const Checked& checked,
                const std::vector<const ListedPerson*>& shown, const store::PropertyNames& names) {
  const std::size_t count = checked.list.people.size();
  values.messages["list_error"] = checked.list.complaint;
  if (count == 0) return;
  values.flags["has_rows"] = true;
  auto& rows = values.lists["rows"];
  for (const ListedPerson* person : shown) rows.push_back(entry_of(companies, *person, names));
  const std::string rest = std::to_string(count - shown.size());
  if (rest != "0") values.messages["more"] = {"list_more"_message, {{"count", rest}}};
  const Message::Arguments numbers{{"count", std::to_string(count)},
                                   {"bad", std::to_string(checked.bad)}};
  if (checked.bad == 0) {
    values.messages["ready"] = {"list_ready"_message, numbers};
  } else {
    values.messages["not_ready"] = {"list_not_ready"_message, numbers};
  }
}

// Whose session has ended brings its token, unless they have signed out elsewhere meanwhile. What
// has never had one gets back no more than it would type.
bool may_keep(const Exchange& exchange, const Given& given) {
  return !given.list.empty() && (session_token(exchange.head().headers.cookie).has_value() ||
                                 given.list.size() <= kMaxOfStranger);
}

// For somebody whose session has ended: no cookie could carry the list, the page itself does.
Response keep_list(const Exchange& exchange, const Given& given) {
  // With a key, what was typed would count for more.
  const bool is_looked_for = given.pick.key.empty() || given.pick.is_unclear;
  pages::Values values;
  values.text = {{"list", given.list},
                 {"property", std::string(text::cut(given.standard.property, kMaxField))},
                 {"looked_for", is_looked_for ? given.pick.typed : ""},
                 {"level", std::string(text::cut(given.standard.level, kMaxField))},
                 {"expires", std::string(text::cut(given.standard.expires_at, kMaxField))},
                 {"note", std::string(text::cut(given.standard.note, kMaxNote))}};
  return exchange.context.renderer->page(exchange.head().headers.accept_language, "list_kept", 403,
                                         values);
}

Task<Response> list_page(const Exchange& exchange, const ManageUser& user, Given given,
                         PropertyFound property, std::optional<Checked> checked) {
  Context& context = exchange.context;
  const AccessSettings& access = context.settings.access;
  const Reach reach = reach_to_request(exchange.context, user);
  const PropertyOffer offer =
      co_await or_unavailable(exchange, offer_properties(exchange, reach, given.pick));
  std::vector<const ListedPerson*> shown;
  if (checked) shown = shown_of(*context.companies, checked->list);
  const store::PropertyNames names = co_await or_unavailable(
      exchange, store::property_names(context.ports.database, keys_in(shown, reach)));
  pages::Values values;
  values.text = {{"list", given.list},
                 {"property", given.standard.property},
                 {"level", given.standard.level},
                 {"expires", given.standard.expires_at},
                 {"note", given.standard.note}};
  add_property_choice(values, offer, given.pick, property);
  values.lists["levels"] = level_choices(access, user.fields().access_level, given.standard.level);
  const bool is_wrong =
      checked ? checked->bad > 0 || !checked->list.complaint.empty() : !property.complaint.empty();
  values.flags["has_errors"] = is_wrong;
  if (checked) add_result(values, *context.companies, *checked, shown, names);
  co_return manage_page(exchange, user, ManageTab::new_user, "manage_new_users",
                        is_wrong ? 422 : 200, std::move(values));
}

}  // namespace

Task<Response> show_new_users(Exchange exchange, ManageUser user) {
  Given nothing;
  PropertyFound none;
  std::optional<Checked> unchecked;
  Response page =
      co_await list_page(exchange, user, std::move(nothing), std::move(none), std::move(unchecked));
  co_return page;
}

Response keep_new_users(const Exchange& exchange, Response refusal) {
  const std::optional<Given> given = given_in(exchange);
  if (!given || !may_keep(exchange, *given)) return refusal;
  return keep_list(exchange, *given);
}

Task<Response> file_new_users(Exchange exchange, ManageUser user) {
  std::optional<Given> given = given_in(exchange);
  Context& context = exchange.context;
  if (!given) co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "list"});
  PropertyFound found = co_await or_unavailable(
      exchange, find_property(exchange, reach_to_request(exchange.context, user), given->pick,
                              Parts::suffice));
  std::optional<Checked> shown;
  if (!found.complaint.empty() || given->is_to_change) {
    Response page =
        co_await list_page(exchange, user, std::move(*given), std::move(found), std::move(shown));
    co_return page;
  }
  given->pick.key = given->standard.property = found.key;
  Given to_check = *given;
  Checked checked = co_await or_unavailable(exchange, check(exchange, user, std::move(to_check)));
  if (checked.is_filed) {
    co_return redirect(303, context.path("/manage/requests?notice=filed_many"));
  }
  shown = std::move(checked);
  Response page =
      co_await list_page(exchange, user, std::move(*given), std::move(found), std::move(shown));
  co_return page;
}

}  // namespace anteroom::journey
