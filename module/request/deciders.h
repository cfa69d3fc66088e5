// What rules depend on beside the path, where an app may read another value than the gate.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace anteroom::nginx {

struct Deciders {
  std::vector<std::string> arguments;  ///< in small letters
  bool is_by_host = false;             ///< clients' headers that name another are removed
};

/// The argument of `query` that a rule reads and that an app may read otherwise: it is there more
/// than once, as a list, or by an escaped name. Empty: there is none.
std::string_view doubtful_argument(const Deciders& deciders, std::string_view query);

}  // namespace anteroom::nginx
