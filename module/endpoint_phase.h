// Before any location: takes what is ours off every request of an active server, and answers our
// own endpoints.
#pragma once

#include "ngx.h"

namespace anteroom::nginx {

/// In the server rewrite phase, so that neither `return` nor a location can get in the way.
ngx_int_t endpoint_handler(ngx_http_request_t* r) noexcept;

}  // namespace anteroom::nginx
