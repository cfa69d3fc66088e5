// Leaving for the identity provider.
#pragma once

#include <optional>
#include <string>

#include "journey/frame/context.h"

namespace anteroom::journey {

struct Start {
  const IdentityProvider* idp = nullptr;
  std::string email;   ///< login hint; may be empty
  std::string handle;  ///< sealed ReturnTo; may be empty
  bool is_passive = false;
  bool has_fragment = false;  ///< as session::LoginState has it
};

/// Whether its metadata, by itself or by its end, keeps everybody from signing on. What only its
/// first use shows is not known here.
bool is_known_closed(const IdentityProvider& idp, Time now);

/// The page for whoever wants to sign on at such a company, counted; nullopt for any other.
std::optional<Response> refuse_if_closed(const Exchange& exchange, const IdentityProvider& idp);

/// The same page for one that turns out to be closed in another way, as `why` says; not counted.
Response closed_page(const Exchange& exchange, const IdentityProvider& idp, const Failure& why);

/// The browser on its way to the IdP with a new login state; or 429 for one that does nothing else.
/// `exchange` outlives the task.
Task<Response> start_sign_on(const Exchange& exchange, Start start);

}  // namespace anteroom::journey
