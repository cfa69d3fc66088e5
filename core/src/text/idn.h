// Domain names that are not written in ASCII (RFC 3490).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace anteroom::text {

/// "münchen.example" as "xn--mnchen-3ya.example". nullopt if it is not a name, or if going back
/// would not lead to what was given (but for its case): full-width letters and others that
/// conversion would turn into somebody else's name.
std::optional<std::string> domain_to_ascii(std::string_view text);

/// The way back. A name that has none stays as it is, and so does one in letters that may be taken
/// for others (Cyrillic, Greek, …).
std::string domain_to_unicode(std::string_view ascii);

}  // namespace anteroom::text
