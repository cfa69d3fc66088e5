#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <regex>

#include "samples.h"

using namespace anteroom;
using Catch::Matchers::Contains;

namespace {

// Closes an attribute and an element, opens others, and tries to be a template itself.
const std::string kHostile =
    "\"'><b/onx=\"1\"></title></textarea><script>alert(1)</script>{{product_name}}{{{prefix}}}&";

// The characters that make up HTML's structure: the same for every value if all are escaped.
std::array<std::ptrdiff_t, 4> structure(const std::string& html) {
  const auto count = [&](char c) { return std::count(html.begin(), html.end(), c); };
  return {count('<'), count('>'), count('"'), count('\'')};
}

pages::Values filled(const std::vector<std::string>& names, const std::string& value) {
  pages::Values values;
  for (const std::string& name : names) values.text[name] = value;
  if (values.text.count("your_properties") != 0) {
    values.text["your_properties"] = value + "x=" + value;
  }
  for (const char* flag : {"is_entra", "is_step_up", "is_unknown", "show_support", "show_retry",
                           "is_maintenance", "is_confirmed", "is_declined", "may_ask"}) {
    values.flags[flag] = true;
  }
  return values;
}

pages::Values with_every_text(pages::Values values, const std::string& text) {
  for (auto& [name, value] : values.text) {
    if (!value.empty() && name != "your_properties") value = text;
  }
  for (auto& [name, entries] : values.lists) {
    for (auto& entry : entries) entry = with_every_text(entry, text);
  }
  return values;
}

}  // namespace

TEST_CASE("no value of a list's entries becomes markup") {
  for (const auto& sample : samples::all()) {
    INFO(sample.file);
    const auto page = [&](const std::string& text) {
      return samples::body(sample.name, with_every_text(sample.values, text));
    };
    CHECK(structure(page("/" + kHostile)) == structure(page("/x")));
  }
}

TEST_CASE("no value of any page becomes markup") {
  for (const auto& [name, values] : samples::text_values()) {
    // The second shape passes as the address of a page, so that it reaches links and forms.
    for (const std::string shape : {"", "/"}) {
      INFO(name << " with values like " << shape << kHostile);
      const std::string hostile = samples::body(name, filled(values, shape + kHostile));
      const std::string harmless = samples::body(name, filled(values, shape + "x"));
      CHECK(structure(hostile) == structure(harmless));
      CHECK_THAT(hostile, !Contains("<script>alert"));
      CHECK_THAT(hostile, Contains("&lt;script&gt;alert(1)"));
      CHECK_THAT(hostile, Contains("{{product_name}}{{{prefix}}}&amp;"));
    }
  }
}

TEST_CASE("no setting becomes markup") {
  const auto rendered = [](const std::string& value) {
    Settings settings = samples::settings();
    settings.pages.product_name = value;
    settings.pages.support_email = value;
    settings.pages.support_phone = "+1" + value;
    settings.pages.support_url = "https://help.test/" + value;
    settings.pages.privacy_url = "https://privacy.test/" + value;
    settings.service_provider.pages_prefix = "/" + value;
    settings.service_provider.landing_url = "https://app.test/" + value;
    settings.service_provider.apps = {{"https://" + value, value}};
    std::string all;
    const pages::Renderer renderer(settings);
    for (const auto& [name, values] : samples::text_values()) {
      all += renderer.page("", name, 200, filled(values, "x")).body;
    }
    return all;
  };
  const std::string hostile = rendered(kHostile);
  CHECK(structure(hostile) == structure(rendered("x")));
  CHECK_THAT(hostile, !Contains("<script>alert"));
}

TEST_CASE("what is not a colour leaves the style sheet as it was") {
  Settings settings = samples::settings();
  const auto sheet = pages::Renderer(settings).asset("style.css").content();
  for (const char* accent : {"red}*{display:none", "#12345", "#1b5e9g", "", "1b5e9b#"}) {
    settings.pages.accent = accent;
    CHECK(pages::Renderer(settings).asset("style.css").content() == sheet);
  }
}

TEST_CASE("an address that is not a web address leads nowhere") {
  for (const std::string url :
       {"javascript:alert(1)", "data:text/html,x", "//evil.test/", "/\\evil",
        "\tjavascript:alert(1)", "https:evil.test", " /auth", "evil"}) {
    INFO(url);
    for (const auto& [page, name] :
         std::vector<std::pair<std::string, std::string>>{{"denied", "back_url"},
                                                          {"error", "retry_url"},
                                                          {"signed_out", "sign_in_url"},
                                                          {"waiting", "ask_url"},
                                                          {"waiting", "refresh_url"},
                                                          {"waiting", "status_url"},
                                                          {"waiting", "stream_url"},
                                                          {"post_to_idp", "action"}}) {
      pages::Values values;
      values.text[name] = url;
      values.flags["show_retry"] = values.flags["may_ask"] = true;
      CHECK_THAT(samples::body(page, values), !Contains(url + "\""));
    }
    Settings settings = samples::settings();
    settings.pages.support_url = settings.pages.privacy_url = url;
    settings.service_provider.landing_url = url;
    CHECK_THAT(pages::Renderer(settings).page("", "sign_out", 200, {}).body, !Contains(url + "\""));
    CHECK_THAT(pages::Renderer(settings).page("", "sign_in", 200, {}).body, !Contains(url + "\""));
  }
}

TEST_CASE("pages hold no inline script, style or event handler") {
  const pages::Renderer& renderer = samples::renderer();
  std::size_t scripts = 0;
  for (const auto& sample : samples::all()) {
    const std::string page = renderer.page("", sample.name, 200, sample.values).body;
    for (const std::string& tag : samples::tags(page)) {
      INFO(sample.file << ": " << tag);
      CHECK_FALSE(std::regex_search(tag, std::regex("\\son[a-z]+=")));
      CHECK_THAT(tag, !Contains("style=") && !Contains("<style"));
      if (tag.rfind("<script", 0) != 0) continue;
      ++scripts;
      CHECK_THAT(tag, Contains(" src=\"/auth/assets/"));
      CHECK_THAT(page, Contains(tag + "</script>"));
    }
  }
  CHECK(scripts == 29);  // the pages before and after signing on, the Waiting Room in its states,
                         // the posted request, people, a company, what its administrator sees
}

TEST_CASE("pages load nothing from elsewhere") {
  const pages::Renderer& renderer = samples::renderer();
  for (const auto& sample : samples::all()) {
    const std::string page = renderer.page("", sample.name, 200, sample.values).body;
    const auto sources = samples::attributes(page, "src");
    REQUIRE_FALSE(sources.empty());
    for (const std::string& url : sources) CHECK_THAT(url, Catch::StartsWith("/auth/assets/"));
    for (const std::string& tag : samples::tags(page)) {
      INFO(sample.file << ": " << tag);
      if (tag.rfind("<link", 0) == 0) CHECK_THAT(tag, Contains(" href=\"/auth/assets/"));
    }
  }
  for (const char* name :
       {"style.css", "manage.css", "icon.svg", "waiting.js", "submit.js", "people.js", "copy.js"}) {
    const std::string body = renderer.asset(name).content();
    CHECK_THAT(body, !Contains("https:") && !Contains("@import") && !Contains("url("));
  }
}
