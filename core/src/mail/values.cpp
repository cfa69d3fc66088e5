#include "mail/values.h"

#include <nlohmann/json.hpp>

namespace anteroom::mail {

namespace {

using Json = nlohmann::json;
using Names = std::map<std::string, std::string>;

constexpr std::size_t kMaxValue = 500;

// Length of the mark at the front that changes what the text around it looks like: line and
// paragraph separators, embeddings, overrides, isolates, byte order mark. 0: none is there.
std::size_t length_of_mark(std::string_view text) {
  const auto is_between = [&](std::string_view first, std::string_view last) {
    const std::string_view mark = text.substr(0, 3);
    return mark.size() == 3 && mark >= first && mark <= last;
  };
  const bool is_mark = is_between("\xe2\x80\xa8", "\xe2\x80\xae") ||  // U+2028 to U+202E
                       is_between("\xe2\x81\xa6", "\xe2\x81\xa9") ||  // U+2066 to U+2069
                       is_between("\xef\xbb\xbf", "\xef\xbb\xbf");    // U+FEFF
  return is_mark ? 3 : 0;
}

// Length of the control character at the front, C0 or C1; 0: none is there.
std::size_t length_of_control(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20 || first == 0x7f) return 1;
  const bool is_c1 = first == 0xc2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xa0;
  return is_c1 ? 2 : 0;
}

std::string text_of(const Json& value) {
  if (value.is_string()) return one_line(value.get<std::string>());
  if (value.is_number()) return value.dump();
  return "";
}

std::string joined(const Json& list) {
  std::string out;
  for (const Json& item : list) {
    if (const std::string text = text_of(item); !text.empty()) {
      out.append(out.empty() ? "" : ", ").append(text);
    }
  }
  return out;
}

void add_company(Names& values, const Names& company_by_idp) {
  const auto idp = values.find("idp");
  if (idp == values.end()) return;
  const auto company = company_by_idp.find(idp->second);
  if (company != company_by_idp.end()) {
    values["company"] = company->second;
  } else if (std::string& given = values["company"]; given.empty()) {
    given = idp->second;
  }
}

void add_list(templates::Values& values, const std::string& name, const Json& list,
              const Names& company_by_idp) {
  if (list.empty() || !list.front().is_object()) {
    values.text[name] = joined(list);
    return;
  }
  auto& items = values.lists[name];
  for (const Json& item : list) {
    if (!item.is_object()) continue;
    templates::Values entry;
    for (const auto& [key, value] : item.items()) {
      entry.text[key] = value.is_array() ? joined(value) : text_of(value);
    }
    add_company(entry.text, company_by_idp);
    items.push_back(std::move(entry));
  }
}

void add_all_properties(templates::Values& values) {
  for (const char* name : {"property", "properties"}) {
    const auto given = values.text.find(name);
    if (given == values.text.end() || given->second != "*") continue;
    given->second.clear();
    values.flags["all_properties"] = true;
  }
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (const std::size_t mark = length_of_mark(text); mark > 0) {
      text.remove_prefix(mark);
    } else if (const std::size_t control = length_of_control(text); control > 0) {
      out += ' ';
      text.remove_prefix(control);
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  if (out.size() <= kMaxValue) return out;
  std::size_t end = kMaxValue;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0U) == 0x80) --end;
  return out.substr(0, end) + "…";
}

std::optional<templates::Values> values_of(const std::string& parameters,
                                           const Names& company_by_idp) {
  const Json json = Json::parse(parameters, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  templates::Values values;
  for (const auto& [name, value] : json.items()) {
    if (value.is_boolean()) {
      values.flags[name] = value.get<bool>();
    } else if (value.is_array()) {
      add_list(values, name, value, company_by_idp);
    } else {
      values.text[name] = text_of(value);
    }
  }
  add_company(values.text, company_by_idp);
  add_all_properties(values);
  return values;
}

}  // namespace anteroom::mail
