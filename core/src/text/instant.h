#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/ports.h"

namespace anteroom::text {

/// xs:dateTime in UTC as saml-core 1.3.3 wants it: "2027-01-31T12:00:00Z", fractions allowed (cut
/// to microseconds). Nothing else is forgiven: no offset, no impossible date, no white space.
std::optional<Time> parse_instant(std::string_view text);

/// "2027-01-31T12:00:00Z"
std::string format_instant(Time time);

}  // namespace anteroom::text
