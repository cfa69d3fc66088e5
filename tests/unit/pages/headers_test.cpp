#include <catch2/catch.hpp>

#include "samples.h"

using namespace anteroom;

namespace {

std::string policy(std::string_view form_action) {
  const pages::Renderer& renderer = samples::renderer();
  return samples::header(renderer.page("", "sign_in", 200, {}, form_action),
                         "Content-Security-Policy");
}

}  // namespace

TEST_CASE("a page's headers, and no others") {
  const pages::Renderer& renderer = samples::renderer();
  const HeaderList expected{
      {"Content-Type", "text/html; charset=utf-8"},
      {"Content-Language", "en"},
      {"Vary", "Accept-Encoding, Accept-Language"},
      {"Cache-Control", "no-store"},
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
       "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "same-origin"},
      {"X-Frame-Options", "DENY"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy",
       "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"},
  };
  for (const auto& [name, values] : samples::text_values()) {
    INFO(name);
    CHECK(renderer.page("", name, 200, {}).headers == expected);
  }
}

TEST_CASE("forms may lead to the origins a page names, besides this host") {
  CHECK_THAT(policy("https: http://idp.test:8080"),
             Catch::Matchers::Contains(
                 "; form-action 'self' https: http://idp.test:8080; frame-ancestors 'none';"));
}

TEST_CASE("what could end the policy is not a form target") {
  for (const char* hostile :
       {"https://a.test; script-src *", "https://a.test, default-src *",
        "https://a.test\r\nSet-Cookie: a=b", "'unsafe-inline'", "*", "\x80"}) {
    INFO(hostile);
    CHECK(policy(hostile) == policy(""));
  }
}
