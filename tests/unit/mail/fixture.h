#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "anteroom/mail.h"

namespace anteroom::test {

inline Settings settings() {
  Settings settings;
  settings.service_provider.origin = {"https://login.test", "login.test"};
  settings.service_provider.pages_prefix = "/auth";
  settings.service_provider.landing_url = "https://app.test/";
  settings.pages.product_name = "Maintenance";
  settings.pages.support_email = "support@maintenance.test";
  IdentityProvider corp;
  corp.name = "corp";
  corp.display_name = "Corp & Sons";
  settings.identity_providers.push_back(corp);
  settings.mail.emplace();
  settings.mail->from_address = "no-reply@maintenance.test";
  settings.mail->from_name = "Maintenance";
  return settings;
}

inline mail::Letter letter(const std::string& template_name, const std::string& parameters) {
  return {"0b8a5a9c-6a1c-4df9-93a7-7c2f2f3a0001", "ann@corp.test", template_name, parameters,
          Time(std::chrono::seconds(1'800'000'000))};
}

inline std::string composed(const std::string& template_name, const std::string& parameters) {
  const auto message = mail::Composer(settings()).compose(letter(template_name, parameters));
  INFO((message ? "" : message.failure().detail));
  REQUIRE(message);
  return message->bytes;
}

inline std::vector<std::string> lines(const std::string& bytes) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto end = bytes.find("\r\n", at);
    REQUIRE(end != std::string::npos);
    out.push_back(bytes.substr(at, end - at));
    at = end + 2;
  }
  return out;
}

/// The header block, folds undone.
inline std::string head(const std::string& bytes) {
  std::string text = bytes.substr(0, bytes.find("\r\n\r\n") + 2);
  for (std::size_t at = 0; (at = text.find("\r\n ", at)) != std::string::npos;) text.erase(at, 2);
  return text;
}

/// Undoes quoted-printable, by another way than it was made.
inline std::string decoded(const std::string& bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes.compare(i, 3, "=\r\n") == 0) {
      i += 2;
    } else if (bytes[i] == '=' && i + 2 < bytes.size() && bytes[i + 1] != '_') {
      const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
      if (!is_hex(bytes[i + 1]) || !is_hex(bytes[i + 2])) {
        out += '=';
        continue;
      }
      out += static_cast<char>(std::stoi(bytes.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += bytes[i];
    }
  }
  return out;
}

}  // namespace anteroom::test
