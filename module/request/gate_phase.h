// auth_saml on: the access phase.
#pragma once

#include "ngx.h"

namespace anteroom::nginx {

/// NGX_DECLINED lets the request through to the next rule; everything else has been answered or
/// will be.
ngx_int_t gate_handler(ngx_http_request_t* r) noexcept;

}  // namespace anteroom::nginx
