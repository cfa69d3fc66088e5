// Before any location: takes what is ours off every request, and answers our own endpoints.
#pragma once

#include "ngx.h"

namespace anteroom::nginx {

/// Our own bounds instead of the server's for our own endpoints: the body stays in memory, and
/// nginx stops reading where it becomes too long, chunked or not. Once per server when it is
/// configured.
ngx_int_t prepare_endpoints(ngx_conf_t* cf, const ngx_http_core_srv_conf_t& server) noexcept;

/// In the server rewrite phase, so that neither `return` nor a location can get in the way.
ngx_int_t endpoint_handler(ngx_http_request_t* r) noexcept;

}  // namespace anteroom::nginx
