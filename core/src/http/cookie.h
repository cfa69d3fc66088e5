// Cookies (RFC 6265bis): reading the request's, writing ours.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anteroom::http {

/// Calls `visit(name, value)` for each pair of a Cookie header, in order. Views into `header`.
template <class Visit>
void for_each_cookie(std::string_view header, Visit visit) {
  while (!header.empty()) {
    const auto end = header.find(';');
    std::string_view pair = header.substr(0, end);
    header = end == std::string_view::npos ? std::string_view{} : header.substr(end + 1);
    while (!pair.empty() && (pair.front() == ' ' || pair.front() == '\t')) pair.remove_prefix(1);
    while (!pair.empty() && (pair.back() == ' ' || pair.back() == '\t')) pair.remove_suffix(1);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) {
      visit(pair, pair.substr(pair.size()));
    } else {
      visit(pair.substr(0, equals), pair.substr(equals + 1));
    }
  }
}

enum class SameSite { lax, none };

/// A Set-Cookie value. Always `Path=/; Secure; HttpOnly`: fit for a __Host- name.
/// No max_age: until the browser closes. Zero: delete.
std::string set_cookie(std::string_view name, std::string_view value, SameSite same_site,
                       std::optional<std::chrono::seconds> max_age = std::nullopt);

}  // namespace anteroom::http
