#include "config/keys.h"

#include <algorithm>
#include <numeric>

namespace anteroom::config {

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

const std::vector<SectionKeys>& section_keys() {
  static const std::vector<SectionKeys> kSections{
      {"",
       {"service_provider", "identity_providers", "identity_providers_directory", "skip_email_page",
        "companies", "database", "sessions", "access", "manage", "pages", "mail", "clock_skew"}},
      {"companies", {"dns_servers", "kept_in", "self_service", "two_people"}},
      {"service_provider",
       {"entity_id", "base_url", "acs_path", "slo_path", "pages_prefix", "landing_url", "apps",
        "signing", "sign_metadata", "decryption"}},
      {"service_provider.signing", {"key", "certificate"}},
      {"service_provider.decryption", {"key", "certificate"}},
      {"identity_providers",
       {"name",
        "display_name",
        "preset",
        "metadata",
        "metadata_url",
        "metadata_ca",
        "metadata_refresh",
        "metadata_certificate",
        "domains",
        "button",
        "request_binding",
        "response_binding",
        "back_channel_ca",
        "sign_requests",
        "send_login_hint",
        "force_authn",
        "passive_first",
        "authn_context",
        "name_id_format",
        "allow_unsolicited",
        "allow_sha1",
        "allow_rsa_pkcs1",
        "expired_certificate",
        "attributes",
        "single_logout",
        "scim",
        "access"}},
      {"identity_providers.single_logout", {"binding", "answer", "issuers"}},
      {"identity_providers.attributes", {"email", "name", "subject"}},
      {"identity_providers.scim", {"groups"}},
      {"identity_providers.scim.groups", {"name", "level", "properties"}},
      {"identity_providers.access", {"attribute", "values"}},
      {"identity_providers.access.values", {"value", "level", "properties"}},
      {"database",
       {"connection", "password_file", "pool_size", "queue_size", "statement_timeout",
        "connect_timeout", "grace", "keep_audit", "keep_requests", "keep_transcripts"}},
      {"sessions",
       {"lifetime", "idle_timeout", "sign_on_timeout", "cache_ttl", "cache_size", "cookie_keys"}},
      {"access", {"levels"}},
      {"manage", {"request_new_users", "process_requests", "connect_companies"}},
      {"pages",
       {"product_name", "logo", "accent", "support", "privacy_url", "stream_heartbeat",
        "templates"}},
      {"pages.support", {"email", "phone", "url"}},
      {"mail",
       {"from", "smtp", "starttls", "user", "password_file", "ca", "language", "templates",
        "notify", "warn", "digest_every", "remind_after", "max_age"}}};
  return kSections;
}

std::vector<std::string> known_keys() {
  std::vector<std::string> all;
  for (const SectionKeys& section : section_keys()) {
    for (const std::string_view key : section.keys) {
      all.push_back(std::string(section.path) + (section.path.empty() ? "" : ".") +
                    std::string(key));
    }
  }
  return all;
}

std::string nearest_key(const SectionKeys& section, std::string_view given) {
  const auto nearest = std::min_element(section.keys.begin(), section.keys.end(),
                                        [&](std::string_view a, std::string_view b) {
                                          return edit_distance(a, given) < edit_distance(b, given);
                                        });
  if (nearest == section.keys.end()) return "";
  return edit_distance(*nearest, given) <= std::max<std::size_t>(2, given.size() / 3)
             ? std::string(*nearest)
             : "";
}

}  // namespace anteroom::config
