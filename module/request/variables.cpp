#include "request/variables.h"

#include <array>
#include <cstring>

#include "request/request_context.h"

namespace anteroom::nginx {

namespace {

struct Variable {
  ngx_str_t name;
  std::string_view SessionFields::*field;
};

const std::array<Variable, 6> kVariables{{
    {ngx_string("auth_saml_email"), &SessionFields::email},
    {ngx_string("auth_saml_name"), &SessionFields::name},
    {ngx_string("auth_saml_user"), &SessionFields::user},
    {ngx_string("auth_saml_access_level"), &SessionFields::access_level},
    {ngx_string("auth_saml_properties"), &SessionFields::properties},
    {ngx_string("auth_saml_session"), &SessionFields::reference},
}};

// The text lives as long as the request's context does.
void set(ngx_http_variable_value_t* value, std::string_view text) {
  value->valid = 1;
  value->no_cacheable = 0;
  value->not_found = 0;
  value->len = static_cast<unsigned>(text.size()) & 0xfffffffU;
  value->data = reinterpret_cast<u_char*>(const_cast<char*>(text.data()));
}

ngx_int_t get_field(ngx_http_request_t* r, ngx_http_variable_value_t* value,
                    uintptr_t index) noexcept {
  const RequestContext* context = RequestContext::find(r);
  if (context == nullptr || !context->is_identified || !context->view) {
    value->not_found = 1;
    return NGX_OK;
  }
  set(value, context->view->fields().*kVariables[index].field);
  return NGX_OK;
}

ngx_int_t get_outcome(ngx_http_request_t* r, ngx_http_variable_value_t* value,
                      uintptr_t /*data*/) noexcept {
  const RequestContext* context = RequestContext::find(r);
  set(value, context == nullptr ? "-" : context->outcome);
  return NGX_OK;
}

ngx_int_t add(ngx_conf_t* cf, ngx_str_t name, ngx_http_get_variable_pt get, uintptr_t data) {
  ngx_http_variable_t* variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
  if (variable == nullptr) return NGX_ERROR;
  variable->get_handler = get;
  variable->data = data;
  return NGX_OK;
}

}  // namespace

ngx_int_t add_variables(ngx_conf_t* cf) noexcept {
  for (uintptr_t i = 0; i < kVariables.size(); ++i) {
    if (add(cf, kVariables[i].name, get_field, i) != NGX_OK) return NGX_ERROR;
  }
  return add(cf, ngx_string("auth_saml_outcome"), get_outcome, 0);
}

}  // namespace anteroom::nginx
