// Who has opened a set-up link.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/company_links.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

/// What this browser's cookie holds; empty: there is none, or we never made it.
std::string_view kept_by(const Exchange& exchange);

/// As the cookie says, and the number of the link that the page or the form names: a form that was
/// open before another link was goes to its own company. nullopt: the browser has opened none.
/// Whether the link still holds is for the database to say.
std::optional<store::LinkHolder> holder_of(const Exchange& exchange, std::string_view number);

/// Each step costs the database a statement or two: so many for one client, and for one browser,
/// from wherever.
bool is_too_often(const Exchange& exchange);
Response too_many_steps(const Exchange& exchange);

/// 403: the link has ended.
Response no_link(const Exchange& exchange, std::string_view why);
/// 403: this browser never opened one.
Response none_opened(const Exchange& exchange);

/// "/set-up/connection?link=NUMBER"
std::string connection_path(long link);

}  // namespace anteroom::journey
