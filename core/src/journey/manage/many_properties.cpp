// Many properties at once: a list is checked, shown, and put in when confirmed.
#include <algorithm>
#include <array>

#include "anteroom/properties.h"
#include "http/multipart.h"
#include "journey/frame/respond.h"
#include "journey/manage/manage.h"
#include "journey/manage/property_list.h"
#include "journey/manage/steps.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using store::PutIn;

constexpr std::size_t kMaxShown = 50;  // what is wrong comes first, then what changes
constexpr std::size_t kMaxText = 400;

struct Given {
  std::string list;
  std::string seen;           ///< what was confirmed; empty: it is to be checked
  bool is_to_change = false;  ///< a list that was fine
};

// The list travels as text: a file's bytes take its place.
std::optional<Given> given_in(const Exchange& exchange) {
  const auto form =
      http::MultipartForm::parse(exchange.head().headers.content_type, exchange.request.body());
  if (!form) return std::nullopt;
  const std::string_view file = form->get("file");
  if (!file.empty()) return Given{std::string(file), "", false};
  return Given{std::string(form->get("list")), std::string(form->get("seen")),
               form->get("change") == "yes"};
}

struct Checked {
  PropertyList list;
  store::PutInMany many;                   ///< of the rows that the list itself has no complaint of
  std::vector<std::optional<PutIn>> said;  ///< of each row; none: there is a complaint
  std::size_t bad = 0;
};

// What the database says goes to the rows that it was asked about.
void judge(Checked& checked) {
  auto next = checked.many.rows.begin();
  for (ListedProperty& row : checked.list.properties) {
    std::optional<PutIn>& said = checked.said.emplace_back();
    if (row.complaint.empty()) said = *next++;
    if (said && said->outcome == PutIn::Outcome::bad_key) {
      said.reset();
      row.complaint = "property_bad_key"_message;
    }
    if (!said) ++checked.bad;
  }
}

// Puts them in if they are confirmed and all good; else says what would become of each.
Task<Result<Checked>> check(const Exchange& exchange, const ManageUser& viewer, Given given) {
  Context& context = exchange.context;
  std::function<PropertyList()> reading = [list = std::move(given.list)] {
    return read_property_list(list);
  };
  Result<PropertyList> list =
      co_await offload<PropertyList>(context.ports.worker, std::move(reading));
  if (!list) co_return list.failure();
  Checked checked{std::move(*list), {}, {}, 0};
  std::vector<store::Property> rows;
  for (const ListedProperty& row : checked.list.properties) {
    if (row.complaint.empty()) rows.push_back(row.property);
  }
  const bool is_whole = rows.size() == checked.list.properties.size();
  std::optional<std::string> seen;
  if (is_whole && !given.seen.empty()) seen = std::move(given.seen);
  Result<store::PutInMany> many =
      co_await store::put_properties(context.ports.database, viewer.actor, context.settings.access,
                                     std::move(rows), std::move(seen));
  if (!many) co_return many.failure();
  checked.many = std::move(*many);
  if (checked.many.is_allowed) judge(checked);
  co_return checked;
}

Message verdict_of(const PutIn& one) {
  Message verdict = one.outcome == PutIn::Outcome::added ? Message("property_row_added"_message)
                    : one.outcome == PutIn::Outcome::same
                        ? Message("property_row_same"_message)
                        : Message{"property_row_renamed"_message, {{"was", one.was}}};
  if (one.is_closed) verdict += Message("property_row_closed"_message);
  return verdict;
}

pages::Values entry_of(const ListedProperty& row, Message verdict) {
  pages::Values entry;
  entry.text = {{"line", std::to_string(row.line)},
                {"key", text::printable(row.property.key, kMaxText)},
                {"name", text::printable(row.property.name, kMaxText)}};
  entry.flags["is_bad"] = !row.complaint.empty();
  entry.messages["verdict"] = std::move(verdict);
  return entry;
}

// The bad rows, then those that change something, then the others; each in their order.
void add_rows(const Checked& checked, pages::Values& values) {
  std::array<std::vector<pages::Values>, 3> kinds;
  for (std::size_t i = 0; i < checked.said.size(); ++i) {
    const ListedProperty& row = checked.list.properties[i];
    const std::optional<PutIn>& said = checked.said[i];
    const std::size_t kind = !said ? 0 : said->outcome == PutIn::Outcome::same ? 2 : 1;
    kinds.at(kind).push_back(entry_of(row, said ? verdict_of(*said) : row.complaint));
  }
  auto& rows = values.lists["rows"];
  for (auto& kind : kinds) std::move(kind.begin(), kind.end(), std::back_inserter(rows));
  const std::size_t rest = rows.size() - std::min(rows.size(), kMaxShown);
  rows.resize(rows.size() - rest);
  if (rest != 0) values.messages["more"] = {"list_more"_message, {{"count", std::to_string(rest)}}};
}

std::string number_of(const Checked& checked, PutIn::Outcome outcome) {
  const auto& rows = checked.many.rows;
  return std::to_string(std::count_if(
      rows.begin(), rows.end(), [outcome](const PutIn& one) { return one.outcome == outcome; }));
}

void add_result(const Checked& checked, bool was_confirmed, pages::Values& values) {
  values.messages["list_error"] = checked.list.complaint;
  if (!checked.many.is_allowed) values.messages["failure"] = "property_not_allowed"_message;
  if (checked.said.empty()) return;
  values.flags["has_rows"] = true;
  add_rows(checked, values);
  if (checked.bad > 0) {
    values.messages["failure"] = {"properties_many_not_ready"_message,
                                  {{"count", std::to_string(checked.list.properties.size())},
                                   {"bad", std::to_string(checked.bad)}}};
    return;
  }
  if (was_confirmed) values.messages["failure"] = "properties_many_stale"_message;
  values.text["seen"] = checked.many.seen;
  values.messages["ready"] = {"properties_many_ready"_message,
                              {{"added", number_of(checked, PutIn::Outcome::added)},
                               {"renamed", number_of(checked, PutIn::Outcome::renamed)},
                               {"same", number_of(checked, PutIn::Outcome::same)}}};
}

int status_of(const Checked& checked, bool was_confirmed) {
  if (!checked.many.is_allowed) return 403;
  if (checked.bad > 0 || !checked.list.complaint.empty()) return 422;
  return was_confirmed ? 409 : 200;
}

Response list_page(const Exchange& exchange, const ManageUser& viewer, const Given& given,
                   const std::optional<Checked>& checked) {
  pages::Values values;
  values.text["list"] = given.list;
  if (checked) add_result(*checked, !given.seen.empty(), values);
  const int status = checked ? status_of(*checked, !given.seen.empty()) : 200;
  values.flags["has_errors"] = status != 200;
  return manage_page(exchange, viewer, ManageTab::properties, "manage_many_properties", status,
                     std::move(values));
}

}  // namespace

Task<Response> show_many_properties(Exchange exchange, ManageUser viewer) {
  co_return list_page(exchange, viewer, {}, std::nullopt);
}

Task<Response> put_in_properties(Exchange exchange, ManageUser viewer) {
  const std::optional<Given> given = given_in(exchange);
  Context& context = exchange.context;
  if (!given) co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "list"});
  if (given->is_to_change) co_return list_page(exchange, viewer, *given, std::nullopt);
  auto checking = check(exchange, viewer, *given);
  const Checked checked = co_await or_unavailable(exchange, std::move(checking));
  if (checked.many.is_done) {
    co_return redirect(303, context.path("/manage/properties?notice=put_in"));
  }
  co_return list_page(exchange, viewer, *given, checked);
}

}  // namespace anteroom::journey
