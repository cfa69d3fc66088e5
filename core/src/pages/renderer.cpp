#include <algorithm>
#include <cstdint>
#include <functional>
#include <stdexcept>

#include "anteroom/pages.h"
#include "pages/catalogue.h"
#include "pages/composition.h"
#include "pages/headers.h"
#include "pages/language.h"
#include "pages/page_values.h"
#include "pages/shipped.h"
#include "templates/common_values.h"
#include "templates/template.h"

namespace anteroom::pages {

namespace {

using templates::Template;

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
  std::shared_ptr<const std::string> body;
};

// All pages in one language.
struct Edition {
  Catalogue catalogue;
  std::map<std::string, Template, std::less<>> pages;
};

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
  explicit Implementation(const Settings& settings) : common_(templates::common_values(settings)) {
    const TemplateTexts texts = chosen_texts(settings.pages.templates);
    for (const auto& [name, text] : settings.pages.templates) {
      if (const std::string problem = check_template(name, text); !problem.empty()) {
        throw std::runtime_error(
            std::string("template ").append(name).append(": ").append(problem));
      }
    }
    add_assets(settings, texts);
    for (const auto& [language, lines] : shipped_catalogues()) add_edition(language, lines, texts);
  }

  [[nodiscard]] Response page(std::string_view accept_language, std::string_view name, int status,
                              const Values& values, std::string_view form_action) const {
    const std::string language(choose_language(accept_language, languages_));
    const Edition& edition = editions_.at(language);
    const auto found = edition.pages.find(name);
    if (found == edition.pages.end()) return plain(500, "This page is missing.\n");
    Values shown = presentable(values, edition.catalogue);
    shown.text["language"] = language;
    return {status,
            page_headers(language, form_action),
            found->second.render(common_, shown),
            {},
            {},
            holds_secret(name) ? Compression::never : Compression::on_our_pages};
  }

  [[nodiscard]] Response asset(std::string_view name) const {
    const auto found = assets_.find(name);
    if (found == assets_.end()) return plain(404, "Not found.\n");
    return {
        200, asset_headers(found->second.type), "", {}, found->second.body, Compression::always};
  }

 private:
  void add_edition(const std::string& language, std::string_view lines,
                   const TemplateTexts& texts) {
    Edition edition{Catalogue(lines), {}};
    for (const auto& [name, text] : texts) {
      if (!is_page(name)) continue;
      edition.pages.emplace(name, Template(with_texts(in_layout(texts, name), edition.catalogue)));
    }
    const auto added = editions_.emplace(language, std::move(edition)).first;
    languages_.emplace_back(added->first);
  }

  // Their addresses become values before any page can ask for them.
  void add_assets(const Settings& settings, const TemplateTexts& texts) {
    for (const auto& [name, text] : shipped_assets()) {
      add_asset(name, std::string(type_of(name)), std::string(text));
    }
    const Template icon{*assets_.at("icon.svg").body};
    add_asset("icon.svg", "image/svg+xml", icon.render(common_, {}));
    add_styles("style.css", texts.at("styles"));
    add_styles("manage.css", texts.at("manage_styles"));
    if (!settings.pages.logo.empty()) {
      add_asset("logo", settings.pages.logo_type, settings.pages.logo);
    }
  }

  void add_styles(const std::string& name, const std::string& text) {
    add_asset(name, std::string(type_of(name)), Template(text).render(common_, {}));
  }

  // "waiting.js" is {{waiting_js}} in templates.
  void add_asset(const std::string& name, std::string type, std::string body) {
    std::string value = name;
    std::replace(value.begin(), value.end(), '.', '_');
    common_.text[value] = common_.text["prefix"] + "/assets/" + name + "?v=" + version_of(body);
    assets_[name] = {std::move(type), std::make_shared<const std::string>(std::move(body))};
  }

  Values common_;
  std::map<std::string, Edition> editions_;
  std::vector<std::string_view> languages_;  // "en" first: what is left out means it
  std::map<std::string, Asset, std::less<>> assets_;
};

Renderer::Renderer(const Settings& settings)
    : implementation_(std::make_unique<Implementation>(settings)) {}

Renderer::~Renderer() = default;

Response Renderer::page(std::string_view accept_language, std::string_view template_name,
                        int status, const Values& values, std::string_view form_action) const {
  return implementation_->page(accept_language, template_name, status, values, form_action);
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
