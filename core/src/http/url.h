// The one URL grammar: decides where we redirect and whether we may.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/settings.h"

namespace anteroom::http {

/// An absolute http or https URL, strictly RFC 3986 with a plain ASCII host: no user info, no
/// fragment, no backslash, no control character, no space.
struct Url {
  std::string scheme;  ///< "http" or "https" (parse_smtp_url: "smtp" or "smtps")
  std::string host;    ///< lower case; an IPv6 literal keeps its brackets
  int port = 0;        ///< 0: the scheme's default
  std::string path;    ///< starts with '/'; "/" if there was none
  std::string query;   ///< without '?'

  [[nodiscard]] Origin origin() const;
};

std::optional<Url> parse_url(std::string_view text);

/// The same grammar for the address of a mail server: smtp or smtps, nothing behind the port.
std::optional<Url> parse_smtp_url(std::string_view text);

/// True for http://localhost, http://*.localhost and loopback addresses: where plain http is
/// tolerated.
bool is_loopback(const Url& url);

/// A path (and query) on this site that a browser can only read as that: starts with one '/', the
/// next character is neither '/' nor '\', printable ASCII without backslash, at most `max` bytes,
/// no fragment. (CVE-2019-3877, CVE-2019-13038: every looser rule was got around.)
bool is_local_target(std::string_view text, std::size_t max = 2048);

}  // namespace anteroom::http
