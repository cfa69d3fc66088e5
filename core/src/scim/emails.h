// The one address of a User that is kept: the work email.
#pragma once

#include "anteroom/scim.h"
#include "scim/patch.h"

namespace anteroom::scim {

inline constexpr std::size_t kMaxEmail = 254;

/// What an operation on "emails" makes of it. Among several the work address counts (the primary
/// one of these), or else, as the likeliest of `other_emails`, the primary one. "add" leaves the
/// work email that there is, unless it brings another as the primary one (RFC 7644, 3.5.2.1).
Status change_emails(UserChange& change, Operation operation, const Path& path, const Json& value);

}  // namespace anteroom::scim
