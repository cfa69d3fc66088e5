// Whether a location hands one person's answer to the next: what nginx's own directives for caches
// say in it. nginx keeps that to the modules that read it, so we read along: a module of our own
// stands before them and takes their directives first.
#pragma once

#include "ngx.h"

extern "C" ngx_module_t ngx_http_auth_saml_cache_module;

namespace anteroom::nginx {

/// False, after saying why, if the gated location whose configuration is being merged keeps answers
/// under a key that names nobody, and does not say that they are the same for everybody.
bool check_shared_cache(ngx_conf_t* cf);

/// Before content: a request that was let through elsewhere may be led to such a location that is
/// not gated itself. It is refused.
ngx_int_t shared_cache_handler(ngx_http_request_t* r) noexcept;

}  // namespace anteroom::nginx
