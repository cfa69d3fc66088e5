#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "configuration.h"
#include "monitoring/node_meter.h"
#include "request/pool_object.h"
#include "request/shared_cache.h"
#include "request/text.h"
#include "request/watch_handler.h"
#include "session/session_cache.h"

namespace anteroom::nginx {

namespace {

char* const kFailed = static_cast<char*>(NGX_CONF_ERROR);

void print(ngx_conf_t* cf, const Problem& problem) {
  const std::string text = to_string(problem);
  ngx_conf_log_error(problem.is_warning ? NGX_LOG_WARN : NGX_LOG_EMERG, cf, 0, "%s", text.c_str());
}

// What a configuration of thousands of companies leaves free, in small pieces, every worker that is
// forked then would write to, for itself, when it tidies up.
void give_memory_back(void* /*data*/) noexcept {
  if (ngx_process == NGX_PROCESS_WORKER) return;
  malloc_trim(0);
  // It leaves them unsorted; glibc's malloc sorts ten thousand when it is next asked.
  for (int i = 0; i < 100; ++i) {
    void* volatile asked = malloc(std::size_t{1} << 16);  // volatile: or nothing is asked for
    free(asked);
  }
}

// nginx makes it for its workers, as it does its own.
bool add_directory(ngx_conf_t* cf, const std::string& name) {
  auto* path = static_cast<ngx_path_t*>(ngx_pcalloc(cf->pool, sizeof(ngx_path_t)));
  auto* text = static_cast<u_char*>(ngx_pcalloc(cf->pool, name.size() + 1));
  if (path == nullptr || text == nullptr) return false;
  ngx_memcpy(text, name.data(), name.size());
  path->name = {name.size(), text};
  path->conf_file = cf->conf_file->file.name.data;
  path->line = cf->conf_file->line;
  return ngx_add_path(cf, &path) == NGX_OK;
}

// Without them it starts as well.
std::shared_ptr<const KeptCompanies> kept_companies(ngx_conf_t* cf, const Settings& settings) {
  ReadKept read = read_kept_companies(
      settings, std::chrono::time_point_cast<Time::duration>(std::chrono::system_clock::now()));
  if (!read.problem.empty()) {
    ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "anteroom: companies that were kept in %s: %s",
                       settings.companies.kept_in.c_str(), read.problem.c_str());
  }
  return std::move(read.kept);
}

// auth_saml_config FILE;
char* read_settings(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf) noexcept {
  try {
    auto& main = *static_cast<MainConfiguration*>(conf);
    static char duplicate[] = "is duplicate";
    if (main.settings) return duplicate;
    auto* arguments = static_cast<ngx_str_t*>(cf->args->elts);
    ngx_str_t file = arguments[1];
    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) return kFailed;
    const LoadedSettings loaded =
        load_settings(std::string(view(file)), std::chrono::system_clock::now());
    for (const Problem& problem : loaded.problems) print(cf, problem);
    if (!loaded.settings) return kFailed;
    main.settings = loaded.settings;
    const std::string& kept_in = main.settings->companies.kept_in;
    if (!kept_in.empty() && !add_directory(cf, kept_in)) return kFailed;
    main.companies = first_companies(main.settings, kept_companies(cf, *main.settings));
    main.pages = std::make_shared<const pages::Renderer>(*main.settings);
    main.sessions = SessionCache::add_zone(cf, main.settings->sessions.cache_bytes);
    main.metrics = NodeMeter::add_zone(cf);
    main.threads = ngx_thread_pool_add(cf, nullptr);
    const bool is_complete =
        main.sessions != nullptr && main.metrics != nullptr && main.threads != nullptr;
    return is_complete ? NGX_CONF_OK : kFailed;
  } catch (const std::exception& error) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "auth_saml_config: %s", error.what());
    return kFailed;
  }
}

ngx_http_complex_value_t* compile(ngx_conf_t* cf, ngx_str_t* text) {
  auto* value = static_cast<ngx_http_complex_value_t*>(
      ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t)));
  if (value == nullptr) return nullptr;
  ngx_http_compile_complex_value_t compiler{};
  compiler.cf = cf;
  compiler.value = text;
  compiler.complex_value = value;
  return ngx_http_compile_complex_value(&compiler) == NGX_OK ? value : nullptr;
}

// auth_saml_require LEVEL [at PROPERTY];
char* read_requirement(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf) noexcept {
  auto& location = *static_cast<LocationConfiguration*>(conf);
  static char duplicate[] = "is duplicate";
  if (location.has_requirement) return duplicate;
  auto* arguments = static_cast<ngx_str_t*>(cf->args->elts);
  if (arguments[1].len == 0) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "auth_saml_require: the access level is empty");
    return kFailed;
  }
  location.has_requirement = location.has_own_requirement = true;
  location.level = compile(cf, &arguments[1]);
  if (location.level == nullptr) return kFailed;
  if (cf->args->nelts == 2) return NGX_CONF_OK;
  if (view(arguments[2]) != "at") {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "auth_saml_require: expected \"at\" before the property, found \"%V\"",
                       &arguments[2]);
    return kFailed;
  }
  location.property = compile(cf, &arguments[3]);
  return location.property == nullptr ? kFailed : NGX_CONF_OK;
}

// auth_saml_step_up MAX_AGE [CLASS]; or off
char* read_step_up(ngx_conf_t* cf, ngx_command_t* /*command*/, void* conf) noexcept {
  // A sign-on takes its time: less than this would ask again and again.
  constexpr ngx_int_t kLeast = 60;
  auto& location = *static_cast<LocationConfiguration*>(conf);
  static char duplicate[] = "is duplicate";
  if (location.max_age != NGX_CONF_UNSET) return duplicate;
  auto* arguments = static_cast<ngx_str_t*>(cf->args->elts);
  if (view(arguments[1]) == "off" && cf->args->nelts == 2) {
    location.max_age = 0;
    return NGX_CONF_OK;
  }
  const ngx_int_t seconds = ngx_parse_time(&arguments[1], 1);
  if (seconds == NGX_ERROR || seconds < kLeast) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "auth_saml_step_up: \"%V\" must be \"off\" or a time of at least 60s",
                       &arguments[1]);
    return kFailed;
  }
  location.max_age = seconds;
  if (cf->args->nelts == 3) location.authn_context = arguments[2];
  if (view(location.authn_context).find(' ') != std::string_view::npos) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "auth_saml_step_up: one class reference, a URI");
    return kFailed;
  }
  return NGX_CONF_OK;
}

// auth_saml_metrics [open];  auth_saml_health live|ready [open];
char* read_watch(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept {
  auto& location = *static_cast<LocationConfiguration*>(conf);
  auto* arguments = static_cast<ngx_str_t*>(cf->args->elts);
  static char duplicate[] = "is duplicate, or stands beside the other one";
  if (location.watched != Watched::nothing) return duplicate;
  ngx_uint_t next = 1;
  location.watched = Watched::metrics;
  if (view(command->name) == "auth_saml_health") {
    const std::string_view what = view(arguments[next++]);
    if (what != "live" && what != "ready") {
      ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "auth_saml_health: \"live\" or \"ready\"");
      return kFailed;
    }
    location.watched = what == "live" ? Watched::live : Watched::ready;
  }
  if (next < cf->args->nelts) {
    if (view(arguments[next]) != "open" || next + 1 < cf->args->nelts) {
      ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V: only \"open\" may follow", &command->name);
      return kFailed;
    }
    location.is_watched_from_anywhere = true;
  }
  auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  core->handler = watch_handler;
  return NGX_CONF_OK;
}

// A level without variables in it is checked now, not at the first request.
bool is_known_level(ngx_conf_t* cf, const MainConfiguration& main,
                    const LocationConfiguration& location) {
  if (location.level == nullptr || location.level->lengths != nullptr) return true;
  const auto& levels = main.settings->access.levels;
  if (std::find(levels.begin(), levels.end(), view(location.level->value)) != levels.end()) {
    return true;
  }
  std::string known;
  for (const std::string& level : levels) known += (known.empty() ? "" : ", ") + level;
  ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                     "auth_saml_require: unknown access level \"%V\"; access.levels has: %s",
                     &location.level->value, known.c_str());
  return false;
}

bool check_gate(ngx_conf_t* cf, const LocationConfiguration& location) {
  const auto& main = *static_cast<MainConfiguration*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_auth_saml_module));
  const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  if (!main.settings) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"auth_saml on\" needs \"auth_saml_config FILE;\" in the http block");
    return false;
  }
  if (core->satisfy == NGX_HTTP_SATISFY_ANY) {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"auth_saml on\" with \"satisfy any\" in location \"%V\": any other access "
                       "rule would open the gate; use \"satisfy all\"",
                       &core->name);
    return false;
  }
  return is_known_level(cf, main, location) && check_shared_cache(cf);
}

bool check_watch(ngx_conf_t* cf, const LocationConfiguration& location) {
  if (location.watched == Watched::nothing) return true;
  auto& main = *static_cast<MainConfiguration*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_auth_saml_module));
  if (location.watched == Watched::metrics) main.has_metrics = true;
  if (main.settings) return true;
  ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                     "auth_saml_metrics and auth_saml_health need \"auth_saml_config FILE;\" in "
                     "the http block");
  return false;
}

template <class T>
void* create(ngx_conf_t* cf) noexcept {
  try {
    return make_in_pool<T>(cf->pool);
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

ngx_command_t directives[] = {
    {ngx_string("auth_saml_config"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, read_settings,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("auth_saml"),
     NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
     ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConfiguration, is_on),
     nullptr},
    {ngx_string("auth_saml_require"), NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE13,
     read_requirement, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("auth_saml_step_up"), NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_TAKE12,
     read_step_up, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("auth_saml_path_as_sent"), NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
     ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(LocationConfiguration, is_path_as_sent), nullptr},
    {ngx_string("auth_saml_expiry_headers"),
     NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
     ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(LocationConfiguration, has_expiry_headers), nullptr},
    {ngx_string("auth_saml_metrics"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
     read_watch, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("auth_saml_health"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE12, read_watch,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    ngx_null_command};

void* create_main(ngx_conf_t* cf) noexcept {
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(cf->pool, 0);
  if (cleanup == nullptr) return nullptr;
  cleanup->handler = give_memory_back;  // the last to be called: the first that was added
  return create<MainConfiguration>(cf);
}

void* create_server(ngx_conf_t* cf) noexcept {
  return create<ServerConfiguration>(cf);
}

void* create_location(ngx_conf_t* cf) noexcept {
  return create<LocationConfiguration>(cf);
}

char* merge_location(ngx_conf_t* cf, void* parent, void* child) noexcept {
  const auto& outer = *static_cast<LocationConfiguration*>(parent);
  auto& location = *static_cast<LocationConfiguration*>(child);
  ngx_conf_merge_value(location.is_on, outer.is_on, 0);
  ngx_conf_merge_value(location.is_path_as_sent, outer.is_path_as_sent, 0);
  ngx_conf_merge_value(location.has_expiry_headers, outer.has_expiry_headers, 0);
  if (!location.has_requirement && outer.has_requirement) {
    location.has_requirement = true;
    location.level = outer.level;
    location.property = outer.property;
  }
  if (location.max_age == NGX_CONF_UNSET) {
    location.max_age = outer.max_age == NGX_CONF_UNSET ? 0 : outer.max_age;
    location.authn_context = outer.authn_context;
  }
  if (!check_watch(cf, location)) return kFailed;
  if (location.is_on == 0) return NGX_CONF_OK;
  static_cast<ServerConfiguration*>(
      ngx_http_conf_get_module_srv_conf(cf, ngx_http_auth_saml_module))
      ->is_active = true;
  try {
    return check_gate(cf, location) ? NGX_CONF_OK : kFailed;
  } catch (...) {
    return kFailed;
  }
}

}  // namespace anteroom::nginx
