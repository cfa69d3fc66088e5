#include "pages/composition.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "anteroom/pages.h"
#include "pages/catalogue.h"
#include "pages/shipped.h"
#include "templates/template.h"

namespace anteroom::pages {

namespace {

using templates::fill;
using templates::include;
using templates::Template;

// What pages include; `support` goes last, for it may stand in the others.
constexpr std::array<std::string_view, 4> kIncluded{"company_access", "company_values",
                                                    "property_search", "support"};

// Tries the template where it is used. Throws as Template, with_texts() and in_layout() do.
void try_out(const TemplateTexts& texts, const std::string& name) {
  const Catalogue catalogue(shipped_catalogues().begin()->second);
  const std::string alone = with_texts(texts.at(name), catalogue);  // its own lines in messages
  if (name == "styles" || name == "manage_styles") {
    const Template sheet(alone);
    return;
  }
  TemplateTexts tried = texts;
  std::string page = name;
  if (!is_page(name)) {
    page = name == "manage_layout" ? "manage_trial" : "trial";
    std::string included;
    for (const std::string_view part : kIncluded) included += "{{> " + std::string(part) + "}}";
    tried[page] = "<title></title><main>" + included + "</main>";
  }
  const Template whole(with_texts(in_layout(tried, page), catalogue));
}

}  // namespace

TemplateTexts chosen_texts(const std::map<std::string, std::string>& overrides) {
  TemplateTexts texts;
  for (const auto& [name, text] : shipped_templates()) {
    const auto found = overrides.find(name);
    texts[name] = found == overrides.end() ? std::string(text) : found->second;
  }
  return texts;
}

bool is_page(std::string_view name) {
  constexpr std::array<std::string_view, 8> kParts{
      "layout",        "styles",        "support",        "property_search",
      "manage_layout", "manage_styles", "company_access", "company_values"};
  return std::find(kParts.begin(), kParts.end(), name) == kParts.end();
}

bool holds_secret(std::string_view name) {
  constexpr std::array<std::string_view, 6> kSecret{"post_to_idp", "test_sign_on",   "test_result",
                                                    "set_up",      "manage_company", "error"};
  return std::find(kSecret.begin(), kSecret.end(), name) != kSecret.end();
}

std::string in_layout(const TemplateTexts& texts, const std::string& name) {
  constexpr std::string_view kMain = "<main";
  const std::string& page = texts.at(name);
  const bool is_wide = name.starts_with("manage_") || name == "set_up";
  const std::string& layout = texts.at(is_wide ? "manage_layout" : "layout");
  const auto main = page.find(kMain);
  if (main == std::string::npos) {
    throw std::runtime_error("a page needs a <main> element; what stands before it is its head");
  }
  const std::string_view text = page;
  // The page last: what it holds is not searched for the layout's own places.
  const std::string with_support = include(layout, "support", texts.at("support"));
  const std::string head = include(text.substr(0, main), "support", texts.at("support"));
  std::string content(text.substr(main));
  for (const std::string_view part : kIncluded) {
    content = include(content, part, texts.at(std::string(part)));
  }
  return fill(fill(with_support, "head", head), "content", content);
}

std::string check_template(const std::string& name, const std::string& text) {
  if (shipped_templates().count(name) == 0) return "there is no such template";
  std::string problem = templates::check_syntax(text);
  if (!problem.empty()) return problem;
  try {
    try_out(chosen_texts({{name, text}}), name);
    return "";
  } catch (const std::runtime_error& unusable) {
    return unusable.what();
  }
}

}  // namespace anteroom::pages
