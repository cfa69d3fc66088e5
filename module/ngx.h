// The one way in for nginx's headers (nginx itself has an nginx.h).
#pragma once

extern "C" {
#include <ngx_config.h>
// ngx_config.h comes first.
#include <nginx.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

extern ngx_module_t ngx_http_auth_saml_module;
}
