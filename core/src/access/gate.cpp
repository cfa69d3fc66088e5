#include "anteroom/gate.h"

#include <algorithm>
#include <array>

#include "access/levels.h"
#include "crypto/digest.h"
#include "http/cookie.h"
#include "http/header_list.h"
#include "session/names.h"
#include "session/token.h"
#include "text/ascii.h"

namespace anteroom {

bool is_fresh(const SessionView& session, const Requirement& requirement, Time now) {
  if (requirement.max_age.count() != 0 && now - session.authenticated_at() > requirement.max_age) {
    return false;
  }
  return requirement.authn_context.empty() ||
         session.fields().authn_context == requirement.authn_context;
}

Outcome decide(const Settings& settings, const SessionView* session, const Requirement& requirement,
               std::string_view origin, Time now) {
  if (session == nullptr || session->status() == UserStatus::disabled ||
      now >= session->expires_at() || session->fields().origin != origin) {
    return Outcome::sign_on;
  }
  if (!session->is_provisioned()) return Outcome::waiting_room;
  if (!access::meets(settings.access, session->fields(), requirement)) return Outcome::forbidden;
  return is_fresh(*session, requirement, now) ? Outcome::allow : Outcome::step_up;
}

bool is_navigation(const RequestHead& request) {
  const RequestHeaders& headers = request.headers;
  if (!headers.upgrade.empty() || !headers.sec_purpose.empty()) return false;
  if (!headers.sec_fetch_mode.empty()) {
    return headers.sec_fetch_mode == "navigate" && headers.sec_fetch_dest == "document";
  }
  if (request.method != "GET" && request.method != "HEAD" && request.method != "POST") return false;
  if (text::equals_ignoring_case(headers.x_requested_with, "XMLHttpRequest")) return false;
  return http::list_has(headers.accept, "text/html") ||
         http::list_has(headers.accept, "application/xhtml+xml");
}

namespace {

// On every gated request: a table.
bool is_base64url(std::string_view text) {
  static constexpr auto kTable = [] {
    std::array<bool, 256> table{};
    for (const char member :
         std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
      table[static_cast<unsigned char>(member)] = true;
    }
    return table;
  }();
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return kTable[static_cast<unsigned char>(c)]; });
}

}  // namespace

OurCookies our_cookies(std::string_view cookie_header) {
  OurCookies ours;
  int sessions = 0;
  http::for_each_cookie(cookie_header, [&](std::string_view name, std::string_view value) {
    if (!session::is_our_cookie(name)) return;
    ours.is_any = true;
    if (name.size() != session::kSessionCookie.size()) return;
    ++sessions;
    ours.session_token = value;
  });
  if (sessions != 1 || ours.session_token->size() != session::kTokenCharacters ||
      !is_base64url(*ours.session_token)) {
    ours.session_token.reset();
  }
  return ours;
}

std::optional<std::string_view> session_token(std::string_view cookie_header) {
  return our_cookies(cookie_header).session_token;
}

std::optional<TokenHash> hash_token(std::string_view token) {
  return crypto::sha256(token);
}

std::string without_our_cookies(std::string_view cookie_header) {
  std::string out;
  http::for_each_cookie(cookie_header, [&](std::string_view name, std::string_view value) {
    if (session::is_our_cookie(name) || (name.empty() && value.empty())) return;
    if (!out.empty()) out += "; ";
    out.append(name.data(), static_cast<std::size_t>(value.data() + value.size() - name.data()));
  });
  return out;
}

}  // namespace anteroom
