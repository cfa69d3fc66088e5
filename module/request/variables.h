// $auth_saml_email and the others.
#pragma once

#include "ngx.h"

namespace anteroom::nginx {

ngx_int_t add_variables(ngx_conf_t* cf) noexcept;

}  // namespace anteroom::nginx
