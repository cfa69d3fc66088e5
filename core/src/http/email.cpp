#include "anteroom/email.h"

#include <algorithm>

#include "http/text.h"

namespace anteroom {

namespace {

constexpr std::size_t kMaxAddress = 254;  // RFC 5321 4.5.3.1, errata 1690
constexpr std::size_t kMaxLocalPart = 64;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// RFC 5322 dot-atom, ASCII, without what only makes trouble in a header or a shell.
bool is_local_part(std::string_view local) {
  constexpr std::string_view kSpecials = "!#$&'*+-/=?^_`{|}~.";
  if (local.empty() || local.size() > kMaxLocalPart || local.front() == '.' ||
      local.back() == '.' || local.find("..") != std::string_view::npos) {
    return false;
  }
  return std::all_of(local.begin(), local.end(), [&](char c) {
    return is_alphanumeric(c) || kSpecials.find(c) != std::string_view::npos;
  });
}

bool is_domain(std::string_view domain) {
  if (domain.find('.') == std::string_view::npos) return false;
  while (true) {
    const auto dot = domain.find('.');
    const std::string_view label = domain.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; })) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<std::string> canonical_email(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  if (text.size() > kMaxAddress) return std::nullopt;
  const std::string address = http::to_lower(text);
  const auto at = address.find('@');
  if (at == std::string::npos || !is_local_part(std::string_view(address).substr(0, at)) ||
      !is_domain(std::string_view(address).substr(at + 1))) {
    return std::nullopt;
  }
  return address;
}

std::string_view email_domain(std::string_view canonical) {
  return canonical.substr(canonical.find('@') + 1);
}

}  // namespace anteroom
