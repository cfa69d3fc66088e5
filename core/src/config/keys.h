#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace anteroom::config {

/// The keys of one section; `path` is dotted, empty for the top.
struct SectionKeys {
  std::string_view path;
  std::vector<std::string_view> keys;
};

/// All keys there are: the one list that reading, suggestions and the documentation are held to.
const std::vector<SectionKeys>& section_keys();

/// "database.pool_size", … for every key.
std::vector<std::string> known_keys();

/// The known key nearest to `given` in edit distance, or empty if none is near.
std::string nearest_key(const SectionKeys& section, std::string_view given);

}  // namespace anteroom::config
