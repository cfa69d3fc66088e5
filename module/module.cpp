// The module as nginx sees it.
#include <sys/prctl.h>

#include <vector>

#include "configuration.h"
#include "loop/guarded.h"
#include "process.h"
#include "request/access_rules.h"
#include "request/endpoint_phase.h"
#include "request/gate_phase.h"
#include "request/path_phase.h"
#include "request/shared_cache.h"
#include "request/stripping.h"
#include "request/variables.h"

namespace anteroom::nginx {

namespace {

ngx_int_t add_handler(ngx_conf_t* cf, ngx_http_phases phase, ngx_http_handler_pt handler) {
  auto* core = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  auto* place = static_cast<ngx_http_handler_pt*>(ngx_array_push(&core->phases[phase].handlers));
  if (place == nullptr) return NGX_ERROR;
  *place = handler;
  return NGX_OK;
}

// Debian's nginx.conf names no level, which is this one.
void warn_of_silent_log(ngx_conf_t* cf) {
  const ngx_log_t& log = cf->cycle->new_log;  // of several the one that takes most
  if (log.file != nullptr && log.log_level >= NGX_LOG_WARN) return;
  ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                     "auth_saml: why people were refused goes to no log: write "
                     "\"error_log FILE info;\" at the top level of nginx.conf");
}

ngx_int_t install(ngx_conf_t* cf) {
  const auto& main = *static_cast<MainConfiguration*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_auth_saml_module));
  if (!main.settings) return NGX_OK;
  warn_of_silent_log(cf);
  const auto* core = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  auto* const* servers = static_cast<ngx_http_core_srv_conf_t**>(core->servers.elts);
  std::vector<const LocationConfiguration*> gated;
  for (ngx_uint_t i = 0; i < core->servers.nelts; ++i) add_gated(*servers[i], gated);
  for (ngx_uint_t i = 0; i < core->servers.nelts; ++i) {
    if (prepare_endpoints(cf, *servers[i]) != NGX_OK || !compare_rules(cf, *servers[i], gated)) {
      return NGX_ERROR;
    }
  }
  // Of one phase nginx calls the handler first that was added last.
  const bool is_added =
      add_handler(cf, NGX_HTTP_SERVER_REWRITE_PHASE, path_handler) == NGX_OK &&
      add_handler(cf, NGX_HTTP_PRECONTENT_PHASE, last_path_handler) == NGX_OK &&
      add_handler(cf, NGX_HTTP_SERVER_REWRITE_PHASE, endpoint_handler) == NGX_OK &&
      add_handler(cf, NGX_HTTP_REWRITE_PHASE, stripping_handler) == NGX_OK &&
      add_handler(cf, NGX_HTTP_ACCESS_PHASE, gate_handler) == NGX_OK &&
      add_handler(cf, NGX_HTTP_PRECONTENT_PHASE, shared_cache_handler) == NGX_OK &&
      add_handler(cf, NGX_HTTP_PRECONTENT_PHASE, stripping_handler) == NGX_OK;
  return is_added ? NGX_OK : NGX_ERROR;
}

ngx_int_t install_handlers(ngx_conf_t* cf) noexcept {
  return guarded<ngx_int_t>("the configuration", NGX_ERROR, [cf] { return install(cf); });
}

// A core dump would hold keys and tokens: there is one only where the operator has asked for it.
void refuse_core_dumps(const ngx_cycle_t* cycle) {
  const auto* core =
      reinterpret_cast<const ngx_core_conf_t*>(ngx_get_conf(cycle->conf_ctx, ngx_core_module));
  if (core->rlimit_core != NGX_CONF_UNSET || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return;
  ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno, "anteroom: core dumps stay possible");
}

// After the fork. The cache manager and its loader answer no request.
ngx_int_t start_process(ngx_cycle_t* cycle) noexcept {
  if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) return NGX_OK;
  const auto* main = static_cast<MainConfiguration*>(
      ngx_http_cycle_get_module_main_conf(cycle, ngx_http_auth_saml_module));
  if (main == nullptr || !main->settings) return NGX_OK;
  if (ngx_process == NGX_PROCESS_WORKER) refuse_core_dumps(cycle);
  Process::start(*main);
  return NGX_OK;
}

void stop_process(ngx_cycle_t* /*cycle*/) noexcept {
  Process::stop();
}

ngx_http_module_t http_context{add_variables, install_handlers, create_main,     nullptr,
                               create_server, nullptr,          create_location, merge_location};

}  // namespace

}  // namespace anteroom::nginx

ngx_module_t ngx_http_auth_saml_module = {NGX_MODULE_V1,
                                          &anteroom::nginx::http_context,
                                          anteroom::nginx::directives,
                                          NGX_HTTP_MODULE,
                                          nullptr,
                                          nullptr,
                                          anteroom::nginx::start_process,
                                          nullptr,
                                          nullptr,
                                          anteroom::nginx::stop_process,
                                          nullptr,
                                          NGX_MODULE_V1_PADDING};
