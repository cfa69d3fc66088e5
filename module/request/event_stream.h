// An answer that stays open and tells its reader when something has changed (server-sent events).
#pragma once

#include "anteroom/http.h"
#include "ngx.h"

namespace anteroom::nginx {

/// Sends the head and the body of `response`, whose `follow` is set, and keeps the request open.
/// Takes over the request: whoever calls must not finalize it.
void open_stream(ngx_http_request_t* r, const Response& response);

}  // namespace anteroom::nginx
