// The way to an identity provider.
#pragma once

#include <string>

#include "anteroom/saml.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

/// Where a form of ours may end up at this IdP, for Content-Security-Policy; nullptr: any https.
std::string form_targets(const IdentityProvider* idp);

/// The browser on its way to the IdP with a message: 303, or a page that posts it.
Response send_away(const Exchange& exchange, const IdentityProvider& idp,
                   const saml::OutgoingMessage& message);

}  // namespace anteroom::journey
