// The one grammar of email addresses: who may sign in, and whom mail may be sent to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace anteroom {

/// The grammar of an email address we act on (one '@', before it ASCII without quoting or comments,
/// behind it a domain, ≤ 254 bytes): in lower case, the domain in ASCII; or nullopt. XML white
/// space around it is trimmed, nothing else is forgiven.
std::optional<std::string> canonical_email(std::string_view text);

/// A domain as it is stored and compared: "xn--mnchen-3ya.example", also for "München.example".
std::optional<std::string> canonical_domain(std::string_view text);

/// The same as people write it: "münchen.example". Where its letters may be taken for others, it
/// stays as it is.
std::string readable_domain(std::string_view canonical);

/// The part behind '@' of a canonical email.
std::string_view email_domain(std::string_view canonical);

}  // namespace anteroom
