// The gate: what `auth_saml on;` does to one request. Pure; no allocation on the way to "allow".
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "anteroom/http.h"
#include "anteroom/session.h"
#include "anteroom/settings.h"

namespace anteroom {

/// What a location asks for.
struct Requirement {
  std::optional<std::string_view> level;  ///< nullopt: any; one that there is not lets nobody in
  std::string_view property;
  bool has_property = false;  ///< "at PROPERTY" was written; an empty value then grants nobody
  std::chrono::seconds max_age{0};      ///< of the last sign-on; 0: any
  std::string_view authn_context = {};  ///< class reference of the last sign-on; empty: any
};

enum class Outcome {
  allow,
  sign_on,       ///< anonymous
  waiting_room,  ///< signed in, not provisioned
  forbidden,     ///< provisioned, not enough access here
  step_up,       ///< enough access, but the sign-on is too old or of another kind
};

/// `session` is null for an anonymous request. A session that has expired at `now`, belongs to a
/// disabled user or to another origin than `origin` counts as none.
[[nodiscard]] Outcome decide(const Settings& settings, const SessionView* session,
                             const Requirement& requirement, std::string_view origin, Time now);

/// Whether the sign-on behind a session is as recent and of the kind that is required.
[[nodiscard]] bool is_fresh(const SessionView& session, const Requirement& requirement, Time now);

/// True for what a person sees as a page load: only this is ever redirected (Fetch Metadata; an
/// HTML Accept on GET or HEAD where those headers are missing). Prefetches and upgrades are not.
[[nodiscard]] bool is_navigation(const RequestHead& request);

/// What a Cookie header holds of ours.
struct OurCookies {
  /// 43 characters of base64url, exactly one such cookie. Anything else is not a token.
  std::optional<std::string_view> session_token;
  bool is_any = false;  ///< then the header must be rewritten before it is passed on
};
[[nodiscard]] OurCookies our_cookies(std::string_view cookie_header);
[[nodiscard]] std::optional<std::string_view> session_token(std::string_view cookie_header);

/// SHA-256 of the token's characters. nullopt only if the library fails (the caller then refuses).
[[nodiscard]] std::optional<TokenHash> hash_token(std::string_view token);

/// The Cookie header for the app: all our own cookies (session, login states, browser) left out.
[[nodiscard]] std::string without_our_cookies(std::string_view cookie_header);

}  // namespace anteroom
