#include "journey/manage/people_list.h"

#include <algorithm>
#include <map>
#include <optional>

#include "anteroom/requests.h"
#include "anteroom/saml.h"
#include "text/csv.h"
#include "text/person_text.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using store::AccessRequest;
using text::CsvRow;

constexpr std::size_t kMaxOther = 100;  // bytes: keys, levels, days

std::string AccessRequest::*const kMembers[] = {&AccessRequest::email,      &AccessRequest::name,
                                                &AccessRequest::property,   &AccessRequest::level,
                                                &AccessRequest::expires_at, &AccessRequest::note};
constexpr std::string_view kColumns[] = {"email", "name", "property", "level", "expires", "note"};

// The member that each cell of a row is for.
struct Columns {
  std::vector<std::string AccessRequest::*> members;
  Message complaint;
};

Columns columns_of(const CsvRow& head) {
  Columns columns;
  for (const std::string& cell : head.cells) {
    const std::string name = text::column_name(cell);
    const auto* found = std::find(std::begin(kColumns), std::end(kColumns), name);
    if (found == std::end(kColumns)) {
      columns.complaint = {"list_unknown_column"_message, {{"column", text::printable(name, 60)}}};
      return columns;
    }
    const auto member = kMembers[found - std::begin(kColumns)];
    if (std::find(columns.members.begin(), columns.members.end(), member) !=
        columns.members.end()) {
      columns.complaint = {"list_column_twice"_message, {{"column", name}}};
      return columns;
    }
    columns.members.push_back(member);
  }
  if (std::find(columns.members.begin(), columns.members.end(), &AccessRequest::email) ==
      columns.members.end()) {
    columns.complaint = "list_no_email_column"_message;
  }
  return columns;
}

Message complaint_about(const AccessRequest& request) {
  if (!saml::canonical_email(request.email)) return "list_bad_address"_message;
  if (Message bad = complaint_about_name(request.name); !bad.empty()) return bad;
  if (Message bad = complaint_about_note(request.note); !bad.empty()) return bad;
  if (request.property.empty()) return "list_no_property"_message;
  if (request.level.empty()) return "list_no_level"_message;
  for (const std::string* other : {&request.property, &request.level, &request.expires_at}) {
    if (other->size() > kMaxOther || !text::is_plain_text(*other, text::Lines::one)) {
      return "not_plain_text"_message;
    }
  }
  return {};
}

ListedPerson person_of(const CsvRow& row, const Columns& columns, const AccessRequest& standard) {
  ListedPerson person{row.line, standard, {}};
  if (row.cells.size() != columns.members.size()) {
    person.request.email = row.cells[0];
    person.complaint = {"list_wrong_cells"_message,
                        {{"count", std::to_string(row.cells.size())},
                         {"wanted", std::to_string(columns.members.size())}}};
    return person;
  }
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const std::string_view cell = text::trimmed(row.cells[i]);
    if (!cell.empty()) person.request.*columns.members[i] = cell;
  }
  person.complaint = complaint_about(person.request);
  if (const auto email = saml::canonical_email(person.request.email)) {
    person.request.email = *email;
  }
  return person;
}

// The second of two rows for the same person and property.
void mark_repeated(std::vector<ListedPerson>& people) {
  std::map<std::pair<std::string_view, std::string_view>, int> seen;
  for (ListedPerson& person : people) {
    if (!person.complaint.empty()) continue;
    const std::pair<std::string_view, std::string_view> key(person.request.email,
                                                            person.request.property);
    const auto [first, is_new] = seen.emplace(key, person.line);
    if (!is_new) {
      person.complaint = {"list_repeated"_message, {{"line", std::to_string(first->second)}}};
    }
  }
}

Message words_of(text::TextFault fault, std::size_t max) {
  switch (fault) {
    case text::TextFault::none:
      return {};
    case text::TextFault::too_long:
      return {"too_long"_message, {{"max", std::to_string(max)}}};
    default:
      return "not_plain_text"_message;
  }
}

Message size_complaint(std::size_t count) {
  return {"list_too_long"_message,
          {{"count", std::to_string(count)}, {"max", std::to_string(store::kMaxFiled)}}};
}

}  // namespace

PeopleList read_people(std::string_view text, const AccessRequest& standard) {
  const Result<std::vector<CsvRow>> csv = text::parse_csv(text);
  if (!csv) return {{}, "list_open_quotation"_message};
  if (csv->empty()) return {{}, "list_empty"_message};
  Columns columns;
  auto row = csv->begin();
  if (row->cells[0].find('@') == std::string::npos) {
    columns = columns_of(*row++);
    if (!columns.complaint.empty()) return {{}, std::move(columns.complaint)};
  } else {
    columns.members.push_back(&AccessRequest::email);
  }
  const auto count = static_cast<std::size_t>(csv->end() - row);
  if (count == 0) return {{}, "list_empty"_message};
  if (count > store::kMaxFiled) return {{}, size_complaint(count)};
  PeopleList list;
  for (; row != csv->end(); ++row) list.people.push_back(person_of(*row, columns, standard));
  mark_repeated(list.people);
  return list;
}

Message complaint_about_name(std::string_view name) {
  return words_of(text::fault_of_name(name), text::kMaxName);
}

Message complaint_about_note(std::string_view note) {
  return words_of(text::fault_of_note(note), text::kMaxNote);
}

}  // namespace anteroom::journey
