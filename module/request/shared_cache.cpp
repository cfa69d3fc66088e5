#include "request/shared_cache.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "request/pool_object.h"
#include "request/request_context.h"
#include "request/text.h"

namespace anteroom::nginx {

namespace {

char* const kFailed = static_cast<char*>(NGX_CONF_ERROR);

// The modules that can keep what an upstream answers, each with the same four directives.
constexpr std::size_t kKinds = 4;
enum What : std::size_t { pass, cache, key, store };
constexpr std::size_t kWhats = 4;
constexpr std::array<std::string_view, kKinds * kWhats> kNames{
    "proxy_pass",   "proxy_cache",   "proxy_cache_key",   "proxy_store",    //
    "fastcgi_pass", "fastcgi_cache", "fastcgi_cache_key", "fastcgi_store",  //
    "uwsgi_pass",   "uwsgi_cache",   "uwsgi_cache_key",   "uwsgi_store",    //
    "scgi_pass",    "scgi_cache",    "scgi_cache_key",    "scgi_store"};

// What one directive says, and where. `text` is null where it does not stand.
struct Said {
  ngx_str_t text = ngx_null_string;
  ngx_str_t file = ngx_null_string;
  ngx_uint_t line = 0;

  [[nodiscard]] bool is_there() const { return text.data != nullptr; }
  [[nodiscard]] bool is_on() const { return is_there() && view(text) != "off"; }
};

using Keeping = std::array<Said, kWhats>;  // of one kind

struct CacheConfiguration {
  std::array<Keeping, kKinds> kinds;
  ngx_flag_t is_shared = NGX_CONF_UNSET;
  const Said* handed_round = nullptr;  ///< the directive by which answers go to whoever comes
  std::size_t kind = 0;                ///< of that
  std::size_t what = 0;                ///< cache or store
};

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// One of the variables that no two people have alike. A name, a level, properties may be.
bool is_somebody(std::string_view variable) {
  return variable == "auth_saml_user" || variable == "auth_saml_email" ||
         variable == "auth_saml_session";
}

// As nginx reads variables: $name or ${name}.
bool names_somebody(std::string_view text) {
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at)) {
    ++at;
    if (at < text.size() && text[at] == '{') ++at;
    const auto* end = std::find_if_not(text.begin() + at, text.end(), is_of_name);
    const auto length = static_cast<std::size_t>(end - text.begin()) - at;
    if (is_somebody(text.substr(at, length))) return true;
    at += length;
  }
  return false;
}

// As the modules themselves inherit: of cache and store the one that is on puts the other out.
void inherit(Keeping& own, const Keeping& outer, bool is_block) {
  static u_char off[] = "off";
  if (own[store].is_on()) own[cache].text = {3, off};
  if (own[cache].is_on()) own[store].text = {3, off};
  for (const std::size_t what : {cache, key, store}) {
    if (!own[what].is_there()) own[what] = outer[what];
  }
  // `if` and `limit_except` go to the upstream of what they stand in.
  if (is_block && !own[pass].is_there()) own[pass] = outer[pass];
}

// For a store the text is the path, or "on" for one that is made of the URI.
std::size_t handed_round_by(const Keeping& keeping) {
  if (!keeping[pass].is_there()) return kWhats;
  if (keeping[cache].is_on() && !names_somebody(view(keeping[key].text))) return cache;
  if (keeping[store].is_on() && !names_somebody(view(keeping[store].text))) return store;
  return kWhats;
}

void judge(CacheConfiguration& location) {
  if (location.is_shared == 1) return;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const std::size_t what = handed_round_by(location.kinds[kind]);
    if (what == kWhats) continue;
    location.handed_round = &location.kinds[kind][what];
    location.kind = kind;
    location.what = what;
  }
}

// Reading along.

struct Original {
  ngx_command_t* command = nullptr;  ///< null: nginx was built without
  const ngx_module_t* module = nullptr;
};

std::array<Original, kNames.size()>& originals() {
  static std::array<Original, kNames.size()> all;
  return all;
}

void* configuration_of(const ngx_conf_t* cf, const Original& original) {
  void** all = nullptr;
  std::memcpy(&all, static_cast<char*>(cf->ctx) + original.command->conf, sizeof all);
  return all == nullptr ? nullptr : all[original.module->ctx_index];
}

char* read_along(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept;

ngx_command_t shadow_of(std::string_view name) {
  return {{name.size(), reinterpret_cast<u_char*>(const_cast<char*>(name.data()))},
          0,  // as the original's, once it is known
          read_along,
          NGX_HTTP_LOC_CONF_OFFSET,
          0,
          nullptr};
}

std::array<ngx_command_t, kNames.size() + 2>& commands() {
  static std::array<ngx_command_t, kNames.size() + 2> all = [] {
    std::array<ngx_command_t, kNames.size() + 2> made{};
    std::transform(kNames.begin(), kNames.end(), made.begin(), shadow_of);
    made[kNames.size()] = {ngx_string("auth_saml_shared_cache"),
                           NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
                           ngx_conf_set_flag_slot,
                           NGX_HTTP_LOC_CONF_OFFSET,
                           offsetof(CacheConfiguration, is_shared),
                           nullptr};
    return made;
  }();
  return all;
}

char* read_along(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept {
  const auto index = static_cast<std::size_t>(command - commands().data());
  auto& location = *static_cast<CacheConfiguration*>(conf);
  location.kinds[index / kWhats][index % kWhats] = Said{
      static_cast<ngx_str_t*>(cf->args->elts)[1], cf->conf_file->file.name, cf->conf_file->line};
  const Original& original = originals()[index];
  return original.command->set(cf, original.command, configuration_of(cf, original));
}

ngx_command_t* find_command(const ngx_module_t& module, std::string_view name) {
  ngx_command_t* command = module.commands;
  while (command != nullptr && command->name.len != 0 && view(command->name) != name) ++command;
  return command == nullptr || command->name.len == 0 ? nullptr : command;
}

// Before any directive is read. One whose module stands before ours would not be seen.
bool find_original(ngx_conf_t* cf, std::size_t index) {
  bool is_ours_past = false;
  for (ngx_module_t** module = cf->cycle->modules; *module != nullptr; ++module) {
    if (*module == &ngx_http_auth_saml_cache_module) {
      is_ours_past = true;
      continue;
    }
    if ((*module)->type != NGX_HTTP_MODULE) continue;
    ngx_command_t* command = find_command(**module, kNames[index]);
    if (command == nullptr) continue;
    if (!is_ours_past || (command->type & NGX_CONF_TAKE1) == 0) {
      ngx_conf_log_error(
          NGX_LOG_EMERG, cf, 0,
          "auth_saml: caches in gated locations cannot be checked, because the module "
          "with \"%V\" is not one of nginx's own or stands before ours: load "
          "ngx_http_auth_saml_module.so before it",
          &command->name);
      return false;
    }
    originals()[index] = {command, *module};
    commands()[index].type = command->type;
    return true;
  }
  return true;
}

void* create_main(ngx_conf_t* cf) noexcept {
  for (std::size_t index = 0; index < kNames.size(); ++index) {
    if (!find_original(cf, index)) return nullptr;
  }
  return &originals();
}

void* create_location(ngx_conf_t* cf) noexcept {
  return make_in_pool<CacheConfiguration>(cf->pool);
}

char* merge_location(ngx_conf_t* cf, void* parent, void* child) noexcept {
  const auto& outer = *static_cast<CacheConfiguration*>(parent);
  auto& location = *static_cast<CacheConfiguration*>(child);
  const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  ngx_conf_merge_value(location.is_shared, outer.is_shared, 0);
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    inherit(location.kinds[kind], outer.kinds[kind], core->noname != 0);
  }
  judge(location);
  return NGX_CONF_OK;
}

ngx_http_module_t context{nullptr, nullptr, create_main,     nullptr,
                          nullptr, nullptr, create_location, merge_location};

}  // namespace

bool check_shared_cache(ngx_conf_t* cf) {
  const auto& location = *static_cast<CacheConfiguration*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_auth_saml_cache_module));
  if (location.handed_round == nullptr) return true;
  const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  const auto& names = commands();
  const std::size_t first = location.kind * kWhats;
  ngx_log_error(
      NGX_LOG_EMERG, cf->log, 0,
      "\"auth_saml on\" with \"%V\" in location \"%V\": whoever comes next would be given "
      "the first one's answer; put $auth_saml_user into \"%V\", or write "
      "\"auth_saml_shared_cache on;\" there if the answers are the same for everybody; "
      "the cache is switched on in %V:%ui",
      &names[first + location.what].name, &core->name,
      &names[first + (location.what == cache ? key : store)].name, &location.handed_round->file,
      location.handed_round->line);
  return false;
}

ngx_int_t shared_cache_handler(ngx_http_request_t* r) noexcept {
  const auto& location = *static_cast<CacheConfiguration*>(
      ngx_http_get_module_loc_conf(r, ngx_http_auth_saml_cache_module));
  if (location.handed_round == nullptr) return NGX_DECLINED;
  const RequestContext* context = RequestContext::find(r);
  if (context == nullptr || !context->has_identity_headers) return NGX_DECLINED;
  ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                "anteroom: refused: \"%V\" in %V:%ui would give the answer to whoever comes next; "
                "put $auth_saml_user into its key, or write \"auth_saml_shared_cache on;\" there",
                &commands()[location.kind * kWhats + location.what].name,
                &location.handed_round->file, location.handed_round->line);
  return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

}  // namespace anteroom::nginx

ngx_module_t ngx_http_auth_saml_cache_module = {NGX_MODULE_V1,
                                                &anteroom::nginx::context,
                                                anteroom::nginx::commands().data(),
                                                NGX_HTTP_MODULE,
                                                nullptr,
                                                nullptr,
                                                nullptr,
                                                nullptr,
                                                nullptr,
                                                nullptr,
                                                nullptr,
                                                NGX_MODULE_V1_PADDING};
