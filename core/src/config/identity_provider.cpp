#include <algorithm>
#include <functional>
#include <map>

#include "anteroom/companies.h"
#include "anteroom/company_rules.h"
#include "anteroom/email.h"
#include "anteroom/saml.h"
#include "config/files.h"
#include "config/readers.h"
#include "crypto/pem.h"
#include "http/url.h"
#include "text/ascii.h"

namespace anteroom::config {

namespace {

// Entra ID's claims (reference-saml-tokens, saml-claims-customization in Microsoft's
// documentation).
constexpr const char* kEmailClaim =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
constexpr const char* kUpnClaim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
constexpr const char* kDisplayNameClaim =
    "http://schemas.microsoft.com/identity/claims/displayname";
constexpr const char* kGivenNameClaim =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname";
constexpr const char* kSurnameClaim =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname";
constexpr const char* kAdfsUpnClaim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
constexpr const char* kTenantClaim = "http://schemas.microsoft.com/identity/claims/tenantid";
constexpr const char* kObjectClaim =
    "http://schemas.microsoft.com/identity/claims/objectidentifier";

template <class T>
T one_of(Section& section, const std::string& key, const std::map<std::string, T>& choices,
         T fallback) {
  const auto value = section.text(key);
  if (!value) return fallback;
  const auto found = choices.find(*value);
  if (found != choices.end()) return found->second;
  std::string all;
  for (const auto& [name, unused] : choices) all += (all.empty() ? "" : ", ") + name;
  section.error(key, "'" + key + "' must be one of: " + all);
  return fallback;
}

std::vector<std::string> names_or(Section& section, const std::string& key,
                                  std::vector<std::string> fallback) {
  if (!section.has(key)) return fallback;
  std::vector<std::string> out;
  for (const Text& text : section.texts(key)) out.push_back(text.value);
  return out;
}

struct Preset {
  const char* name;
  const char* button_of;  // empty: the name for people
  std::vector<std::string> email, display_name, subject;
};

// What each product sends unless somebody changed it there (sources: configuration.md, Presets).
const std::vector<Preset>& presets() {
  static const std::vector<Preset> kPresets{
      {"entra",
       "Microsoft",
       {kEmailClaim, kUpnClaim, "NameID"},
       {kDisplayNameClaim, kGivenNameClaim, kSurnameClaim},
       {kTenantClaim, kObjectClaim}},
      {"adfs",
       "",
       {kEmailClaim, kAdfsUpnClaim, "NameID"},
       {kDisplayNameClaim, kGivenNameClaim, kSurnameClaim},
       {}},
      {"okta", "Okta", {"email", "mail", "NameID"}, {"displayName", "firstName", "lastName"}, {}},
      {"google",
       "Google",
       {"email", "mail", "NameID"},
       {"displayName", "firstName", "lastName"},
       {}},
      {"keycloak",
       "",
       {"email", "urn:oid:1.2.840.113549.1.9.1", "mail", "NameID"},
       {"displayName", "urn:oid:2.5.4.42", "urn:oid:2.5.4.4", "firstName", "lastName"},
       {}},
      // eduPerson and inetOrgPerson names, and their OIDs.
      {"generic",
       "",
       {"mail", "email", "urn:oid:0.9.2342.19200300.100.1.3", kEmailClaim, "NameID"},
       {"displayName", "cn", "urn:oid:2.16.840.1.113730.3.1.241"},
       {}}};
  return kPresets;
}

void read_preset(Section& section, IdentityProvider& idp) {
  std::map<std::string, const Preset*> choices;
  for (const Preset& preset : presets()) choices.emplace(preset.name, &preset);
  const Preset& preset = *one_of(section, "preset", choices, &presets().back());
  idp.preset = preset.name;
  idp.button_of = *preset.button_of == '\0' ? idp.display_name : preset.button_of;
  idp.button = "Log In with " + idp.button_of;
  idp.email_attributes = preset.email;
  idp.name_attributes = preset.display_name;
  idp.subject_attributes = preset.subject;
}

// saml-core 3.4.1: how we ask to be signed on.
void read_authentication(Section& section, IdentityProvider& idp) {
  idp.force_authn = section.boolean_or("force_authn", false);
  idp.passive_first = section.boolean_or("passive_first", false);
  if (idp.force_authn && idp.passive_first) {
    section.error("passive_first", "'passive_first' and 'force_authn' contradict each other");
  }
  idp.authn_contexts = names_or(section, "authn_context", {});
  for (const std::string& context : idp.authn_contexts) {
    if (context.empty() || context.find_first_of(" \t\r\n") != std::string::npos) {
      section.error("authn_context", "'authn_context' must be a list of URIs");
    }
  }
  if (idp.preset == "entra" && !idp.authn_contexts.empty()) {
    section.problems().warn(section.place_of("authn_context"),
                            "Entra ID answers AADSTS75011 to people who signed in there in another "
                            "way, such as with a second factor or a passkey");
  }
}

void read_domains(Section& section, ReadIdp& read) {
  for (Text& domain : section.texts("domains")) {
    const auto name = canonical_domain(domain.value);
    if (!name || text::to_lower(domain.value) != domain.value) {
      section.problems().error(
          domain.place,
          "'" + domain.value + "' is not an email domain in lower case such as example.com");
    } else if (is_public_mail_domain(*name)) {
      section.problems().error(
          domain.place, *name + " is a public mail domain: anyone can have an address there");
    } else {
      domain.value = *name;
      read.domains.push_back(domain);
      read.idp.domains.push_back(*name);
    }
  }
  if (!section.has("domains"))
    section.error("domains", "'domains' is missing: no email address leads here");
}

// What the metadata offers, unless YAML says which.
void read_request_binding(Section& section, IdentityProvider& idp) {
  const IdpMetadata& metadata = idp.metadata;
  const bool is_post_only = metadata.sso_redirect_url.empty() && !metadata.sso_post_url.empty();
  idp.request_binding = one_of<RequestBinding>(
      section, "request_binding",
      {{"redirect", RequestBinding::redirect}, {"post", RequestBinding::post}},
      is_post_only ? RequestBinding::post : RequestBinding::redirect);
  if (!metadata.entity_id.empty() && idp.sign_on_url().empty()) {
    close_idp(section, idp, "the metadata has no sign-on address for this 'request_binding'");
  }
}

// saml-metadata 2.4.3: WantAuthnRequestsSigned is heeded where YAML does not say otherwise.
void read_request_signing(Section& section, IdentityProvider& idp,
                          const ServiceProviderSettings& sp) {
  const bool is_wanted = idp.metadata.wants_signed_requests;
  idp.sign_requests = section.boolean_or("sign_requests", is_wanted && sp.signing);
  if (idp.sign_requests && !sp.signing) {
    section.error("sign_requests", "'sign_requests' needs 'service_provider.signing'");
  } else if (is_wanted && !idp.sign_requests) {
    section.problems().warn(section.place_of(sp.signing ? "sign_requests" : "metadata"),
                            idp.metadata_source.file +
                                ": it wants signed requests (WantAuthnRequestsSigned): without " +
                                (sp.signing ? "'sign_requests'" : "'service_provider.signing'") +
                                " every sign-on may be refused there");
  }
}

// saml-core 3.4.1.1
void read_name_id_format(Section& section, IdentityProvider& idp) {
  idp.name_id_format = section.text_or("name_id_format", "");
  const auto& offered = idp.metadata.name_id_formats;
  if (idp.name_id_format.empty() || offered.empty() ||
      std::find(offered.begin(), offered.end(), idp.name_id_format) != offered.end()) {
    return;
  }
  std::string all;
  for (const std::string& format : offered) all += (all.empty() ? "" : ", ") + format;
  section.problems().warn(section.place_of("name_id_format"),
                          "'name_id_format' is not among those that the metadata names: " + all);
}

// saml-bindings 3.6. After the metadata, which says where artifacts are resolved.
void read_response_binding(Section& section, IdentityProvider& idp,
                           const ServiceProviderSettings& sp) {
  idp.response_binding = one_of<ResponseBinding>(
      section, "response_binding",
      {{"post", ResponseBinding::post}, {"artifact", ResponseBinding::artifact}},
      ResponseBinding::post);
  const bool fetches = idp.response_binding == ResponseBinding::artifact;
  idp.back_channel_ca_pem = read_authorities(section, "back_channel_ca").value_or("");
  if (section.has("back_channel_ca") && !fetches) {
    section.problems().warn(section.place_of("back_channel_ca"),
                            "'back_channel_ca' is used with 'response_binding: artifact' only");
  }
  if (!fetches) return;
  if (idp.metadata.artifact_urls.empty() && !idp.metadata.entity_id.empty()) {
    close_idp(section, idp, "the metadata has no ArtifactResolutionService over SOAP");
  }
  // This machine is asked, and metadata is the company's to write.
  const auto own = http::parse_url(sp.origin.text);
  for (const auto& [index, url] : idp.metadata.artifact_urls) {
    if (url.starts_with("http:") && own && !http::is_loopback(*own)) {
      close_idp(section, idp,
                "the metadata's ArtifactResolutionService " + url + " is not an https URL");
    }
  }
  if (!sp.signing) {
    section.problems().warn(section.place_of("response_binding"),
                            "without 'service_provider.signing' the identity provider cannot tell "
                            "who fetches a Response; most refuse");
  }
}

void read_attributes(Section section, IdentityProvider& idp) {
  idp.email_attributes = names_or(section, "email", idp.email_attributes);
  idp.name_attributes = names_or(section, "name", idp.name_attributes);
  idp.subject_attributes = names_or(section, "subject", idp.subject_attributes);
  if (idp.email_attributes.empty())
    section.error("email", "'attributes.email' must name an attribute");
}

// Entra ID signs logout messages as login.microsoftonline.com where sign-on says sts.windows.net
// (Microsoft's single-sign-out-saml-protocol).
std::string entra_logout_issuer(const std::string& entity_id) {
  constexpr std::string_view kSignOn = "https://sts.windows.net/";
  if (!entity_id.starts_with(kSignOn)) return "";
  return "https://login.microsoftonline.com/" + entity_id.substr(kSignOn.size());
}

// After the metadata, whose addresses it needs.
void read_single_logout(Section section, IdentityProvider& idp) {
  const IdpMetadata& metadata = idp.metadata;
  SingleLogout& logout = idp.logout;
  const bool is_entra = idp.preset == "entra";
  logout.binding =
      one_of<LogoutBinding>(section, "binding",
                            {{"redirect", LogoutBinding::redirect},
                             {"post", LogoutBinding::post},
                             {"off", LogoutBinding::off}},
                            !metadata.slo_redirect_url.empty() ? LogoutBinding::redirect
                            : !metadata.slo_post_url.empty()   ? LogoutBinding::post
                                                               : LogoutBinding::off);
  const bool is_post = logout.binding == LogoutBinding::post;
  if (logout.binding != LogoutBinding::off) {
    logout.request_url = is_post ? metadata.slo_post_url : metadata.slo_redirect_url;
    const std::string& other =
        is_post ? metadata.slo_post_response_url : metadata.slo_redirect_response_url;
    logout.response_url = other.empty() ? logout.request_url : other;
    if (logout.request_url.empty()) {
      logout = {};
      if (!metadata.entity_id.empty()) {
        section.problems().warn(section.place_of("binding"),
                                "the metadata has no logout address for this 'binding': signing "
                                "out ends our session only");
      }
    }
  }
  // Entra's own endpoint refuses LogoutResponses of applications.
  logout.answer = section.boolean_or("answer", !is_entra);
  if (is_entra) logout.issuers = {entra_logout_issuer(metadata.entity_id)};
  std::erase(logout.issuers, "");
  logout.issuers = names_or(section, "issuers", logout.issuers);
}

// `take`: the metadata, wherever it is.
ReadIdp read(Section section, const ServiceProviderSettings& sp,
             const std::function<void(Section&, IdentityProvider&)>& take) {
  ReadIdp read;
  read.place = section.place_of("name");
  IdentityProvider& idp = read.idp;
  idp.name = section.required("name");
  if (!idp.name.empty() && !is_company_name(idp.name)) {
    section.error("name", "'name' must be a-z, 0-9 and inner hyphens, at most 63 characters");
  }
  idp.display_name = section.text_or("display_name", idp.name);
  read_preset(section, idp);
  if (const auto button = section.text("button"); button && !button->empty()) {
    idp.button = *button;
    idp.button_of.clear();
  }
  idp.send_login_hint = section.boolean_or("send_login_hint", true);
  read_authentication(section, idp);
  idp.allow_unsolicited = section.boolean_or("allow_unsolicited", false);
  idp.allow_sha1 = section.boolean_or("allow_sha1", false);
  idp.allow_rsa_pkcs1 = section.boolean_or("allow_rsa_pkcs1", false);
  idp.expired_certificate = one_of<ExpiredCertificate>(
      section, "expired_certificate",
      {{"warn", ExpiredCertificate::warn}, {"reject", ExpiredCertificate::reject}},
      ExpiredCertificate::warn);
  read_attributes(section.section("attributes"), idp);
  read_domains(section, read);
  take(section, idp);
  read_request_binding(section, idp);
  read_request_signing(section, idp, sp);
  read_name_id_format(section, idp);
  read_response_binding(section, idp, sp);
  read_single_logout(section.section("single_logout"), idp);
  read_scim(section.section("scim"), read);
  read_asserted(section.section("access"), read);
  return read;
}

}  // namespace

ReadIdp read_identity_provider(Section section, const ServiceProviderSettings& sp, Time now) {
  return read(std::move(section), sp,
              [now](Section& own, IdentityProvider& idp) { read_metadata(own, idp, now); });
}

ReadIdp read_identity_provider(Section section, const ServiceProviderSettings& sp, Time now,
                               const MetadataOf& metadata_of) {
  return read(std::move(section), sp, [&metadata_of, now](Section& own, IdentityProvider& idp) {
    idp.metadata_source.idp = idp.name;
    idp.metadata_source.file = own.file();
    if (!read_source(own, idp.metadata_source)) return;
    auto metadata = metadata_of(idp.metadata_source.certificate_der);
    if (metadata) take_metadata(own, idp, std::move(*metadata), now);
  });
}

void check_identity_providers(Problems& problems, const std::vector<ReadIdp>& idps) {
  std::map<std::string, Place> names;
  std::map<std::string, Place> entities;
  std::map<std::string, std::pair<std::string, Place>> domains;
  const auto at = [](const Place& place) {
    return place.file + ":" + std::to_string(place.line + 1);
  };
  for (const ReadIdp& read : idps) {
    const auto [name, is_new_name] = names.emplace(read.idp.name, read.place);
    if (!is_new_name && !read.idp.name.empty()) {
      problems.error(read.place, "identity provider '" + read.idp.name +
                                     "' is there already: " + at(name->second));
    }
    const std::string& entity_id = read.idp.metadata.entity_id;
    const auto [entity, is_new_entity] = entities.emplace(entity_id, read.place);
    if (!is_new_entity && !entity_id.empty()) {
      problems.error(read.place, "two identity providers have the entity ID " + entity_id + ": " +
                                     at(entity->second));
    }
    for (const Text& domain : read.domains) {
      const auto [owner, is_free] =
          domains.emplace(domain.value, std::pair(read.idp.name, domain.place));
      if (!is_free) {
        problems.error(domain.place, domain.value + " belongs to '" + owner->second.first +
                                         "' already: " + at(owner->second.second));
      }
    }
  }
}

void check_levels(Problems& problems, const std::vector<ReadIdp>& idps,
                  const AccessSettings& access) {
  for (const ReadIdp& read : idps) {
    for (const Text& level : read.levels) {
      if (std::find(access.levels.begin(), access.levels.end(), level.value) ==
          access.levels.end()) {
        problems.error(level.place, "'" + level.value + "' is not in access.levels");
      }
    }
  }
}

}  // namespace anteroom::config
