// The smaller sections: database, sessions, access, pages.

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>

#include "anteroom/pages.h"
#include "config/files.h"
#include "config/readers.h"
#include "http/url.h"

namespace anteroom::config {

namespace {

using namespace std::chrono_literals;

std::chrono::seconds in_seconds(std::chrono::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time);
}

bool is_level(const std::string& level) {
  return !level.empty() && level.size() <= 32 && level.front() >= 'a' && level.front() <= 'z' &&
         level.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
}

bool is_colour(const std::string& text) {
  return text.size() == 7 && text[0] == '#' &&
         text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
}

void read_logo(Section& section, PageSettings& pages) {
  const auto path = section.text("logo");
  if (!path || path->empty()) return;
  pages.logo_type = path->ends_with(".svg")   ? "image/svg+xml"
                    : path->ends_with(".png") ? "image/png"
                                              : "";
  if (pages.logo_type.empty()) section.error("logo", "'pages.logo' must be an .svg or .png file");
  pages.logo =
      read_file(section, section.place_of("logo"), section.resolve(*path), 1u << 20).value_or("");
}

/// How long something is kept: whole days, or 0 for ever.
std::chrono::seconds read_days(Section& section, const char* key, std::chrono::seconds otherwise) {
  const auto keep = in_seconds(section.duration_or(key, otherwise, 0s, 24h * 3660));
  if (keep > 0s && keep < 24h) {
    section.error(key,
                  "'database." + std::string(key) + "' must be at least a day, or 0s: for ever");
  }
  return keep;
}

void check_web_link(Section& section, const std::string& key, const std::string& text) {
  if (!text.empty() && !http::parse_url(text))
    section.error(key, "'" + key + "' is not an http or https URL");
}

constexpr std::size_t kMostDnsServers = 8;

// An address, and maybe a port: an IPv6 address with a port stands in brackets.
bool is_dns_server(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return true;
  const auto url = http::parse_url("http://" + text);
  if (!url || url->path != "/" || !url->query.empty() || text.ends_with('/')) return false;
  const bool is_ipv6 = url->host.starts_with('[');
  const std::string host = is_ipv6 ? url->host.substr(1, url->host.size() - 2) : url->host;
  return inet_pton(is_ipv6 ? AF_INET6 : AF_INET, host.c_str(), bytes.data()) == 1;
}

// Whether a file is in a directory, or below.
bool holds(const std::filesystem::path& directory, const std::filesystem::path& file) {
  const auto outer = (directory / "").lexically_normal();
  const auto inner = std::filesystem::absolute(file).lexically_normal();
  const auto last = std::prev(outer.end());  // it ends with a slash
  return std::mismatch(outer.begin(), last, inner.begin(), inner.end()).first == last;
}

}  // namespace

DatabaseSettings read_database(Section section) {
  DatabaseSettings database;
  database.connection = section.required("connection");
  database.password = Secret(read_secret_text(section, "password_file"));
  database.pool_size = section.integer_or("pool_size", database.pool_size, 1, 64);
  database.queue_size = section.integer_or("queue_size", database.queue_size, 1, 100'000);
  database.statement_timeout =
      section.duration_or("statement_timeout", database.statement_timeout, 100ms, 60s);
  database.connect_timeout =
      section.duration_or("connect_timeout", database.connect_timeout, 100ms, 60s);
  database.grace = in_seconds(section.duration_or("grace", database.grace, 0s, 24h));
  database.keep.audit = read_days(section, "keep_audit", database.keep.audit);
  database.keep.requests = read_days(section, "keep_requests", database.keep.requests);
  database.keep.transcripts =
      in_seconds(section.duration_or("keep_transcripts", database.keep.transcripts, 0s, 24h * 366));
  return database;
}

SessionSettings read_sessions(Section section) {
  SessionSettings sessions;
  sessions.lifetime =
      in_seconds(section.duration_or("lifetime", sessions.lifetime, 1min, 24h * 90));
  sessions.idle_timeout =
      in_seconds(section.duration_or("idle_timeout", sessions.idle_timeout, 2min, 24h * 90));
  sessions.sign_on_timeout =
      in_seconds(section.duration_or("sign_on_timeout", sessions.sign_on_timeout, 1min, 24h));
  sessions.cache_ttl = in_seconds(section.duration_or("cache_ttl", sessions.cache_ttl, 1s, 1h));
  // Use of a session is noted when a node asks for it again.
  if (sessions.cache_ttl * 2 > sessions.idle_timeout) {
    section.error("cache_ttl", "'sessions.cache_ttl' must be at most half of 'idle_timeout'");
  }
  sessions.cache_bytes =
      section.size_or("cache_size", sessions.cache_bytes, 1u << 20, std::size_t{4} << 30);
  read_cookie_keys(section, sessions);
  return sessions;
}

AccessSettings read_access(Section access, Section manage) {
  AccessSettings settings;
  for (const Text& level : access.texts("levels")) {
    if (!is_level(level.value)) {
      access.problems().error(
          level.place,
          "'" + level.value + "' is not a valid level name: a-z, then a-z, 0-9, _ and -");
    } else if (std::find(settings.levels.begin(), settings.levels.end(), level.value) !=
               settings.levels.end()) {
      access.problems().error(level.place, "level '" + level.value + "' is there twice");
    } else {
      settings.levels.push_back(level.value);
    }
  }
  if (settings.levels.empty()) {
    access.error("levels", "'access.levels' must list the access levels, lowest first");
    return settings;
  }
  const auto level_of = [&](const std::string& key) {
    std::string level = manage.text_or(key, settings.levels.back());
    if (std::find(settings.levels.begin(), settings.levels.end(), level) == settings.levels.end()) {
      manage.error(key, "'" + level + "' is not in access.levels");
    }
    return level;
  };
  settings.request_new_users = level_of("request_new_users");
  settings.process_requests = level_of("process_requests");
  settings.connect_companies = level_of("connect_companies");
  return settings;
}

CompanySettings read_companies(Section section, AccessSettings& access) {
  CompanySettings companies;
  companies.self_service = section.boolean_or("self_service", false);
  if (const std::string kept_in = section.text_or("kept_in", ""); !kept_in.empty()) {
    companies.kept_in = section.resolve(kept_in);
    if (holds(companies.kept_in, section.file())) {
      section.error("kept_in", "'companies.kept_in' becomes the workers' own: it cannot be " +
                                   companies.kept_in + ", where this file is");
    }
  }
  access.two_connect_companies = section.boolean_or("two_people", false);
  if (companies.self_service && access.two_connect_companies) {
    section.error("two_people",
                  "'companies.two_people' and 'companies.self_service' contradict each other: with "
                  "the one nothing goes live by itself");
  }
  for (const Text& server : section.texts("dns_servers")) {
    if (!is_dns_server(server.value)) {
      section.problems().error(
          server.place, "'" + server.value +
                            "' in 'companies.dns_servers' is no address of a DNS server: write "
                            "192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53");
    }
    companies.dns_servers.push_back(server.value);
  }
  if (companies.dns_servers.size() > kMostDnsServers) {
    section.error("dns_servers",
                  "'companies.dns_servers' has more than " + std::to_string(kMostDnsServers));
  }
  return companies;
}

PageSettings read_pages(Section section) {
  PageSettings pages;
  pages.product_name = section.text_or("product_name", pages.product_name);
  pages.accent = section.text_or("accent", pages.accent);
  if (!is_colour(pages.accent))
    section.error("accent", "'pages.accent' must be a colour such as \"#1b5e9b\"");
  Section support = section.section("support");
  pages.support_email = support.text_or("email", "");
  pages.support_phone = support.text_or("phone", "");
  pages.support_url = support.text_or("url", "");
  check_web_link(support, "url", pages.support_url);
  pages.privacy_url = section.text_or("privacy_url", "");
  check_web_link(section, "privacy_url", pages.privacy_url);
  pages.stream_heartbeat =
      in_seconds(section.duration_or("stream_heartbeat", pages.stream_heartbeat, 10s, 10min));
  read_logo(section, pages);
  if (const auto directory = section.text("templates"); directory && !directory->empty()) {
    pages.templates_directory = section.resolve(*directory);
    pages.templates = read_templates(section, "templates", pages::Renderer::template_names(),
                                     pages::check_template);
  }
  return pages;
}

}  // namespace anteroom::config
