// What the directives say, per http, server and location block.
#pragma once

#include <memory>
#include <vector>

#include "anteroom/kept_companies.h"
#include "anteroom/metrics.h"
#include "anteroom/pages.h"
#include "anteroom/settings.h"
#include "ngx.h"

namespace anteroom::nginx {

struct MainConfiguration {
  std::shared_ptr<const Settings> settings;  ///< null without auth_saml_config
  // Made once, for all workers.
  FirstCompanies companies;
  std::shared_ptr<const pages::Renderer> pages;
  ngx_shm_zone_t* sessions = nullptr;
  ngx_shm_zone_t* metrics = nullptr;
  ngx_thread_pool_t* threads = nullptr;
  bool has_metrics = false;  ///< auth_saml_metrics stands somewhere
};

/// Paths that apps may take for those of locations, though nginx does not.
struct Spellings;
/// What rules depend on beside the path.
struct Deciders;

struct ServerConfiguration {
  bool is_active = false;          ///< auth_saml is on somewhere in it
  bool has_several_rules = false;  ///< not all of its locations ask the same of who comes
  bool stands_beside = false;      ///< it has one rule, and another server's locations have others
  bool has_unknown_rules = false;  ///< some depend on variables that may be the path as sent
  const Spellings* spellings = nullptr;  ///< where it has several rules
  const Deciders* deciders = nullptr;    ///< where rules depend on what is beside the path
  /// What stands in for its loc_conf while one of our own endpoints is served, by what the body may
  /// take. Lives as long as the configuration: nginx looks into it after the request's pool is
  /// gone.
  void** form_locations = nullptr;
  void** large_locations = nullptr;
};

/// What a location itself answers about this node.
enum class Watched { nothing, metrics, live, ready };

/// What of a path the variables in a location's rule depend on.
enum class PathUse { none, captures /**< of its regular expressions */, unknown };

struct LocationConfiguration {
  ngx_flag_t is_on = NGX_CONF_UNSET;
  bool has_requirement = false;
  bool has_own_requirement = false;                ///< written here, not inherited
  ngx_http_complex_value_t* level = nullptr;       ///< null: any level
  ngx_http_complex_value_t* property = nullptr;    ///< null: at any property
  time_t max_age = NGX_CONF_UNSET;                 ///< seconds; 0: a sign-on of any age
  ngx_str_t authn_context = ngx_null_string;       ///< class reference; empty: any
  PathUse path_use = PathUse::none;                ///< known once all is read
  ngx_flag_t is_path_as_sent = NGX_CONF_UNSET;     ///< whatever apps may read it as
  ngx_flag_t has_expiry_headers = NGX_CONF_UNSET;  ///< answers say how long the session lasts
  Watched watched = Watched::nothing;              ///< not inherited
  bool is_watched_from_anywhere = false;           ///< else from this machine only
};

extern ngx_command_t directives[];

void* create_main(ngx_conf_t* cf) noexcept;
void* create_server(ngx_conf_t* cf) noexcept;
void* create_location(ngx_conf_t* cf) noexcept;
char* merge_location(ngx_conf_t* cf, void* parent, void* child) noexcept;

inline MainConfiguration& main_configuration(ngx_http_request_t* r) {
  return *static_cast<MainConfiguration*>(
      ngx_http_get_module_main_conf(r, ngx_http_auth_saml_module));
}
inline const MainConfiguration& main_configuration(const ngx_http_core_srv_conf_t& server) {
  return *static_cast<MainConfiguration*>(
      server.ctx->main_conf[ngx_http_auth_saml_module.ctx_index]);
}
inline const ServerConfiguration& server_configuration(ngx_http_request_t* r) {
  return *static_cast<ServerConfiguration*>(
      ngx_http_get_module_srv_conf(r, ngx_http_auth_saml_module));
}
/// The same while the configuration is read, or of a server without a request.
inline ServerConfiguration& server_configuration(const ngx_http_core_srv_conf_t& server) {
  return *static_cast<ServerConfiguration*>(
      server.ctx->srv_conf[ngx_http_auth_saml_module.ctx_index]);
}
inline const LocationConfiguration& location_configuration(ngx_http_request_t* r) {
  return *static_cast<LocationConfiguration*>(
      ngx_http_get_module_loc_conf(r, ngx_http_auth_saml_module));
}

}  // namespace anteroom::nginx
