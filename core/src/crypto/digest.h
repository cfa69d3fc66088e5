// Digests and comparison in constant time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/ports.h"

namespace anteroom::crypto {

enum class Hash { sha1, sha256, sha384, sha512 };

/// nullopt only if the library fails. Its algorithm is looked up once per process.
std::optional<TokenHash> sha256(std::string_view bytes);

/// The digest's bytes.
std::optional<std::string> digest(Hash hash, std::string_view bytes);

bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace anteroom::crypto
