// What may be said of a person, whichever door it comes in by: Manage's forms and lists, the
// command, SAML and SCIM. (Addresses: anteroom/email.h.)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace anteroom::text {

inline constexpr std::size_t kMaxName = 100;  ///< characters of what somebody here types
inline constexpr std::size_t kMaxNote = 500;  ///< characters
/// Bytes of what a company's directory has: nobody here can shorten it.
inline constexpr std::size_t kMaxDirectoryName = 256;

enum class TextFault {
  none,
  not_utf8,   ///< or was not, before something put U+FFFD in the place of what it could not read
  not_plain,  ///< is_plain_text() says no
  too_long,
};

/// Of texts as trimmed() leaves them. Empty ones are fine.
TextFault fault_of_name(std::string_view name);
TextFault fault_of_note(std::string_view note);

/// Whether a name that a directory gives can be kept: plain text, of a length that can be shown.
bool is_directory_name(std::string_view name);

/// The name of a column as people write it into the head of a list: " Email" is "email".
std::string column_name(std::string_view cell);

}  // namespace anteroom::text
