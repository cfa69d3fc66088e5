#include "http/url.h"

#include <algorithm>
#include <charconv>

#include "text/ascii.h"

namespace anteroom::http {

namespace {

constexpr std::size_t kMaxUrl = 4096;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

// Labels of letters, digits and inner hyphens (RFC 1123), as a name or an IPv4 address is written.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  while (true) {
    const auto dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; })) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

bool is_ipv6_literal(std::string_view host) {
  return host.size() > 4 && host.front() == '[' && host.back() == ']' &&
         host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
}

bool split_authority(std::string_view authority, Url& url) {
  auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  if (bracket != std::string_view::npos && colon != std::string_view::npos && colon < bracket) {
    colon = std::string_view::npos;
  }
  const std::string_view host = authority.substr(0, colon);
  if (!is_host_name(host) && !is_ipv6_literal(host)) return false;
  url.host = text::to_lower(host);
  if (colon == std::string_view::npos) return true;
  const std::string_view digits = authority.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
  return error == std::errc{} && end == digits.data() + digits.size() && url.port > 0 &&
         url.port <= 65535;
}

std::optional<Url> parse(std::string_view text, std::string_view plain, std::string_view secure) {
  if (text.size() > kMaxUrl || !is_visible_ascii(text) ||
      text.find('#') != std::string_view::npos) {
    return std::nullopt;
  }
  Url url;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  url.scheme = text::to_lower(text.substr(0, colon));
  if (url.scheme != plain && url.scheme != secure) return std::nullopt;
  std::string_view rest = text.substr(colon + 3);
  const auto authority_end = rest.find_first_of("/?");
  if (!split_authority(rest.substr(0, authority_end), url)) return std::nullopt;
  rest = authority_end == std::string_view::npos ? std::string_view{} : rest.substr(authority_end);
  const auto question = rest.find('?');
  url.path = rest.substr(0, question);
  if (url.path.empty()) url.path = "/";
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  return url;
}

}  // namespace

Origin Url::origin() const {
  const bool is_default = port == 0 || port == (scheme == "https" ? 443 : 80);
  std::string authority = is_default ? host : host + ':' + std::to_string(port);
  return {scheme + "://" + authority, authority};
}

std::optional<Url> parse_url(std::string_view text) {
  return parse(text, "http", "https");
}

std::optional<Url> parse_smtp_url(std::string_view text) {
  auto url = parse(text, "smtp", "smtps");
  if (url && (url->path != "/" || !url->query.empty())) url.reset();
  return url;
}

bool is_loopback(const Url& url) {
  return url.host == "localhost" || url.host.ends_with(".localhost") || url.host == "[::1]" ||
         (url.host.starts_with("127.") &&
          url.host.find_first_not_of("0123456789.") == std::string::npos);
}

bool is_local_target(std::string_view text, std::size_t max) {
  if (text.empty() || text.size() > max || text.front() != '/') return false;
  if (text.size() > 1 && text[1] == '/') return false;
  return is_visible_ascii(text) && text.find('#') == std::string_view::npos;
}

}  // namespace anteroom::http
