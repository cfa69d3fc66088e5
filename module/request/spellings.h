// Paths that apps may take for those of locations, though nginx does not: in other letters, with or
// without a slash at the end. Express reads both alike as it comes, IIS the letters.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "request/location_tree.h"

namespace anteroom::nginx {

struct Spellings {
  std::vector<std::string> with_capitals;    ///< names of static locations
  std::map<std::string, std::string> twins;  ///< in small letters, but for the slash -> the name
  bool has_regular_expressions = false;
};

Spellings spellings_of(const ngx_http_core_srv_conf_t& server);

/// The paths that an app may take `path` (decoded, one reading) for. Most have none.
std::vector<std::string> other_spellings(const Spellings& spellings, std::string_view path);

}  // namespace anteroom::nginx
