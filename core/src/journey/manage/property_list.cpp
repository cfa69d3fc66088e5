#include "journey/manage/property_list.h"

#include <map>
#include <string>

#include "journey/manage/forms.h"
#include "text/csv.h"
#include "text/person_text.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using text::CsvRow;

enum class Columns { none, key_first, name_first };

Columns columns_in(const CsvRow& head) {
  if (head.cells.size() != 2) return Columns::none;
  const std::string first = text::column_name(head.cells[0]);
  const std::string second = text::column_name(head.cells[1]);
  if (first == "key" && second == "name") return Columns::key_first;
  return first == "name" && second == "key" ? Columns::name_first : Columns::none;
}

bool is_broken(const std::string& cell) {
  return text::fault_of_name(cell) == text::TextFault::not_utf8;
}

Message complaint_about(const store::Property& property) {
  if (is_broken(property.key) || is_broken(property.name))
    return "properties_wrong_encoding"_message;
  if (!text::is_plain_text(property.key, text::Lines::one)) return "property_bad_key"_message;
  return complaint_about_needed_name(property.name);
}

ListedProperty property_of(const CsvRow& row, Columns columns) {
  ListedProperty listed{row.line, {}, {}};
  const std::size_t key = columns == Columns::name_first ? 1 : 0;
  listed.property.key = text::trimmed(row.cells[row.cells.size() == 2 ? key : 0]);
  if (row.cells.size() != 2) {
    listed.complaint = {"properties_wrong_cells"_message,
                        {{"count", std::to_string(row.cells.size())}}};
    return listed;
  }
  listed.property.name = text::trimmed(row.cells[1 - key]);
  listed.complaint = complaint_about(listed.property);
  return listed;
}

// The second of two rows for the same key.
void mark_repeated(std::vector<ListedProperty>& properties) {
  std::map<std::string_view, int> seen;
  for (ListedProperty& listed : properties) {
    const auto [first, is_new] = seen.emplace(listed.property.key, listed.line);
    if (!is_new && listed.complaint.empty()) {
      listed.complaint = {"properties_repeated"_message, {{"line", std::to_string(first->second)}}};
    }
  }
}

}  // namespace

PropertyList read_property_list(std::string_view text) {
  const Result<std::vector<CsvRow>> csv = text::parse_csv(text);
  if (!csv) return {{}, "list_open_quotation"_message};
  auto row = csv->begin();
  const Columns columns = csv->empty() ? Columns::none : columns_in(*row);
  if (columns != Columns::none) ++row;
  const auto count = static_cast<std::size_t>(csv->end() - row);
  if (count == 0) return {{}, "properties_list_empty"_message};
  if (count > store::kMaxPutIn) {
    return {{},
            {"list_too_long"_message,
             {{"count", std::to_string(count)}, {"max", std::to_string(store::kMaxPutIn)}}}};
  }
  PropertyList list;
  for (; row != csv->end(); ++row) list.properties.push_back(property_of(*row, columns));
  mark_repeated(list.properties);
  return list;
}

}  // namespace anteroom::journey
