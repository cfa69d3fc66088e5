// Who shares a limit.
#pragma once

#include <string>
#include <string_view>

namespace anteroom {

/// What one client has to itself: an IPv4 address, of an IPv6 address the /64 ("2001:db8::/64").
/// Anything else as it is given.
std::string network_of(std::string_view address);

}  // namespace anteroom
