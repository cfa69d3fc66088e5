#include "templates/common_values.h"

#include <algorithm>

#include "templates/colour.h"

namespace anteroom::templates {

namespace {

void add_colours(const Settings& settings, Values& values) {
  const Colour standard = *parse_colour(PageSettings{}.accent);
  const Palette palette = palette_of(parse_colour(settings.pages.accent).value_or(standard));
  values.text["accent"] = to_string(palette.accent);
  values.text["on_accent"] = to_string(palette.on_accent);
  values.text["link"] = to_string(palette.link);
  values.text["dark_accent"] = to_string(palette.dark_accent);
  values.text["on_dark_accent"] = to_string(palette.on_dark_accent);
  values.text["dark_link"] = to_string(palette.dark_link);
}

// What a telephone dials: digits, and a plus in front.
std::string phone_link(std::string_view phone) {
  std::string digits;
  for (const char c : phone) {
    if ((c >= '0' && c <= '9') || (c == '+' && digits.empty())) digits += c;
  }
  return digits.empty() ? "" : "tel:" + digits;
}

void add_support(const PageSettings& pages, Values& values) {
  values.text["support_email"] = pages.support_email;
  values.text["support_phone"] = pages.support_phone;
  values.text["support_phone_link"] = phone_link(pages.support_phone);
  values.text["support_url"] = is_web_link(pages.support_url) ? pages.support_url : "";
  values.flags["has_support"] = !pages.support_email.empty() || !pages.support_phone.empty() ||
                                !values.text["support_url"].empty();
}

std::string app_origins(const Settings& settings) {
  std::string origins;
  for (const Origin& app : settings.service_provider.apps) {
    if (!origins.empty()) origins += ' ';
    origins += app.text;
  }
  return origins;
}

}  // namespace

Values common_values(const Settings& settings) {
  Values values;
  const PageSettings& pages = settings.pages;
  values.text["product_name"] = pages.product_name;
  values.text["privacy_url"] = is_web_link(pages.privacy_url) ? pages.privacy_url : "";
  values.text["prefix"] = settings.service_provider.pages_prefix;
  values.text["landing_url"] = is_web_link(settings.service_provider.landing_url)
                                   ? settings.service_provider.landing_url
                                   : "/";
  values.text["app_origins"] = app_origins(settings);
  values.flags["has_logo"] = !pages.logo.empty();
  add_colours(settings, values);
  add_support(pages, values);
  return values;
}

bool is_web_link(std::string_view url) {
  const bool is_clean = std::none_of(url.begin(), url.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '\\';
  });
  if (!is_clean) return false;
  if (url.starts_with('/')) return !url.starts_with("//");
  return url.starts_with("https://") || url.starts_with("http://");
}

}  // namespace anteroom::templates
