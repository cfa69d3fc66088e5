#include "pages/headers.h"

#include <string>

namespace anteroom::pages {

namespace {

// A ';' or ',' would end the directive or the policy.
bool is_source_list(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/.-[] ";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string page_policy(std::string_view form_action) {
  std::string policy =
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src "
      "'self'; "
      "form-action 'self'";
  if (is_source_list(form_action)) policy.append(" ").append(form_action);
  return policy + "; frame-ancestors 'none'; base-uri 'none'";
}

}  // namespace

HeaderList page_headers(std::string_view language, std::string_view form_action) {
  return {
      {"Content-Type", "text/html; charset=utf-8"},
      {"Content-Language", std::string(language)},
      {"Vary", "Accept-Encoding, Accept-Language"},
      {"Cache-Control", "no-store"},
      {"Content-Security-Policy", page_policy(form_action)},
      {"X-Content-Type-Options", "nosniff"},
      // Not no-referrer: browsers would then send "Origin: null" with our own forms.
      {"Referrer-Policy", "same-origin"},
      {"X-Frame-Options", "DENY"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy",
       "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"},
  };
}

HeaderList asset_headers(std::string_view type) {
  return {
      {"Content-Type", std::string(type)},
      {"Vary", "Accept-Encoding"},
      {"Cache-Control", "public, max-age=31536000, immutable"},
      // An SVG opened by itself is a document: it may look as it likes and do nothing.
      {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"},
      {"X-Content-Type-Options", "nosniff"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
  };
}

}  // namespace anteroom::pages
