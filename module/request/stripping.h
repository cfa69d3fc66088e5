// What nobody but us may tell the app goes from every request of every server: what clients claim
// to be, and our own cookies.
#pragma once

#include "ngx.h"

namespace anteroom::nginx {

/// Keeps who asks, and leaves nothing of it in the request. Once per request; NGX_DECLINED, or an
/// error that ends the request.
ngx_int_t strip(ngx_http_request_t* r);

/// Wherever a request may come in: in the rewrite phase of a location, where one begins that had an
/// early error and is led to a named location, and right before content, which no request reaches
/// by another way.
ngx_int_t stripping_handler(ngx_http_request_t* r) noexcept;

}  // namespace anteroom::nginx
