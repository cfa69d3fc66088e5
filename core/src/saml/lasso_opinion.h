// Lasso's own verdict on a signature: a second, independent reader of the same message.
#pragma once

#include <memory>
#include <string>

#include "anteroom/settings.h"

namespace anteroom::saml {

class LassoOpinion {
 public:
  /// One LassoServer for one IdP, from metadata that we generate out of what we read ourselves.
  /// Slow: before threads, once. Throws std::runtime_error if Lasso refuses.
  LassoOpinion(const ServiceProviderSettings& sp, const IdentityProvider& idp);
  ~LassoOpinion();
  LassoOpinion(const LassoOpinion&) = delete;
  LassoOpinion& operator=(const LassoOpinion&) = delete;

  /// Lasso's return code; 0: the signature is acceptable, which is all that it says.
  [[nodiscard]] int ask(const std::string& base64) const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace anteroom::saml
