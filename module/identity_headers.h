// What the app is told about who asks, and what it must not hear from a client.
#pragma once

#include "anteroom/session.h"
#include "ngx.h"

namespace anteroom::nginx {

/// Removes every X-Auth-… identity header from the request, in any spelling that a backend may take
/// for one, and our cookies from its Cookie fields if there are any. NGX_ERROR without memory.
ngx_int_t remove_ours(ngx_http_request_t* r, bool has_our_cookies);

/// Adds the identity headers. They point at the fields' texts, which must live as long as the
/// request. NGX_ERROR without memory.
ngx_int_t add_identity(ngx_http_request_t* r, const SessionFields& who);

}  // namespace anteroom::nginx
