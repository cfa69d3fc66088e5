// The content handler of locations that answer about this node.
#pragma once

#include "ngx.h"

namespace anteroom::nginx {

ngx_int_t watch_handler(ngx_http_request_t* r) noexcept;

}  // namespace anteroom::nginx
