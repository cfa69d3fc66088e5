// Tables by which a company's own directory gives access: groups by SCIM, asserted values.

#include <algorithm>

#include "config/readers.h"
#include "text/unicode.h"

namespace anteroom::config {

namespace {

constexpr std::size_t kMostRows = 500;
constexpr std::size_t kMaxText = 256;  // bytes

bool is_property(const std::string& key) {
  return !key.empty() && key.size() <= 63 && key.front() != '-' &&
         key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

// Levels are compared with access.levels by check_levels().
std::string read_level(Section& entry, ReadIdp& read) {
  std::string level = entry.required("level");
  if (!level.empty()) read.levels.push_back({level, entry.place_of("level")});
  return level;
}

std::vector<std::string> read_properties(Section& entry) {
  std::vector<std::string> properties;
  for (const Text& property : entry.texts("properties")) {
    if (property.value != "*" && !is_property(property.value)) {
      entry.problems().error(property.place,
                             "'" + property.value + "' is not a valid property key");
    }
    properties.push_back(property.value);
  }
  if (properties.empty()) {
    entry.error("properties", "'properties' must list property keys, or be \"*\"");
  } else if (properties.size() > 1 && std::count(properties.begin(), properties.end(), "*") > 0) {
    entry.error("properties", "\"*\" stands for all properties: leave out the others");
  }
  return properties;
}

// As it is compared, and shown. (Of what is asserted the white space at both ends is left out.)
std::string read_plain(Section& section, const std::string& key) {
  std::string value = section.required(key);
  if (value.size() > kMaxText || !text::is_plain_text(value, text::Lines::one) ||
      text::trimmed(value) != value) {
    section.error(key, "'" + key +
                           "' must be plain text of at most 256 bytes, without white space at its "
                           "ends");
  }
  return value;
}

}  // namespace

void read_scim(Section section, ReadIdp& read) {
  for (Section& entry : section.sections("groups")) {
    GroupAccess access{entry.required("name"), read_level(entry, read), read_properties(entry)};
    read.idp.scim_groups.push_back(std::move(access));
  }
}

void read_asserted(Section section, ReadIdp& read) {
  if (!section.has("attribute") && !section.has("values")) return;
  AssertedAccess& table = read.idp.asserted;
  table.attribute = read_plain(section, "attribute");
  for (Section& entry : section.sections("values")) {
    ValueAccess access{read_plain(entry, "value"), read_level(entry, read), read_properties(entry)};
    table.values.push_back(std::move(access));
  }
  if (table.values.empty()) section.error("values", "'values' must list at least one value");
  if (table.values.size() > kMostRows) {
    section.error("values", "'values' must have no more than 500 rows");
  }
}

}  // namespace anteroom::config
