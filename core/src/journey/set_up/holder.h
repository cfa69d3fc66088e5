// Who has opened a set-up link.
#pragma once

#include <optional>

#include "anteroom/company_links.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

/// As this browser's cookie says; nullopt: there is none, or we never made it. Whether the link
/// still holds is for the database to say.
std::optional<store::LinkHolder> holder_of(const Exchange& exchange);

/// Each step costs the database a statement or two, and whoever has the link may let others help.
bool is_too_often(const Exchange& exchange);
Response too_many_steps(const Exchange& exchange);

/// 403: the link has ended, or this browser never opened one.
Response no_link(const Exchange& exchange, std::string_view why);

inline constexpr std::string_view kConnection = "/set-up/connection";

}  // namespace anteroom::journey
