// The one rule for names and notes, whichever way they come in (pages, SAML, SCIM, the command):
// UTF-8 without what changes how the text around it reads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace anteroom::text {

enum class Lines { one, many };

/// True for valid UTF-8 (Unicode, table 3-7) without control characters, marks and overrides of
/// direction, invisible characters, separators of lines and noncharacters. Joiners may stand behind
/// letters of the scripts that are written with them, and behind emoji. Lines::many allows line
/// feeds, CRLF and tabs.
bool is_plain_text(std::string_view text, Lines lines);

bool is_utf8(std::string_view text);

/// Valid UTF-8 without NUL, as a database takes it: `instead` for every byte that is not part of a
/// character.
std::string well_formed(std::string_view text, std::string_view instead = "\ufffd");

/// What is_plain_text() takes: `instead` for every other character, and for every byte of none.
std::string only_plain(std::string_view text, std::string_view instead);

/// Code points of valid UTF-8.
std::size_t characters(std::string_view text);

/// At most `max` bytes of it, ending between characters.
std::string_view cut(std::string_view text, std::size_t max);

/// Fit for a header value, a log line or the database: what is_plain_text() does not take becomes
/// '?', at most `max` bytes, ending between characters.
std::string printable(std::string_view text, std::size_t max);

/// Without white space (space, tab, CR and LF, as XML has it) at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace anteroom::text
