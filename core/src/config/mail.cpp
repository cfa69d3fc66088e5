#include <algorithm>

#include "anteroom/email.h"
#include "anteroom/mail.h"
#include "config/files.h"
#include "config/readers.h"
#include "http/url.h"
#include "text/unicode.h"

namespace anteroom::config {

namespace {

using namespace std::chrono_literals;

std::chrono::seconds in_seconds(std::chrono::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time);
}

// "Example Maintenance <no-reply@example.com>", or the address alone.
void read_from(Section& section, MailSettings& mail) {
  const std::string text = section.required("from");
  const auto open = text.find('<');
  const bool has_name = open != std::string::npos && text.back() == '>';
  const auto address =
      canonical_email(has_name ? text.substr(open + 1, text.size() - open - 2) : text);
  mail.from_address = address.value_or("");
  if (has_name && open > 0) mail.from_name = text::trimmed(text.substr(0, open));
  const bool is_clean = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (!text.empty() && (!address || !is_clean)) {
    section.error("from", "'mail.from' must be an address, or \"Name <address>\"");
  }
}

void read_server(Section& section, MailSettings& mail) {
  mail.smtp_url = section.required("smtp");
  mail.user = section.text_or("user", "");
  mail.password = Secret(read_secret_text(section, "password_file"));
  if (mail.user.empty() != mail.password.empty()) {
    section.error("user", "'mail.user' and 'mail.password_file' need each other");
  }
  if (const auto ca = section.text("ca"); ca && !ca->empty()) {
    mail.ca_pem =
        read_file(section, section.place_of("ca"), section.resolve(*ca), 1u << 20).value_or("");
    if (mail.ca_pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      section.error("ca", "'mail.ca' must be a PEM file with certificates");
    }
  }
  if (mail.smtp_url.empty()) return;
  const auto url = http::parse_smtp_url(mail.smtp_url);
  if (!url) {
    return section.error("smtp", "'mail.smtp' must be smtp://HOST:PORT or smtps://HOST:PORT");
  }
  const bool is_near = http::is_loopback(*url);
  const bool is_tls = url->scheme == "smtps";
  if (is_tls && section.has("starttls")) {
    section.error("starttls",
                  "'mail.starttls' is for smtp:// only: smtps:// is TLS from the start");
  }
  mail.starttls = section.boolean_or("starttls", !is_tls && !is_near);
  if (is_tls || mail.starttls || is_near) return;
  if (mail.user.empty()) {
    section.problems().warn(section.place_of("starttls"),
                            "mail travels to " + url->host + " in the clear");
  } else {
    section.error("starttls", "the password would travel to " + url->host + " in the clear");
  }
}

void read_texts(Section& section, MailSettings& mail) {
  mail.language = section.text_or("language", mail.language);
  const auto& known = mail::languages();
  if (std::find(known.begin(), known.end(), mail.language) == known.end()) {
    std::string list;
    for (const std::string& language : known) list += (list.empty() ? "" : ", ") + language;
    section.error("language", "'mail.language' must be one of: " + list);
  }
  if (const auto directory = section.text("templates"); directory && !directory->empty()) {
    mail.templates_directory = section.resolve(*directory);
    mail.templates = read_templates(section, "templates", mail::Composer::template_names(),
                                    mail::check_template);
  }
}

std::vector<std::string> read_addresses(Section& section, const std::string& key) {
  std::vector<std::string> addresses;
  for (const Text& text : section.texts(key)) {
    const auto address = canonical_email(text.value);
    if (!address) {
      section.problems().error(text.place, "'" + text.value + "' is not a valid email address");
    } else if (std::find(addresses.begin(), addresses.end(), *address) != addresses.end()) {
      section.problems().error(text.place, *address + " is in 'mail." + key + "' twice");
    } else {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

}  // namespace

MailSettings read_mail(Section section, const std::string& product_name) {
  MailSettings mail;
  mail.from_name = product_name;
  read_from(section, mail);
  read_server(section, mail);
  read_texts(section, mail);
  mail.notify = read_addresses(section, "notify");
  mail.warn = section.has("warn") ? read_addresses(section, "warn") : mail.notify;
  mail.digest_every =
      in_seconds(section.duration_or("digest_every", mail.digest_every, 1min, 24h * 7));
  mail.remind_after =
      in_seconds(section.duration_or("remind_after", mail.remind_after, 1h, 24h * 90));
  mail.max_age = in_seconds(section.duration_or("max_age", mail.max_age, 1h, 24h * 30));
  return mail;
}

}  // namespace anteroom::config
