#include "saml/trust.h"

#include <utility>

namespace anteroom::saml {

namespace {

// Those that are unusable (crypto::DecryptionKey) are left out.
std::shared_ptr<const std::vector<crypto::DecryptionKey>> load_decryption_keys(
    const ServiceProviderSettings& sp) {
  auto keys = std::make_shared<std::vector<crypto::DecryptionKey>>();
  for (const KeyPair& pair : sp.decryption) {
    auto key = crypto::DecryptionKey::load(pair.private_key_pem.reveal());
    if (key) keys->push_back(std::move(*key));
  }
  return keys;
}

}  // namespace

OwnKeys::OwnKeys(const ServiceProviderSettings& sp)
    : state_(std::make_shared<const State>(State{sp, load_decryption_keys(sp)})) {}

Trust::Trust(const OwnKeys& ours, std::shared_ptr<const IdentityProvider> company)
    : sp(ours.state().sp),
      idp(std::move(company)),
      keys(load_signing_keys(*idp)),
      decryptor(ours.state().decryption, idp->allow_rsa_pkcs1) {}

std::shared_ptr<const Trust> trust_of(const ServiceProviderSettings& sp,
                                      const IdentityProvider& idp) {
  std::shared_ptr<const IdentityProvider> borrowed(std::shared_ptr<void>(), &idp);
  return std::make_shared<const Trust>(OwnKeys(sp), std::move(borrowed));
}

CompanyVerifier::CompanyVerifier(const OwnKeys& ours,
                                 std::shared_ptr<const IdentityProvider> company)
    : CompanyVerifier(std::make_shared<const Trust>(ours, std::move(company))) {}

CompanyVerifier::CompanyVerifier(const std::shared_ptr<const Trust>& trust)
    : responses_(trust), logout_(trust) {}

}  // namespace anteroom::saml
