// How people read what is kept for machines.
#pragma once

#include <string>
#include <string_view>

namespace anteroom::journey {

/// "2026-05-04T09:12:33Z" as "2026-05-04 09:12 UTC". Anything else as it is.
std::string readable_time(std::string_view iso);

/// A browser and its system from a User-Agent header: "Firefox, Windows". Only what is known; may
/// be empty.
std::string device_of(std::string_view user_agent);

}  // namespace anteroom::journey
