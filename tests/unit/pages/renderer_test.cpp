#include <algorithm>
#include <catch2/catch.hpp>

#include "samples.h"

using namespace anteroom;
using Catch::Matchers::Contains;

TEST_CASE("every page has its status, one h1, one main and a title") {
  const pages::Renderer renderer(samples::settings());
  for (const auto& sample : samples::all()) {
    INFO(sample.file);
    const Response page = renderer.page(sample.name, sample.status, sample.values);
    CHECK(page.status == sample.status);
    CHECK_THAT(page.body, Contains("<html lang=\"en\">"));
    for (const std::string tag : {"<title>", "<main", "</main>", "<h1>", "</h1>", "</html>"}) {
      const auto first = page.body.find(tag);
      CHECK(first != std::string::npos);
      CHECK(page.body.find(tag, first + 1) == std::string::npos);
    }
    CHECK(page.body.find("{{") == std::string::npos);
  }
}

TEST_CASE("every page renders with nothing to say") {
  const pages::Renderer renderer{Settings{}};
  for (const auto& [name, values] : samples::text_values()) {
    INFO(name);
    const Response page = renderer.page(name, 200, {});
    CHECK(page.status == 200);
    CHECK_THAT(page.body, Contains("<h1>") && Contains("</html>"));
    CHECK_THAT(page.body, !Contains("<h1></h1>") && !Contains("Need help?"));
  }
}
