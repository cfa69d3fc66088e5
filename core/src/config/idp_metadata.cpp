#include <filesystem>

#include "anteroom/saml.h"
#include "config/files.h"
#include "config/readers.h"
#include "config/row_keys.h"
#include "crypto/pem.h"
#include "http/url.h"

namespace anteroom::config {

namespace {

constexpr std::size_t kMaxMetadata = 4u << 20;
constexpr auto kExpiresSoon = std::chrono::days(30);

void check_certificates(Section& section, IdentityProvider& idp, Time now) {
  std::size_t expired = 0;
  for (const IdpCertificate& one : idp.metadata.certificates) {
    const std::string which = idp.metadata_source.file + ": certificate " + one.fingerprint;
    if (now >= one.not_after) {
      ++expired;
      section.problems().warn(section.place_of("metadata"), which + " has expired");
    } else if (now + kExpiresSoon >= one.not_after) {
      const auto left = std::chrono::duration_cast<std::chrono::days>(one.not_after - now).count();
      section.problems().warn(section.place_of("metadata"),
                              which + " expires in " + std::to_string(left) + " days");
    }
  }
  if (expired == idp.metadata.certificates.size() &&
      idp.expired_certificate == ExpiredCertificate::reject) {
    close_idp(section, idp, "every signing certificate has expired");
  }
}

// DER bytes of the certificate that the metadata must be signed with; empty: none is pinned.
std::optional<std::string> read_pinned_certificate(Section& section) {
  if (!section.has("metadata_certificate")) return std::string();
  const auto pem = read_authorities(section, "metadata_certificate");
  if (!pem) return std::nullopt;
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  if (pem->find(kBegin) != pem->rfind(kBegin)) {
    section.error("metadata_certificate",
                  "'metadata_certificate' holds several certificates: one signs metadata");
    return std::nullopt;
  }
  const auto der = crypto::pem_to_der_certificate(*pem);
  const auto facts =
      der ? crypto::certificate_facts(*der) : Result<crypto::CertificateFacts>(der.failure());
  if (!facts || facts->key_type != "RSA" || facts->key_bits < 2048) {
    section.error(
        "metadata_certificate",
        "'metadata_certificate' is not a certificate with an RSA key of at least 2048 bits");
    return std::nullopt;
  }
  return *der;
}

void say_remarks(Section& section, const IdentityProvider& idp) {
  for (const std::string& remark : idp.metadata.remarks) {
    section.problems().warn(section.place_of("metadata"), idp.metadata_source.file + ": " + remark);
  }
}

}  // namespace

void close_idp(Section& section, IdentityProvider& idp, const std::string& why) {
  if (idp.closed.empty()) idp.closed = why;
  // What follows from it comes first: nginx cuts its lines at 2,048 characters.
  section.problems().warn(section.place_of("metadata"),
                          idp.metadata_source.file + ": nobody of '" + idp.name +
                              "' signs on until this is mended: " + why);
}

std::optional<std::string> read_authorities(Section& section, const std::string& key) {
  if (!section.has(key)) return std::string();
  const std::string value = section.required(key);
  const bool is_itself = value.starts_with(kPemBegins);
  const std::string file = is_itself ? "'" + key + "'" : section.resolve(value);
  auto pem =
      is_itself ? std::optional(value) : read_file(section, section.place_of(key), file, 1u << 20);
  if (pem && !crypto::pem_to_der_certificate(*pem)) {
    section.error(key, file + ": there is no certificate in PEM in it");
    return std::nullopt;
  }
  if (pem && pem->find("PRIVATE KEY") != std::string::npos) {
    section.error(key, file + ": there is a private key in it");
    return std::nullopt;
  }
  return pem;
}

namespace {

void read_address(Section& section, MetadataSource& source) {
  using namespace std::chrono_literals;
  source.refresh_every = std::chrono::duration_cast<std::chrono::seconds>(
      section.duration_or("metadata_refresh", 6h, 15min, std::chrono::days(7)));
  const auto authorities = read_authorities(section, "metadata_ca");
  const auto url = section.text("metadata_url");
  if (!url) {
    for (const char* key : {"metadata_ca", "metadata_refresh"}) {
      if (section.has(key)) {
        section.problems().warn(section.place_of(key),
                                std::string("'") + key + "' has no effect without 'metadata_url'");
      }
    }
    return;
  }
  const auto parsed = http::parse_url(*url);
  if (!parsed || parsed->scheme != "https") {
    section.error("metadata_url",
                  "'metadata_url' must be an https URL: whoever can change what is "
                  "fetched decides whose signatures are believed");
    return;
  }
  if (!authorities) return;
  source.ca_pem = *authorities;
  source.url = *url;
}

}  // namespace

bool read_source(Section& section, MetadataSource& source) {
  read_address(section, source);
  const auto pinned = read_pinned_certificate(section);
  if (!pinned) source.url.clear();
  source.certificate_der = pinned.value_or("");
  return pinned.has_value();
}

void read_metadata(Section& section, IdentityProvider& idp, Time now) {
  MetadataSource& source = idp.metadata_source;
  source.idp = idp.name;
  const bool is_known_who_signs = read_source(section, source);
  const std::string path = section.required("metadata");
  if (path.empty()) return;
  source.file = section.resolve(path);
  if (!source.url.empty() && !std::filesystem::exists(source.file)) {
    section.error("metadata",
                  source.file + " is not there yet: anteroom idp refresh --once " + idp.name);
    return;
  }
  const auto xml = read_file(section, section.place_of("metadata"), source.file, kMaxMetadata);
  if (xml && is_known_who_signs) {
    take_metadata(section, idp, saml::parse_idp_metadata(*xml, Time{}, source.certificate_der),
                  now);
  }
}

void take_metadata(Section& section, IdentityProvider& idp, Result<IdpMetadata> metadata,
                   Time now) {
  if (!metadata) return close_idp(section, idp, metadata.failure().detail);
  idp.metadata = std::move(*metadata);
  say_remarks(section, idp);
  // Nobody signs on there until it is mended; everybody else does.
  if (const auto& until = idp.metadata.valid_until; until && now >= *until) {
    section.problems().warn(section.place_of("metadata"),
                            idp.metadata_source.file +
                                ": it has expired (validUntil): nobody of '" + idp.name +
                                "' signs on until there is a new one: ask the company for it");
  }
  check_certificates(section, idp, now);
}

}  // namespace anteroom::config
