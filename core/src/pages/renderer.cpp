#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <stdexcept>

#include "anteroom/pages.h"
#include "pages/common_values.h"
#include "pages/headers.h"
#include "pages/shipped.h"
#include "pages/template.h"

namespace anteroom::pages {

namespace {

using TemplateTexts = std::map<std::string, std::string, std::less<>>;

// Templates that are no page of their own.
constexpr std::array<std::string_view, 3> kParts{"layout", "styles", "support"};

bool is_page(std::string_view name) {
  return std::find(kParts.begin(), kParts.end(), name) == kParts.end();
}

// Values that become the target of a link, form or refresh.
constexpr std::array<const char*, 6> kLinks{"action",    "back_url",    "refresh_url",
                                            "retry_url", "sign_in_url", "status_url"};

Values with_safe_links(Values values) {
  for (const char* name : kLinks) {
    const auto found = values.text.find(name);
    if (found != values.text.end() && !is_web_link(found->second)) found->second.clear();
  }
  return values;
}

// your_properties ("key=level,…") as a list to read: your_grants. The key "*" becomes an empty
// property.
Values with_grants(Values values) {
  const auto given = values.text.find("your_properties");
  if (given == values.text.end()) return values;
  auto& grants = values.lists["your_grants"];
  std::string_view rest = given->second;
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const std::string_view grant = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const auto equals = grant.rfind('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view property = grant.substr(0, equals);
    grants.push_back({{"property", property == "*" ? "" : std::string(property)},
                      {"level", std::string(grant.substr(equals + 1))}});
  }
  return values;
}

TemplateTexts chosen_texts(const PageSettings& pages) {
  TemplateTexts texts;
  for (const auto& [name, text] : shipped_templates()) texts[name] = text;
  for (const auto& [name, text] : pages.templates) {
    if (texts.count(name) == 0) throw std::runtime_error(name + ": there is no such template");
    texts[name] = text;
  }
  return texts;
}

// A page's own head elements stand before its <main>.
std::string in_layout(const TemplateTexts& texts, const std::string& page) {
  constexpr std::string_view kMain = "<main";
  const auto main = page.find(kMain);
  if (main == std::string::npos) {
    throw std::runtime_error("a page needs a <main> element; what stands before it is its head");
  }
  const std::string& layout = texts.at("layout");
  const std::string with_head = include(layout, "head", std::string_view(page).substr(0, main));
  const std::string whole = include(with_head, "content", std::string_view(page).substr(main));
  return include(whole, "support", texts.at("support"));
}

// FNV-1a: tells versions of a file apart, protects nothing.
std::string version_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 12; ++i, hash >>= 4U) text += kDigits[hash & 15U];
  return text;
}

std::string_view type_of(std::string_view file_name) {
  if (file_name.ends_with(".css")) return "text/css; charset=utf-8";
  if (file_name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (file_name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

struct Asset {
  std::string type;
  std::string body;
};

// Runs `make`, naming the template in whatever it throws.
template <class Make>
auto naming(const std::string& name, Make make) {
  try {
    return make();
  } catch (const std::runtime_error& problem) {
    throw std::runtime_error("template " + name + ": " + problem.what());
  }
}

void check_each(const TemplateTexts& texts) {
  for (const auto& [name, text] : texts) {
    const std::string problem = check_template(text);
    if (!problem.empty()) throw std::runtime_error("template " + name + ": " + problem);
  }
}

Response plain(int status, std::string text) {
  return {status,
          {{"Content-Type", "text/plain; charset=utf-8"},
           {"Cache-Control", "no-store"},
           {"X-Content-Type-Options", "nosniff"}},
          std::move(text)};
}

}  // namespace

class Renderer::Implementation {
 public:
  explicit Implementation(const Settings& settings) : common_(common_values(settings)) {
    const TemplateTexts texts = chosen_texts(settings.pages);
    check_each(texts);
    add_assets(settings, texts);
    for (const auto& [name, text] : texts) {
      if (!is_page(name)) continue;
      pages_.emplace(name, naming(name, [&] { return Template(in_layout(texts, text)); }));
    }
  }

  [[nodiscard]] Response page(std::string_view name, int status, const Values& values,
                              std::string_view form_action) const {
    const auto found = pages_.find(name);
    if (found == pages_.end()) return plain(500, "This page is missing.\n");
    return {status, page_headers(form_action),
            found->second.render(common_, with_grants(with_safe_links(values)))};
  }

  [[nodiscard]] Response asset(std::string_view name) const {
    const auto found = assets_.find(name);
    if (found == assets_.end()) return plain(404, "Not found.\n");
    return {200, asset_headers(found->second.type), found->second.body};
  }

 private:
  // Their addresses become values before any page can ask for them.
  void add_assets(const Settings& settings, const TemplateTexts& texts) {
    for (const auto& [name, text] : shipped_assets()) {
      add_asset(name, {std::string(type_of(name)), std::string(text)});
    }
    const Template icon{assets_.at("icon.svg").body};
    add_asset("icon.svg", {"image/svg+xml", icon.render(common_, {})});
    const Template styles = naming("styles", [&] { return Template(texts.at("styles")); });
    add_asset("style.css", {std::string(type_of("style.css")), styles.render(common_, {})});
    if (!settings.pages.logo.empty()) {
      add_asset("logo", {settings.pages.logo_type, settings.pages.logo});
    }
  }

  // "waiting.js" is {{waiting_js}} in templates.
  void add_asset(const std::string& name, Asset asset) {
    std::string value = name;
    std::replace(value.begin(), value.end(), '.', '_');
    common_.text[value] =
        common_.text["prefix"] + "/assets/" + name + "?v=" + version_of(asset.body);
    assets_[name] = std::move(asset);
  }

  Values common_;
  std::map<std::string, Template, std::less<>> pages_;
  std::map<std::string, Asset, std::less<>> assets_;
};

Renderer::Renderer(const Settings& settings)
    : implementation_(std::make_unique<Implementation>(settings)) {}

Renderer::~Renderer() = default;

Response Renderer::page(std::string_view template_name, int status, const Values& values,
                        std::string_view form_action) const {
  return implementation_->page(template_name, status, values, form_action);
}

Response Renderer::asset(std::string_view name) const {
  return implementation_->asset(name);
}

std::vector<std::string> Renderer::template_names() {
  std::vector<std::string> names;
  for (const auto& [name, text] : shipped_templates()) names.push_back(name);
  return names;
}

}  // namespace anteroom::pages
