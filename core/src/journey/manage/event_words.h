// What audit events say of properties, in the words of pages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/properties.h"

namespace anteroom::journey {

/// What may be keys of properties in the detail of an event of that kind.
std::vector<std::string> keys_in_event(std::string_view kind, std::string_view detail);

/// The detail with names in place of the keys.
std::string event_with_names(std::string_view kind, std::string_view detail,
                             const store::PropertyNames& names);

}  // namespace anteroom::journey
