#include "scim/filter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

#include "scim/codes.h"
#include "scim/path.h"
#include "text/ascii.h"
#include "text/uuid.h"

namespace anteroom::scim {

namespace {

// What a value may be compared with, and how.
enum class Kind { text, boolean, date, member };

struct Known {
  std::string_view attribute, sub;
  const char* name;  // that scim_value() knows
  Kind kind = Kind::text;
};

constexpr std::array<Known, 17> kOfUsers{{{"username", "", "userName"},
                                          {"externalid", "", "externalId"},
                                          {"id", "", "id"},
                                          {"displayname", "", "displayName"},
                                          {"name", "", "name"},
                                          {"name", "formatted", "name.formatted"},
                                          {"name", "givenname", "name.givenName"},
                                          {"name", "familyname", "name.familyName"},
                                          {"emails", "", "emails"},
                                          {"emails", "value", "emails"},
                                          {"emails", "type", "emails.type"},
                                          {"emails", "primary", "emails.primary", Kind::boolean},
                                          {"active", "", "active", Kind::boolean},
                                          {"meta", "created", "meta.created", Kind::date},
                                          {"meta", "lastmodified", "meta.lastModified", Kind::date},
                                          {"meta", "resourcetype", "meta.resourceType"},
                                          {"schemas", "", "schemas"}}};
constexpr std::array<Known, 9> kOfGroups{{{"displayname", "", "displayName"},
                                          {"externalid", "", "externalId"},
                                          {"id", "", "id"},
                                          {"members", "", "members", Kind::member},
                                          {"members", "value", "members", Kind::member},
                                          {"meta", "created", "meta.created", Kind::date},
                                          {"meta", "lastmodified", "meta.lastModified", Kind::date},
                                          {"meta", "resourcetype", "meta.resourceType"},
                                          {"schemas", "", "schemas"}}};

const Known* find(std::span<const Known> all, const Comparison& comparison) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Known& known) {
    return known.attribute == comparison.attribute && known.sub == comparison.sub;
  });
  return found == all.end() ? nullptr : &*found;
}

// -1: these are not digits.
int number(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Minutes east of UTC: "", "Z", "+02:00"; in a query a plus that was not escaped is a space.
std::optional<int> zone(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  const int hours = text.size() == 6 ? number(text, 1, 2) : -1;
  const int minutes = text.size() == 6 && text[3] == ':' ? number(text, 4, 2) : -1;
  if (hours < 0 || minutes < 0 || std::string_view("+- ").find(text[0]) == std::string_view::npos) {
    return std::nullopt;
  }
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

// "2015-10-10T14:38:21.86-07:00" as "2015-10-10T21:38:21Z", the form that attributes have.
std::optional<std::string> instant(std::string_view text) {
  namespace chrono = std::chrono;
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  if (text.size() < kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] != '0' && kForm[i] != text[i]) return std::nullopt;
  }
  const int year = number(text, 0, 4);
  const int month = number(text, 5, 2);
  const int day = number(text, 8, 2);
  const int hours = number(text, 11, 2);
  const int minutes = number(text, 14, 2);
  const int seconds = number(text, 17, 2);
  if (std::min({year, month, day, hours, minutes, seconds}) < 0) return std::nullopt;
  const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day))};
  std::string_view rest = text.substr(kForm.size());
  if (rest.starts_with('.')) {
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of("0123456789", 1)));
  }
  const auto offset = zone(rest);
  if (!date.ok() || hours > 23 || minutes > 59 || seconds > 60 || !offset) return std::nullopt;
  const auto at = chrono::sys_days(date) + chrono::hours(hours) +
                  chrono::minutes(minutes - *offset) + chrono::seconds(seconds);
  const auto whole_day = chrono::floor<chrono::days>(at);
  const chrono::year_month_day shown(whole_day);
  const chrono::hh_mm_ss clock(at - whole_day);
  std::string out;
  const auto add = [&out](auto value, std::size_t width, const char* behind) {
    const std::string digits = std::to_string(value);
    out += std::string(width - std::min(width, digits.size()), '0') + digits + behind;
  };
  add(static_cast<int>(shown.year()), 4, "-");
  add(static_cast<unsigned>(shown.month()), 2, "-");
  add(static_cast<unsigned>(shown.day()), 2, "T");
  add(clock.hours().count(), 2, ":");
  add(clock.minutes().count(), 2, ":");
  add(clock.seconds().count(), 2, "Z");
  return out;
}

bool is_one_of(const std::string& test, std::initializer_list<std::string_view> tests) {
  return std::find(tests.begin(), tests.end(), test) != tests.end();
}

// nullopt: it cannot be compared like this.
std::optional<Condition> condition_of(const Known& known, const Comparison& comparison) {
  Condition made{known.name, comparison.test, comparison.value};
  const bool compares = comparison.test != "pr";
  switch (known.kind) {
    case Kind::text:
      break;
    case Kind::boolean:
      made.value = text::to_lower(made.value);
      if (!is_one_of(made.test, {"eq", "ne", "pr"})) return std::nullopt;
      if (compares && !is_one_of(made.value, {"true", "false"})) return std::nullopt;
      break;
    case Kind::date: {
      if (is_one_of(made.test, {"co", "sw", "ew", "pr"})) break;
      auto at = instant(made.value);
      if (!at) return std::nullopt;
      made.value = std::move(*at);
      break;
    }
    case Kind::member:
      if (!is_one_of(made.test, {"eq", "pr"})) return std::nullopt;
      made.value = text::to_lower(made.value);
      if (compares && !text::is_uuid(made.value)) made.attribute = "nothing";
      break;
  }
  return made;
}

// The question as it was asked.
std::optional<Filter> filter_of(const Expression& expression, std::span<const Known> own,
                                std::span<const Known> others) {
  Filter filter;
  filter.table = expression.table;
  for (const Comparison& comparison : expression.comparisons) {
    const Known* known = find(own, comparison);
    std::optional<Condition> made = Condition{"nothing", comparison.test, comparison.value};
    if (known != nullptr) {
      made = condition_of(*known, comparison);
    } else if (!comparison.attribute.empty() && !is_not_kept(comparison.attribute) &&
               find(others, comparison) == nullptr) {
      return std::nullopt;
    }
    if (!made) return std::nullopt;
    filter.conditions.push_back(std::move(*made));
  }
  return filter;
}

bool has_bit(std::size_t bits, std::size_t i) {
  return (bits >> i & 1U) != 0;
}

// Nothing is asked for where condition i does not hold.
bool is_necessary(const Filter& filter, std::size_t i) {
  for (std::size_t bits = 0; bits < filter.table.size(); ++bits) {
    if (filter.table[bits] == '1' && !has_bit(bits, i)) return false;
  }
  return true;
}

// Takes condition i, which holds, out of it.
std::string taken_as_given(Filter& filter, std::size_t i) {
  std::string table;
  for (std::size_t bits = 0; bits < filter.table.size(); ++bits) {
    if (has_bit(bits, i)) table += filter.table[bits];
  }
  filter.table = std::move(table);
  std::string value = std::move(filter.conditions[i].value);
  filter.conditions.erase(filter.conditions.begin() + static_cast<std::ptrdiff_t>(i));
  return value;
}

// Moves what has an index out of the filter. `slot_of`: nullptr, if there is none for a name.
template <class Query, class SlotOf>
Query with_indexes(Filter filter, SlotOf slot_of) {
  Query query;
  for (std::size_t i = 0; i < filter.conditions.size();) {
    const Condition& condition = filter.conditions[i];
    std::optional<std::string>* slot =
        condition.test == "eq" ? slot_of(query, condition.attribute) : nullptr;
    if (slot != nullptr && !*slot && !condition.value.empty() && is_necessary(filter, i)) {
      *slot = taken_as_given(filter, i);
    } else {
      ++i;
    }
  }
  query.rest = std::move(filter);
  return query;
}

Result<Filter> parse(std::string_view text, std::span<const Known> own,
                     std::span<const Known> others) {
  if (text.empty()) return Filter{};
  const auto expression = parse_expression(text);
  if (!expression) {
    return Failure{code::kScimInvalidFilter,
                   "The filter cannot be read, or is longer than 1,024 bytes, 8 comparisons or 8 "
                   "levels."};
  }
  auto filter = filter_of(*expression, own, others);
  if (!filter) {
    return Failure{code::kScimInvalidFilter,
                   "The filter asks for an attribute that cannot be searched for, or not like "
                   "this."};
  }
  return std::move(*filter);
}

}  // namespace

bool is_not_kept(std::string_view attribute) {
  constexpr std::array<std::string_view, 15> kNotKept{
      "nickname", "profileurl", "title",  "usertype",     "preferredlanguage",
      "locale",   "timezone",   "groups", "phonenumbers", "ims",
      "photos",   "addresses",  "roles",  "entitlements", "x509certificates"};
  return std::find(kNotKept.begin(), kNotKept.end(), attribute) != kNotKept.end();
}

Result<UserQuery> parse_user_filter(std::string_view text, Among among) {
  auto filter =
      parse(text, kOfUsers,
            among == Among::all ? std::span<const Known>(kOfGroups) : std::span<const Known>());
  if (!filter) return filter.failure();
  return with_indexes<UserQuery>(
      std::move(*filter),
      [](UserQuery& query, const std::string& name) -> std::optional<std::string>* {
        if (name == "userName") return &query.user_name;
        if (name == "externalId") return &query.external_id;
        if (name == "id") return &query.id;
        return name == "emails" ? &query.email : nullptr;
      });
}

Result<GroupQuery> parse_group_filter(std::string_view text, Among among) {
  auto filter =
      parse(text, kOfGroups,
            among == Among::all ? std::span<const Known>(kOfUsers) : std::span<const Known>());
  if (!filter) return filter.failure();
  return with_indexes<GroupQuery>(
      std::move(*filter),
      [](GroupQuery& query, const std::string& name) -> std::optional<std::string>* {
        if (name == "displayName") return &query.display_name;
        if (name == "externalId") return &query.external_id;
        if (name == "id") return &query.id;
        return name == "members" ? &query.member : nullptr;
      });
}

}  // namespace anteroom::scim
