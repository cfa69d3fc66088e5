// Identifiers of the database.
#pragma once

#include <string_view>

namespace anteroom::text {

/// RFC 9562 section 4, in either case.
bool is_uuid(std::string_view text);

}  // namespace anteroom::text
