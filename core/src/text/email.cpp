#include "anteroom/email.h"

#include <algorithm>

#include "text/ascii.h"
#include "text/idn.h"
#include "text/unicode.h"

namespace anteroom {

namespace {

constexpr std::size_t kMaxAddress = 254;  // RFC 5321 4.5.3.1, errata 1690
constexpr std::size_t kMaxLocalPart = 64;

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

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
  text = text::trimmed(text);
  const auto at = text.find('@');
  if (at == std::string::npos) return std::nullopt;
  std::string local = text::to_lower(text.substr(0, at));
  const auto domain = canonical_domain(text.substr(at + 1));
  if (!domain || !is_local_part(local) || local.size() + 1 + domain->size() > kMaxAddress) {
    return std::nullopt;
  }
  return std::move(local) + '@' + *domain;
}

std::optional<std::string> canonical_domain(std::string_view text) {
  std::string domain = text::to_lower(text);
  if (!std::all_of(domain.begin(), domain.end(), is_ascii)) {
    auto ascii = text::domain_to_ascii(domain);
    if (!ascii) return std::nullopt;
    domain = std::move(*ascii);
  }
  if (domain.size() > kMaxAddress || !is_domain(domain)) return std::nullopt;
  return domain;
}

std::string readable_domain(std::string_view canonical) {
  const bool is_written_otherwise =
      canonical.starts_with("xn--") || canonical.find(".xn--") != std::string_view::npos;
  return is_written_otherwise ? text::domain_to_unicode(canonical) : std::string(canonical);
}

std::string_view email_domain(std::string_view canonical) {
  return canonical.substr(canonical.find('@') + 1);
}

}  // namespace anteroom
