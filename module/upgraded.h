// A connection that was let through and upgraded (a WebSocket): it ends with what let it through.
#pragma once

#include <functional>

#include "request_context.h"

namespace anteroom::nginx {

/// To be called for a request that goes to the app. `is_allowed` says whether a session would still
/// be let through.
void watch_upgrade(ngx_http_request_t* r, RequestContext& context,
                   std::function<bool(const SessionView&)> is_allowed);

}  // namespace anteroom::nginx
