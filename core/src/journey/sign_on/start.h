// Leaving for the identity provider.
#pragma once

#include <string>

#include "journey/frame/context.h"

namespace anteroom::journey {

struct Start {
  const IdentityProvider* idp = nullptr;
  std::string email;   ///< login hint; may be empty
  std::string handle;  ///< sealed ReturnTo; may be empty
  bool is_passive = false;
};

/// The browser on its way to the IdP with a new login state; or 429 for one that does nothing else.
/// `exchange` outlives the task.
Task<Response> start_sign_on(const Exchange& exchange, Start start);

}  // namespace anteroom::journey
