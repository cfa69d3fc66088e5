#include "loop/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

namespace anteroom::nginx {

namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

std::string value_of(const ConnectionParameters& parameters, std::string_view keyword) {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& entry) { return entry.first == keyword; });
  return found == parameters.end() ? "" : found->second;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items;
  std::size_t start = 0;
  for (;;) {
    const std::size_t comma = list.find(',', start);
    items.push_back(list.substr(start, comma - start));
    if (comma == std::string::npos) return items;
    start = comma + 1;
  }
}

bool is_numeric(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool needs_resolving(const std::string& host) {
  return !host.empty() && host[0] != '/' && host[0] != '@' && !is_numeric(host);
}

std::vector<std::string> addresses_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, FreeAddresses> owner(list);
  std::vector<std::string> addresses;
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(item->ai_addr, item->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  return addresses;
}

// One server of a comma-separated list: its own host, address and port, all else as it was.
struct Server {
  std::string host, address, port;
};

std::vector<Server> servers_of(const ConnectionParameters& parameters) {
  const auto hosts = split(value_of(parameters, "host"));
  const auto addresses = split(value_of(parameters, "hostaddr"));
  const auto ports = split(value_of(parameters, "port"));
  std::vector<Server> servers;
  for (std::size_t i = 0; i < std::max(hosts.size(), addresses.size()); ++i) {
    servers.push_back({i < hosts.size() ? hosts[i] : "", i < addresses.size() ? addresses[i] : "",
                       ports.size() == 1 ? ports[0] : (i < ports.size() ? ports[i] : "")});
  }
  return servers;
}

ConnectionParameters with_server(const ConnectionParameters& parameters, const Server& server) {
  ConnectionParameters result;
  for (const auto& entry : parameters) {
    if (entry.first != "host" && entry.first != "hostaddr" && entry.first != "port") {
      result.push_back(entry);
    }
  }
  if (!server.host.empty()) result.emplace_back("host", server.host);
  if (!server.address.empty()) result.emplace_back("hostaddr", server.address);
  if (!server.port.empty()) result.emplace_back("port", server.port);
  return result;
}

std::vector<ConnectionParameters> expand(const ConnectionParameters& parameters) {
  std::vector<ConnectionParameters> result;
  for (Server server : servers_of(parameters)) {
    if (!server.address.empty() || !needs_resolving(server.host)) {
      result.push_back(with_server(parameters, server));
      continue;
    }
    for (const std::string& address : addresses_of(server.host)) {
      server.address = address;
      result.push_back(with_server(parameters, server));
    }
  }
  return result;
}

}  // namespace

void resolve(Worker& worker, const ConnectionParameters& parameters,
             const std::function<void(std::vector<ConnectionParameters>)>& done) {
  const auto servers = servers_of(parameters);
  if (std::none_of(servers.begin(), servers.end(), [](const Server& server) {
        return server.address.empty() && needs_resolving(server.host);
      })) {
    done(expand(parameters));
    return;
  }
  auto resolved = std::make_shared<std::vector<ConnectionParameters>>();
  const bool is_submitted =
      worker.submit([resolved, parameters] { *resolved = expand(parameters); },
                    [resolved, done] { done(std::move(*resolved)); });
  if (!is_submitted) done({});
}

}  // namespace anteroom::nginx
