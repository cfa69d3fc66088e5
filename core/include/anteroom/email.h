// The one grammar of email addresses: who may sign in, and whom mail may be sent to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace anteroom {

/// The grammar of an email address we act on (ASCII, one '@', no quoting, no comments, ≤ 254
/// bytes): lower-cased, or nullopt. XML white space around it is trimmed, nothing else is forgiven.
std::optional<std::string> canonical_email(std::string_view text);

/// The part behind '@' of a canonical email.
std::string_view email_domain(std::string_view canonical);

}  // namespace anteroom
