/* What nginx looks for in a dynamic module. */
#include <ngx_config.h>
#include <ngx_core.h>

#define EXPORTED __attribute__((visibility("default")))

extern ngx_module_t ngx_http_auth_saml_cache_module;
extern ngx_module_t ngx_http_auth_saml_module;

EXPORTED ngx_module_t* ngx_modules[] = {&ngx_http_auth_saml_cache_module,
                                        &ngx_http_auth_saml_module, NULL};
EXPORTED char* ngx_module_names[] = {"ngx_http_auth_saml_cache_module", "ngx_http_auth_saml_module",
                                     NULL};
// The first of them that nginx has: whoever stands before it reads directives before it does.
EXPORTED char* ngx_module_order[] = {
    "ngx_http_auth_saml_cache_module", "ngx_http_proxy_module", "ngx_http_fastcgi_module",
    "ngx_http_uwsgi_module",           "ngx_http_scgi_module",  NULL};
