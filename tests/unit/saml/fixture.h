#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "anteroom/saml.h"
#include "saml/codes.h"
#include "support/forge.h"

namespace anteroom::test {

/// Keys are slow to make: one set for all cases.
inline const forge::Authority& authority() {
  static const forge::Authority kAuthority = forge::make_authority();
  return kAuthority;
}
inline const forge::Authority& other_authority() {
  static const forge::Authority kOther = forge::make_authority();
  return kOther;
}

/// One identity provider, and what a Response of forge::Options is verified against.
struct Trust {
  ServiceProviderSettings sp;
  IdentityProvider idp;
  saml::VerifyParams params;

  explicit Trust(const std::vector<forge::Authority>& authorities = {authority()}) {
    saml::initialize();
    const forge::Options defaults;
    sp.entity_id = defaults.audience;
    sp.acs_url = defaults.acs_url;
    idp.name = "corp";
    idp.domains = {"corp.test"};
    idp.email_attributes = {"mail", "NameID"};
    idp.name_attributes = {"displayName", "givenName", "surname"};
    idp.metadata.entity_id = defaults.issuer;
    idp.metadata.sso_redirect_url = "https://idp.test/sso";
    for (const auto& a : authorities)
      idp.metadata.signing_certificates_der.push_back(a.certificate_der);
    params = {sp.entity_id, sp.acs_url, defaults.in_response_to, defaults.now,
              std::chrono::seconds(120)};
  }

  [[nodiscard]] saml::Verdict verify(const std::string& xml) const {
    return saml::ResponseVerifier(sp, idp).verify(forge::to_base64(xml), params);
  }
  [[nodiscard]] saml::Verdict verify(const forge::Options& options,
                                     const forge::Authority& by = authority()) const {
    return verify(forge::make_response(by, options));
  }
};

/// The code of the rule that failed; "accepted" if none did.
inline std::string outcome(const saml::Verdict& verdict) {
  return verdict.assertion ? "accepted" : std::string(verdict.assertion.failure().code.name);
}

inline std::string outcome(const forge::Options& options) {
  return outcome(Trust().verify(options));
}

/// Options whose XML has `from` replaced before signing: the IdP itself says something odd.
inline forge::Options saying(const std::string& from, const std::string& to,
                             forge::Options options = {}) {
  options.before_signing = [=](std::string xml) {
    return forge::replaced(std::move(xml), from, to);
  };
  return options;
}
/// The same after signing: somebody changed it on the way.
inline forge::Options tampered(const std::string& from, const std::string& to,
                               forge::Options options = {}) {
  options.after_signing = [=](std::string xml) {
    return forge::replaced(std::move(xml), from, to);
  };
  return options;
}

}  // namespace anteroom::test
