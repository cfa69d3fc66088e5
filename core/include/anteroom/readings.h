// The ways in which servers read one and the same path of a request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace anteroom {

/// A path with more readings than this, or with more bytes in all of them, is not worth telling
/// apart.
inline constexpr std::size_t kMostReadings = 24;
inline constexpr std::size_t kMostBytes = 32u << 10;

/// True if every server reads `path` alike: no parameters, backslashes, double slashes, segments
/// that begin with a dot, fragments, escapes of such signs. One pass, no allocation.
[[nodiscard]] bool has_one_reading(std::string_view path);

/// All that servers make of `path` (as sent, percent-encoded, without the query), each once: with
/// or without path parameters (`;x`, RFC 3986 3.3), dot segments taken out (5.2.4) before or after
/// decoding, escapes decoded once, twice or not at all, backslashes and overlong UTF-8 as slashes,
/// double slashes merged or taken for a host (4.2), a script's name (`/index.php/`) taken out, cut
/// at a NUL, `#` or decoded `?`; and combinations of these in any order. Escapes of signs that none
/// of this is about are decoded; the others stay as `%XX` where a reading leaves them alone.
/// nullopt: more than kMostReadings, or kMostBytes.
[[nodiscard]] std::optional<std::vector<std::string>> readings_of(std::string_view path);

/// True if a segment of it is "..", escaped or not: where nginx has put another path before it, or
/// after, it leads out of that.
[[nodiscard]] bool leads_up(std::string_view reading);

/// False if leads_up() is of no reading of `path`. One pass.
[[nodiscard]] bool may_lead_up(std::string_view path);

/// `text` with its escapes decoded once.
[[nodiscard]] std::string decoded_once(std::string_view text);

}  // namespace anteroom
