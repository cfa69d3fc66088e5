// Where people go once they are signed in: what they asked for, sealed into a handle.
#pragma once

#include <string>
#include <string_view>

#include "journey/frame/context.h"

namespace anteroom::journey {

/// The page asked for, as path and query; only what no browser takes for another site.
std::string local_target(const RequestHead& request);

/// Where a sealed return handle leads; the landing page if it is absent, stale or not ours.
session::ReturnTo return_to_or_landing(const Context& context, std::string_view sealed);

/// The `r` of a query or form if it has the shape of a sealed value; else empty.
std::string return_handle(std::string_view given);

/// "?r=…" or empty.
std::string return_query(std::string_view handle);

}  // namespace anteroom::journey
