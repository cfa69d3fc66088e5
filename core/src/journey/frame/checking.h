// What may be read on any thread while requests are served: nothing of it changes.
#pragma once

#include <memory>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/saml.h"
#include "anteroom/settings.h"

namespace anteroom::journey {

/// What this company says of itself is of no use: nobody signs on there, and everybody else does.
inline constexpr Code kCompanyClosed{"company_closed"};

/// What checking a message of an identity provider needs. Work for the thread pool gets this, and
/// values of its own; never the Context, which is the event loop's alone.
struct Checking {
  std::shared_ptr<const Settings> settings_owner;
  const Settings& settings;
  const Clock& clock;
  BackChannel& back_channel;  ///< takes calls from any thread
  std::vector<std::unique_ptr<const saml::ResponseVerifier>>
      verifiers;  ///< one per IdP that is not closed
  std::vector<std::unique_ptr<const saml::LogoutVerifier>> logout_verifiers;  ///< likewise

  /// nullptr: nobody signs on there (IdentityProvider::closed, or it could not be made).
  [[nodiscard]] const saml::ResponseVerifier* verifier_of(const IdentityProvider& idp) const;
};

}  // namespace anteroom::journey
