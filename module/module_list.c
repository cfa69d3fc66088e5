/* What nginx looks for in a dynamic module. */
#include <ngx_config.h>
#include <ngx_core.h>

#define EXPORTED __attribute__((visibility("default")))

extern ngx_module_t ngx_http_auth_saml_module;

EXPORTED ngx_module_t* ngx_modules[] = {&ngx_http_auth_saml_module, NULL};
EXPORTED char* ngx_module_names[] = {"ngx_http_auth_saml_module", NULL};
EXPORTED char* ngx_module_order[] = {NULL};
