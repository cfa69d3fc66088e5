// The world of the SAML targets: one service provider, one identity provider with fixed keys, and
// the people whom it really asserted. Keys under keys/ are test data and serve nothing else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "anteroom/saml.h"
#include "support/forge.h"
#include "support/redirect.h"

namespace anteroom::fuzz {

/// Of keys/NAME.key.pem and keys/NAME.certificate.pem.
forge::Authority load_authority(const std::string& name);

const forge::Authority& rsa_authority();
const forge::Authority& ec_authority();

/// A Response that the IdP really made. Its assertion's ID is its own: "_a-" and the name.
struct Genuine {
  std::string name;
  forge::Options options;
  bool is_ec = false;
};
std::vector<Genuine> genuine_responses();
std::string make(const Genuine& genuine);

/// Fails unless these are the facts of one genuine Response, all of them.
void require_genuine(const saml::VerifiedAssertion& assertion);

/// The answer to an ArtifactResolve with this ID, around what `message` holds.
std::string artifact_answer(const std::string& message);
inline constexpr const char* kResolveId = "id-resolve";

/// A LogoutRequest that the IdP really made, for the ID that it bears; not signed yet.
std::string logout_request();
inline constexpr const char* kLogoutId = "_l-ann";

/// Built once per process, with the libraries initialised.
struct World {
  ServiceProviderSettings sp;
  IdentityProvider idp;
  saml::VerifyParams params;
  std::unique_ptr<saml::ResponseVerifier> verifier;
  std::unique_ptr<saml::LogoutVerifier> logout_verifier;
};
const World& world();

}  // namespace anteroom::fuzz
