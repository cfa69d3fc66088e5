// Metadata of an identity provider, as a customer sends it.
// Oracle: what is usable names itself, has a certificate that can be read and an address over
// https; it was valid at that time; a verifier can be built from it.

#include "anteroom/saml.h"
#include "crypto/pem.h"
#include "fuzz/genuine.h"
#include "fuzz/target.h"
#include "fuzz/xml_hooks.h"
#include "http/url.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

void check_address(const std::string& address) {
  if (address.empty()) return;
  const auto url = http::parse_url(address);
  require(url.has_value(), "an address that is not a valid URL");
  require(url->scheme == "https" || http::is_loopback(*url), "an address without TLS");
}

void check_verifier(const IdpMetadata& metadata) {
  IdentityProvider idp = world().idp;
  idp.metadata = metadata;
  const saml::ResponseVerifier verifier(world().sp, idp);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const World& w = world();
  const auto metadata = saml::parse_idp_metadata(view(data, size), w.params.now);
  if (!metadata) {
    require(!metadata.failure().detail.empty(), "no word on what is wrong");
    return 0;
  }
  require(!metadata->entity_id.empty(), "no name");
  require(!metadata->signing_certificates_der.empty(), "no certificate");
  for (const std::string& der : metadata->signing_certificates_der) {
    require(crypto::certificate_facts(der).ok(), "a certificate that cannot be read");
  }
  require(!metadata->sso_redirect_url.empty() || !metadata->sso_post_url.empty(), "no address");
  check_address(metadata->sso_redirect_url);
  check_address(metadata->sso_post_url);
  check_address(metadata->slo_redirect_url);
  check_verifier(*metadata);
  return 0;
}
