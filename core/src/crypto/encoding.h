// Hex and base64.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace anteroom::crypto {

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view hex);

/// RFC 4648 section 4, with padding.
std::string base64(std::string_view bytes);
/// Strict: canonical padding and zero trailing bits, no white space, nothing else forgiven.
std::optional<std::string> from_base64(std::string_view text);

/// RFC 4648 section 5, without padding.
std::string base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace anteroom::crypto
