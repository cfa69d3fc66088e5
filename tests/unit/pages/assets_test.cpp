#include <catch2/catch.hpp>
#include <set>

#include "samples.h"

using namespace anteroom;
using Catch::Matchers::Contains;

TEST_CASE("assets have their type and may be kept for a year") {
  const pages::Renderer& renderer = samples::renderer();
  for (const auto& [name, type] : std::vector<std::pair<std::string, std::string>>{
           {"style.css", "text/css; charset=utf-8"},
           {"manage.css", "text/css; charset=utf-8"},
           {"waiting.js", "text/javascript; charset=utf-8"},
           {"submit.js", "text/javascript; charset=utf-8"},
           {"icon.svg", "image/svg+xml"}}) {
    INFO(name);
    const Response asset = renderer.asset(name);
    CHECK(asset.status == 200);
    CHECK_FALSE(asset.content().empty());
    CHECK(samples::header(asset, "Content-Type") == type);
    CHECK(samples::header(asset, "Cache-Control") == "public, max-age=31536000, immutable");
    CHECK(samples::header(asset, "X-Content-Type-Options") == "nosniff");
  }
}

TEST_CASE("every asset that a page names exists") {
  const pages::Renderer& renderer = samples::renderer();
  const std::string prefix = "/auth/assets/";
  std::set<std::string> named;
  for (const auto& sample : samples::all()) {
    const std::string page = renderer.page("", sample.name, 200, sample.values).body;
    for (const char* attribute : {"src", "href"}) {
      for (const std::string& url : samples::attributes(page, attribute)) {
        if (url.rfind(prefix, 0) != 0) continue;
        CHECK_THAT(url, Catch::Matches(".*\\?v=[0-9a-f]{12}"));
        named.insert(url.substr(prefix.size(), url.find('?') - prefix.size()));
      }
    }
  }
  CHECK(named == std::set<std::string>{"style.css", "manage.css", "icon.svg", "waiting.js",
                                       "submit.js", "people.js", "copy.js", "set_up.js",
                                       "fragment.js", "signed_on.js"});
  for (const std::string& name : named) CHECK(renderer.asset(name).status == 200);
}

TEST_CASE("an asset with other content has another address") {
  Settings settings = samples::settings();
  const auto style_of = [&] {
    const std::string page = pages::Renderer(settings).page("", "sign_in", 200, {}).body;
    return samples::attributes(page, "href").at(0);
  };
  const std::string before = style_of();
  CHECK(style_of() == before);
  settings.pages.accent = "#7a1f5c";
  CHECK(style_of() != before);
}

TEST_CASE("the logo is an asset, and an SVG logo opened by itself can do nothing") {
  Settings settings = samples::settings();
  CHECK(pages::Renderer(settings).asset("logo").status == 404);
  settings.pages.logo = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
  settings.pages.logo_type = "image/svg+xml";
  const pages::Renderer renderer(settings);
  const Response logo = renderer.asset("logo");
  CHECK(logo.content() == settings.pages.logo);
  CHECK(samples::header(logo, "Content-Type") == "image/svg+xml");
  CHECK(samples::header(logo, "Content-Security-Policy") ==
        "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  CHECK_THAT(
      renderer.page("", "sign_in", 200, {}).body,
      Contains("<img src=\"/auth/assets/logo?v=") && Contains("alt=\"Northwind Maintenance\""));
}

TEST_CASE("nothing else can be read through the assets") {
  const pages::Renderer& renderer = samples::renderer();
  for (const char* name :
       {"", ".", "..", "../style.css", "../../etc/passwd", "/etc/passwd", "style.css/",
        "style.css/../icon.svg", "./style.css", "%2e%2e/style.css", "STYLE.CSS", "style.css?v=1",
        "layout", "sign_in", "sign_in.mustache", "templates/sign_in.mustache", "styles"}) {
    INFO(name);
    const Response missing = renderer.asset(name);
    CHECK(missing.status == 404);
    CHECK(samples::header(missing, "Cache-Control") == "no-store");
    CHECK(samples::header(missing, "Content-Type") == "text/plain; charset=utf-8");
  }
  CHECK(renderer.asset(std::string_view("style.css\0", 10)).status == 404);
}
