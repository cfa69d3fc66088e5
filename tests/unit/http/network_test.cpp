#include "anteroom/network.h"

#include <catch2/catch.hpp>

using anteroom::network_of;

TEST_CASE("a client has one IPv4 address, or a /64 of IPv6, to itself") {
  CHECK(network_of("192.0.2.1") == "192.0.2.1");
  CHECK(network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(network_of("2001:DB8:1:2::") == network_of("2001:db8:1:2:ffff::1"));
  CHECK(network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1"));
  CHECK(network_of("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(network_of("::1") == "::/64");
  CHECK(network_of("unix:") == "unix:");
  CHECK(network_of("") == "");
}
