#include <algorithm>
#include <catch2/catch.hpp>

#include "samples.h"

using namespace anteroom;
using Catch::Matchers::Contains;

TEST_CASE("every page has its status, one h1, one main and a title") {
  const pages::Renderer& renderer = samples::renderer();
  for (const auto& sample : samples::all()) {
    INFO(sample.file);
    const Response page = renderer.page("", sample.name, sample.status, sample.values);
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
    const Response page = renderer.page("", name, 200, {});
    CHECK(page.status == 200);
    CHECK_THAT(page.body, Contains("<h1>") && Contains("</html>"));
    CHECK_THAT(page.body, !Contains("<h1></h1>") && !Contains("Need help?"));
  }
}

TEST_CASE("empty text counts as nothing said") {
  pages::Values values;
  values.text["error"] = "";
  values.text["notice"] = "";
  const std::string page = samples::body("sign_in", values);
  CHECK_THAT(page, !Contains("role=\"alert\"") && !Contains("class=\"notice\""));
}

TEST_CASE("a page that does not exist is an error, not an empty page") {
  const pages::Renderer& renderer = samples::renderer();
  CHECK(renderer.page("", "no_such_page", 200, {}).status == 500);
  CHECK(renderer.page("", "layout", 200, {}).status == 500);
  CHECK(renderer.page("", "styles", 200, {}).status == 500);
}

TEST_CASE("support is reached by whatever contact there is") {
  Settings settings = samples::settings();
  settings.pages.support_email.clear();
  settings.pages.support_url.clear();
  const std::string by_phone = pages::Renderer(settings).page("", "waiting", 200, {}).body;
  CHECK_THAT(by_phone, Contains("href=\"tel:+15550100199\"") && !Contains("mailto:"));

  settings.pages.support_phone = "extension seven";
  const std::string no_digits = pages::Renderer(settings).page("", "waiting", 200, {}).body;
  CHECK_THAT(no_digits, Contains("<li>extension seven</li>") && !Contains("tel:"));

  settings.pages.support_phone.clear();
  CHECK_THAT(pages::Renderer(settings).page("", "waiting", 200, {}).body, !Contains("Need help?"));
}

TEST_CASE("an error stands next to its field and is announced with it") {
  pages::Values values;
  values.text["error"] = "We don't know that.";
  const std::string page = samples::body("sign_in", values);
  CHECK_THAT(page, Contains("aria-invalid=\"true\" aria-describedby=\"email-error\""));
  CHECK_THAT(page, Contains("id=\"email-error\" role=\"alert\">We don&apos;t know that.</p>"));
  CHECK_THAT(page, Contains("<title>Error: Sign in"));
}

TEST_CASE("the email field helps whoever fills it in") {
  const std::string page = samples::body("sign_in", {});
  CHECK_THAT(page, Contains("<label for=\"email\">") && Contains("id=\"email\""));
  CHECK_THAT(page, Contains("autocomplete=\"email\"") && Contains("inputmode=\"email\""));
}

TEST_CASE("only Entra's button carries Microsoft's mark") {
  pages::Values values;
  values.text["button"] = "Log In with Microsoft";
  CHECK_THAT(samples::body("provider", values), !Contains("<svg"));
  values.flags["is_entra"] = true;
  CHECK_THAT(samples::body("provider", values), Contains("<svg") && Contains("#f25022"));
}

TEST_CASE("another address keeps where the person wanted to go") {
  pages::Values values;
  values.text["return"] = "abc";
  CHECK_THAT(samples::body("provider", values), !Contains("/auth/sign-in/another"));
  values.flags["may_choose"] = true;
  const std::string page = samples::body("provider", values);
  CHECK_THAT(page,
             Contains("<form class=\"fine\" method=\"post\" action=\"/auth/sign-in/another\">\n"
                      "<input type=\"hidden\" name=\"r\" value=\"abc\">\nNot your company? "));
  values.text["email"] = "ada@contoso.test";
  CHECK_THAT(samples::body("provider", values), Contains("Not you? "));
}

TEST_CASE("the posted request works without a script") {
  pages::Values values;
  values.text = {
      {"action", "https://idp.test/sso"}, {"parameter", "SAMLRequest"}, {"message", "PHg+"}};
  const std::string page = samples::body("post_to_idp", values);
  CHECK_THAT(page, Contains("method=\"post\" action=\"https://idp.test/sso\""));
  CHECK_THAT(page, Contains("name=\"SAMLRequest\" value=\"PHg+\"") && !Contains("RelayState"));
  CHECK_THAT(page, Contains("<button type=\"submit\">"));
  values.text["relay_state"] = "r1";
  CHECK_THAT(samples::body("post_to_idp", values), Contains("name=\"RelayState\" value=\"r1\""));
}

TEST_CASE("the Waiting Room refreshes itself without scripts and knows where it may lead") {
  pages::Values values;
  values.text = {{"status_url", "/auth/waiting/status?r=a"}, {"refresh_url", "/auth/waiting?r=a"}};
  const std::string page = samples::body("waiting", values);
  CHECK_THAT(page, Contains("<noscript><meta http-equiv=\"refresh\" "
                            "content=\"5; url=/auth/waiting?r=a\"></noscript>"));
  CHECK_THAT(page, Contains("data-status-url=\"/auth/waiting/status?r=a\""));
  CHECK_THAT(page, Contains("data-origins=\"https://login.example.com https://app.example.com\""));
  CHECK(page.find("<noscript>") < page.find("</head>"));
}

TEST_CASE("grants are listed one by one, as the gate reads them") {
  pages::Values values;
  values.text = {{"property", "mill"}, {"your_level", "viewer"}};
  values.text["your_properties"] = "north=viewer,*=technician,broken,a=b=admin,";
  const std::string page = samples::body("denied", values);
  CHECK_THAT(page, Contains("viewer access at <span class=\"name\">north</span>"));
  CHECK_THAT(page, Contains("technician access at all properties"));
  CHECK_THAT(page, Contains("b=admin access at <span class=\"name\">a</span>"));
  CHECK_THAT(page, !Contains("broken"));

  values.text["your_properties"] = "";
  CHECK_THAT(samples::body("denied", values), Contains("<dd>viewer access</dd>"));
}
