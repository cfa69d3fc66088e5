// Each section of the YAML to its part of Settings.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "config/section.h"

namespace anteroom::config {

/// An identity provider with the places that cross-checks complain at.
struct ReadIdp {
  IdentityProvider idp;
  Place place;
  std::vector<Text> domains;
  std::vector<Text> levels;
};

ServiceProviderSettings read_service_provider(Section section, Time now);
/// Our own keys, with what `anteroom keys` keeps beside them.
void read_signing(Section section, ServiceProviderSettings& sp, Time now);
void read_decryption(Section& section, ServiceProviderSettings& sp, Time now);
void read_cookie_keys(Section& section, SessionSettings& sessions);
ReadIdp read_identity_provider(Section section, const ServiceProviderSettings& sp, Time now);
/// What the metadata says that must be signed with this certificate (DER; empty: none is pinned);
/// nullopt: there is no metadata.
using MetadataOf =
    std::function<std::optional<Result<IdpMetadata>>(const std::string& pinned_certificate_der)>;
/// One whose metadata is not in a file.
ReadIdp read_identity_provider(Section section, const ServiceProviderSettings& sp, Time now,
                               const MetadataOf& metadata);
/// Where metadata is fetched from, empty where there is no address or where it cannot be trusted as
/// configured, and whom it must be signed by. False: that cannot be read, and no metadata counts.
bool read_source(Section& section, MetadataSource& source);
/// The metadata, where it comes from and what is wrong with it.
void read_metadata(Section& section, IdentityProvider& idp, Time now);
/// What it says and what is wrong with it, as it was read (or why it was not).
void take_metadata(Section& section, IdentityProvider& idp, Result<IdpMetadata> metadata, Time now);
/// What a company says of itself is wrong: nobody signs on there, and everybody else does.
void close_idp(Section& section, IdentityProvider& idp, const std::string& why);
/// PEM of one certificate or several, itself or in a file; nullopt after a complaint, empty without
/// the key.
std::optional<std::string> read_authorities(Section& section, const std::string& key);
/// What groups of its directory give (SCIM).
void read_scim(Section section, ReadIdp& read);
/// What values of an attribute give that it asserts.
void read_asserted(Section section, ReadIdp& read);
DatabaseSettings read_database(Section section);
SessionSettings read_sessions(Section section);
AccessSettings read_access(Section access, Section manage);
/// Also whether two people connect them.
CompanySettings read_companies(Section section, AccessSettings& access);
PageSettings read_pages(Section section);
MailSettings read_mail(Section section, const std::string& product_name);

/// Names, domains and entity IDs that two identity providers claim.
void check_identity_providers(Problems& problems, const std::vector<ReadIdp>& idps);

/// Levels that are not in access.levels.
void check_levels(Problems& problems, const std::vector<ReadIdp>& idps,
                  const AccessSettings& access);

}  // namespace anteroom::config
