#include "arriving_body.h"

namespace anteroom::nginx {

namespace {

std::string bytes(const void* data, std::size_t count) {
  return {static_cast<const char*>(data), count};
}

}  // namespace

std::string budget_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    return bytes(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr, sizeof(in_addr));
  }
  if (address->sa_family != AF_INET6) return "";
  const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&six)) return bytes(&six.s6_addr[12], sizeof(in_addr));
  return bytes(&six, sizeof six / 2);
}

}  // namespace anteroom::nginx
