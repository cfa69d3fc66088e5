// The names of our cookies. The __Host- prefix ties each to one host, to TLS and to Path=/ (RFC
// 6265bis 4.1.3.2): no sibling host can set or read it.
#pragma once

#include <string_view>

namespace anteroom::session {

inline constexpr std::string_view kSessionCookie = "__Host-anteroom";
/// One per sign-on under way; the rest of the name is the first 16 hex digits of the request's ID.
inline constexpr std::string_view kLoginCookiePrefix = "__Host-anteroom-login-";
/// The same of a test of signing on, out of which no session comes.
inline constexpr std::string_view kTestCookiePrefix = "__Host-anteroom-test-";
/// Random, lives as long as the browser: binds a hand-off between hosts to the browser that asked.
inline constexpr std::string_view kBrowserCookie = "__Host-anteroom-browser";
/// A form that was typed into when the session ended.
inline constexpr std::string_view kDraftCookie = "__Host-anteroom-draft";

/// The name of the company that was used last, as it is: it says whose button is offered first, and
/// nothing else. On the login host.
inline constexpr std::string_view kCompanyCookie = "__Host-anteroom-company";

/// Of a browser that has opened a set-up link: random, and as good as the link. On the login host.
inline constexpr std::string_view kSetUpCookie = "__Host-anteroom-set-up";

/// The address of a page, where it is long. For one path only, which a __Host- cookie cannot be.
inline constexpr std::string_view kReturnCookiePrefix = "__Secure-anteroom-return-";

/// True for every cookie that is ours.
constexpr bool is_our_cookie(std::string_view name) {
  if (name.starts_with(kReturnCookiePrefix)) return true;
  return name.starts_with(kSessionCookie) &&
         (name.size() == kSessionCookie.size() || name[kSessionCookie.size()] == '-');
}

}  // namespace anteroom::session
