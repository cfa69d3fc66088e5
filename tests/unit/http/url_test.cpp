#include "http/url.h"

#include <catch2/catch.hpp>

using namespace anteroom;

TEST_CASE("a URL is split into its parts, host and scheme in lower case") {
  const auto url = http::parse_url("HTTPS://App.Example.COM:8443/a/b?x=1&y=%20");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "app.example.com");
  CHECK(url->port == 8443);
  CHECK(url->path == "/a/b");
  CHECK(url->query == "x=1&y=%20");
  CHECK(url->origin().text == "https://app.example.com:8443");
}

TEST_CASE("an origin leaves the default port out") {
  CHECK(http::parse_url("https://a.test:443/")->origin().text == "https://a.test");
  CHECK(http::parse_url("http://a.test:80")->origin().authority == "a.test");
  CHECK(http::parse_url("http://a.test:443")->origin().text == "http://a.test:443");
}

TEST_CASE("what a browser might read otherwise is not a valid URL") {
  const char* text = GENERATE(
      "", "/", "//a.test/", "a.test", "ftp://a.test/", "javascript://a.test/", "https:/a.test",
      "https:a.test", "https://", "https:///a", "https://user@a.test/", "https://a.test@evil.test/",
      "https://a.test\\@evil.test/", "https://a .test/", "https://a.test/#x", "https://a.test/a b",
      "https://a_b.test/", "https://-a.test/", "https://a..test/", "https://a.test:0/",
      "https://a.test:70000/", "https://a.test:8x/", "https://a.test:/", "https://\xc3\xa4.test/",
      "https://a.test/\x01", "https://[::1/", "https://::1/");
  CAPTURE(text);
  CHECK_FALSE(http::parse_url(text));
}

TEST_CASE("plain http is tolerated on this machine only") {
  CHECK(http::is_loopback(*http::parse_url("http://localhost:80/")));
  CHECK(http::is_loopback(*http::parse_url("http://app.localhost/")));
  CHECK(http::is_loopback(*http::parse_url("http://127.0.0.1/")));
  CHECK(http::is_loopback(*http::parse_url("http://[::1]:8080/")));
  CHECK_FALSE(http::is_loopback(*http::parse_url("http://localhost.evil.test/")));
  CHECK_FALSE(http::is_loopback(*http::parse_url("http://127.evil.test/")));
  CHECK_FALSE(http::is_loopback(*http::parse_url("http://10.0.0.1/")));
}

TEST_CASE("a local target is a path that no browser takes for another site") {
  CHECK(http::is_local_target("/"));
  CHECK(http::is_local_target("/a?b=c&d=https://x.test/"));
  const char* text =
      GENERATE("", "a", "//evil.test", "/\\evil.test", "///evil.test", "http:evil.test",
               "https://evil.test", "\\\\evil.test", "/a\\b", "/a\nb", "/a\tb", "/a b", "/\x7f",
               "/a#b", "@evil.test", " /a", "/\xc2\xa0");
  CAPTURE(text);
  CHECK_FALSE(http::is_local_target(text));
  CHECK_FALSE(http::is_local_target("/" + std::string(2048, 'a')));
}
