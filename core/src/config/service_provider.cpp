#include <algorithm>

#include "config/readers.h"
#include "http/url.h"
#include "text/unicode.h"

namespace anteroom::config {

namespace {

bool is_path(const std::string& path) {
  return path.size() > 1 && path.back() != '/' && http::is_local_target(path) &&
         path.find_first_of("?%") == std::string::npos && path.find("//") == std::string::npos;
}

std::optional<http::Url> secure_url(Section& section, const Place& place, const std::string& what,
                                    const std::string& text) {
  auto url = http::parse_url(text);
  if (!url) {
    section.problems().error(place, what + " is not a valid URL: '" + text + "'");
    return std::nullopt;
  }
  if (url->scheme != "https" && !http::is_loopback(*url)) {
    section.problems().error(
        place, what + " must be https: cookies and Responses would travel in the clear");
    return std::nullopt;
  }
  return url;
}

std::optional<Origin> origin(Section& section, const Place& place, const std::string& what,
                             const std::string& text) {
  const auto url = secure_url(section, place, what, text);
  if (!url) return std::nullopt;
  if (url->path != "/" || !url->query.empty()) {
    section.problems().error(place, what + " must be scheme and host only, without a path");
    return std::nullopt;
  }
  return url->origin();
}

void read_paths(Section& section, ServiceProviderSettings& sp) {
  sp.acs_path = section.text_or("acs_path", "/saml2/idpresponse");
  sp.pages_prefix = section.text_or("pages_prefix", "/auth");
  if (!is_path(sp.acs_path))
    section.error("acs_path", "'acs_path' must be a path such as /saml2/idpresponse");
  sp.slo_path = section.text_or("slo_path", "/saml2/logout");
  if (!is_path(sp.slo_path))
    section.error("slo_path", "'slo_path' must be a path such as /saml2/logout");
  if (sp.slo_path == sp.acs_path || sp.is_below_prefix(sp.slo_path)) {
    section.error("slo_path",
                  "'slo_path' must differ from 'acs_path' and not lie below 'pages_prefix'");
  }
  if (!is_path(sp.pages_prefix))
    section.error("pages_prefix", "'pages_prefix' must be a path such as /auth");
  if (sp.is_below_prefix(sp.acs_path)) {
    section.error("acs_path", "'acs_path' must not lie below 'pages_prefix'");
  }
}

void read_apps(Section& section, ServiceProviderSettings& sp) {
  sp.apps.push_back(sp.origin);
  for (const Text& app : section.texts("apps")) {
    const auto found = origin(section, app.place, "an app", app.value);
    if (!found) continue;
    const bool is_known = std::any_of(sp.apps.begin() + 1, sp.apps.end(), [&](const Origin& other) {
      return other.text == found->text;
    });
    if (is_known) section.problems().error(app.place, found->text + " is in 'apps' twice");
    if (!is_known && found->text != sp.origin.text) sp.apps.push_back(*found);
  }
}

void read_landing(Section& section, ServiceProviderSettings& sp) {
  sp.landing_url = section.text_or("landing_url", sp.origin.text + "/");
  const auto url =
      secure_url(section, section.place_of("landing_url"), "'landing_url'", sp.landing_url);
  if (!url) return;
  const bool is_served = std::any_of(sp.apps.begin(), sp.apps.end(), [&](const Origin& app) {
    return app.text == url->origin().text;
  });
  if (!is_served) section.error("landing_url", "'landing_url' is on none of 'base_url' and 'apps'");
}

}  // namespace

ServiceProviderSettings read_service_provider(Section section, Time now) {
  ServiceProviderSettings sp;
  sp.entity_id = section.required("entity_id");
  if (!text::is_plain_text(sp.entity_id, text::Lines::one)) {
    section.error("entity_id", "'entity_id' has control characters or invisible ones in it");
  }
  const std::string base_url = section.required("base_url");
  if (!base_url.empty()) {
    sp.origin =
        origin(section, section.place_of("base_url"), "'base_url'", base_url).value_or(Origin{});
  }
  read_paths(section, sp);
  sp.acs_url = sp.origin.text + sp.acs_path;
  sp.slo_url = sp.origin.text + sp.slo_path;
  if (!sp.origin.text.empty()) {
    read_apps(section, sp);
    read_landing(section, sp);
  }
  read_signing(section.section("signing"), sp, now);
  sp.sign_metadata = section.boolean_or("sign_metadata", false);
  if (sp.sign_metadata && !section.has("signing")) {
    section.error("sign_metadata", "'sign_metadata' needs 'service_provider.signing'");
  }
  read_decryption(section, sp, now);
  return sp;
}

}  // namespace anteroom::config
