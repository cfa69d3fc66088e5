#include <catch2/catch.hpp>
#include <filesystem>
#include <regex>
#include <set>

#include "pages/catalogue.h"
#include "samples.h"

using namespace anteroom;

namespace {

using Names = std::set<std::string>;

Names matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  return {std::sregex_token_iterator(text.begin(), text.end(), expression, 1),
          std::sregex_token_iterator()};
}

// From a heading to the next one of any level.
std::string section(const std::string& document, const std::string& heading) {
  const auto begin = document.find("\n" + heading + "\n");
  if (begin == std::string::npos) return "";
  const auto body = begin + heading.size() + 2;
  return document.substr(body, document.find("\n#", body) - body);
}

// The names in the first column of a section's table.
Names documented(const std::string& document, const std::string& heading) {
  Names names;
  for (const std::string& cell : matches(section(document, heading), "\n\\| (`[^|]*`) \\|")) {
    names.merge(matches(cell, "`([a-z_]+)`"));
  }
  return names;
}

// Those, and the values of a list's entries, which stand beside it.
Names mentioned(const std::string& document, const std::string& heading) {
  return matches(section(document, heading), "`([a-z_]+)`");
}

// Texts of the catalogue apart: catalogue_test.cpp.
Names used(const std::string& text) {
  Names names = matches(text, "\\{\\{[#^/]? *([a-z_]+) *\\}\\}");
  std::erase_if(names, [](const std::string& name) { return name.starts_with("t_"); });
  return names;
}

std::string shipped(const std::string& name) {
  return samples::read_file("core/src/pages/templates/" + name + ".mustache");
}

const std::string& reference() {
  static const std::string kText = samples::read_file("nginx-conf/manual/templates.md");
  return kText;
}

// What pages of Manage are given, but for their layout's values.
Names given_in_samples(const std::string& page) {
  Names names;
  for (const auto& sample : samples::all()) {
    if (sample.name != page) continue;
    for (const auto& [name, value] : sample.values.text) names.insert(name);
    for (const auto& [name, value] : sample.values.flags) names.insert(name);
    for (const auto& [name, value] : sample.values.messages) names.insert(name);
    for (const auto& [name, value] : sample.values.lists) names.insert(name);
  }
  for (const std::string& name : documented(reference(), "### `manage_layout`")) names.erase(name);
  return names;
}

}  // namespace

TEST_CASE("template_names() is what the folder holds") {
  Names in_folder;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(ANTEROOM_SOURCE_DIR) +
                                                               "/core/src/pages/templates")) {
    in_folder.insert(entry.path().stem().string());
  }
  const auto names = pages::Renderer::template_names();
  CHECK(Names(names.begin(), names.end()) == in_folder);
  for (const auto& [page, values] : samples::text_values()) CHECK(in_folder.count(page) == 1);
  CHECK(in_folder.size() == samples::text_values().size() + 8);  // is_page()
}

TEST_CASE("every template is documented, and every documented one exists") {
  const auto names = pages::Renderer::template_names();
  CHECK(matches(reference(), "\n### `([a-z_]+)`\n") == Names(names.begin(), names.end()));
}

TEST_CASE("every value that a template uses is documented") {
  const Names common = documented(reference(), "## Values in every template");
  REQUIRE(common.size() > 10);
  Names used_common;
  const pages::Catalogue english(samples::read_file("core/src/pages/catalogue/en.txt"));
  for (const std::string& name : pages::Renderer::template_names()) {
    const Names own = mentioned(reference(), "### `" + name + "`");
    for (const std::string& value : used(with_texts(shipped(name), english))) {
      INFO(name << " uses " << value);
      CHECK((own.count(value) == 1 || common.count(value) == 1));
      if (common.count(value) == 1) used_common.insert(value);
    }
  }
  used_common.merge(used(samples::read_file("core/src/pages/assets/icon.svg")));
  CHECK(used_common == common);
}

TEST_CASE("every value that a page is given is documented, and every documented one is given") {
  for (const auto& [name, values] : samples::text_values()) {
    INFO(name);
    Names given(values.begin(), values.end());
    const bool is_as_in_samples = name.starts_with("manage_") || name.starts_with("test_");
    if (is_as_in_samples) given.merge(given_in_samples(name));
    if (given.count("email") == 1 && name != "sign_in") given.insert({"email_start", "email_end"});
    if (name == "set_up" || name == "set_up_open") given.merge(given_in_samples(name));
    if (name == "sign_in") given.insert("show_support");
    if (name == "provider") given.merge(Names{"is_entra", "is_step_up", "may_choose"});
    if (name == "microsoft_error") given.insert("is_unknown");
    if (name == "signed_out") given.insert("is_confirmed");
    if (name == "waiting") {
      given.merge(Names{"is_open", "is_declined", "approvers", "has_approvers", "may_ask"});
    }
    if (name == "denied") given.insert("your_grants");
    if (name == "error") given.insert({"show_retry", "is_maintenance"});
    CHECK(documented(reference(), "### `" + name + "`") == given);
  }
}

TEST_CASE("the style sheet's grounds are those that colours are computed for") {
  CHECK_THAT(shipped("styles"),
             Catch::Contains("--ground: #f3f5f8;") && Catch::Contains("--surface: #1d222a;"));
}
