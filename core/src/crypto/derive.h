// Keys for single purposes, derived from those in the key files.
#pragma once

#include <string_view>

#include "anteroom/settings.h"

namespace anteroom::crypto {

/// HKDF (RFC 5869) with SHA-256 and without salt: 32 bytes that serve `purpose` alone. Throws
/// std::runtime_error if the library fails: called when a process starts.
Secret derive_key(const Secret& key, std::string_view purpose);

}  // namespace anteroom::crypto
