// The company that this browser signed on at last, kept by the browser itself. A convenience: whose
// button is offered first. Nothing else may depend on it, since whoever has the browser writes it.
#pragma once

#include <string>

#include "journey/frame/context.h"

namespace anteroom::journey {

/// nullptr: there is none to offer, because none is kept, what is kept names nobody (any more) who
/// can be signed on with, or there is one company only.
const IdentityProvider* remembered_company(const Exchange& exchange);

// Set-Cookie values.
std::string remember_company(const IdentityProvider& idp);
std::string forget_company();

}  // namespace anteroom::journey
