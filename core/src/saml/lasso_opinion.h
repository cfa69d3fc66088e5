// Lasso's own verdict on a signature: a second, independent reader of the same message.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "anteroom/settings.h"
#include "saml/guard.h"

namespace anteroom::saml {

struct SigningKey;

enum class Opinion { good, bad, none };

struct LassoAnswer {
  Opinion opinion = Opinion::none;  ///< of the signature
  int code = 0;                     ///< Lasso's
};

class LassoOpinion {
 public:
  /// One LassoServer for one IdP, from metadata that we generate out of what we read ourselves,
  /// with those of its keys that Lasso knows (RSA). Throws std::runtime_error if Lasso refuses.
  LassoOpinion(const ServiceProviderSettings& sp, const IdentityProvider& idp,
               const std::vector<SigningKey>& keys);
  ~LassoOpinion();
  LassoOpinion(const LassoOpinion&) = delete;
  LassoOpinion& operator=(const LassoOpinion&) = delete;

  /// `good`: the signature is acceptable, which is all that Lasso says. `none`: it dislikes the
  /// structure, which is not its business: the guard has judged it.
  [[nodiscard]] LassoAnswer ask(const GuardedResponse& response) const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace anteroom::saml
