// The encodings of a message: RFC 2045, 2047 and 5322. Everything that comes out is 7-bit ASCII.
#pragma once

#include <string>
#include <string_view>

#include "anteroom/ports.h"

namespace anteroom::mail {

/// RFC 2045 6.7. `text` has '\n' between lines; what comes out has CRLF, at its end too.
std::string quoted_printable(std::string_view text);

/// "Name: value" with CRLF, folded. The value is text (RFC 2047 encoded where it must be); line
/// breaks and other control characters in it become spaces.
std::string text_header(std::string_view name, std::string_view value);

/// "Name: "Display" <address>" with CRLF. `address` must be canonical; `display_name` may be empty.
std::string address_header(std::string_view name, std::string_view display_name,
                           std::string_view address);

/// RFC 5322 3.3, in UTC.
std::string date_time(Time time);

}  // namespace anteroom::mail
