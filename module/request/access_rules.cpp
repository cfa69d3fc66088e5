#include "request/access_rules.h"

#include <algorithm>
#include <array>
#include <vector>

#include "anteroom/readings.h"
#include "request/deciders.h"
#include "request/pool_object.h"
#include "request/spellings.h"
#include "request/text.h"

namespace anteroom::nginx {

namespace {

using Names = std::vector<std::string_view>;

// Of "$a-${b}": a and b.
void add_variables(const ngx_http_complex_value_t* value, Names& names) {
  if (value == nullptr || value->lengths == nullptr) return;
  constexpr std::string_view kNameSigns =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  std::string_view text = view(value->value);
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$')) {
    text.remove_prefix(at + 1);
    if (text.starts_with('{')) text.remove_prefix(1);
    names.push_back(text.substr(0, text.find_first_not_of(kNameSigns)));
  }
}

bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What a client's path has no part in.
bool is_apart_from_path(std::string_view name) {
  constexpr std::array<std::string_view, 7> kFamilies{"http_",   "cookie_", "arg_",   "ssl_",
                                                      "server_", "remote_", "realip_"};
  return name == "host" || name == "hostname" || name == "scheme" ||
         std::any_of(kFamilies.begin(), kFamilies.end(),
                     [&](std::string_view family) { return name.starts_with(family); });
}

#if (NGX_PCRE)

void add_captures(ngx_conf_t* cf, const ngx_http_regex_t* regex, Names& names) {
  if (regex == nullptr) return;
  const auto* core = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  const auto* variables = static_cast<ngx_http_variable_t*>(core->variables.elts);
  for (ngx_uint_t i = 0; i < regex->nvariables; ++i) {
    names.push_back(view(variables[regex->variables[i].index].name));
  }
}

Names captured_by_server_names(ngx_conf_t* cf, const ngx_http_core_srv_conf_t& server) {
  Names names;
  const auto* own = static_cast<ngx_http_server_name_t*>(server.server_names.elts);
  for (ngx_uint_t i = 0; i < server.server_names.nelts; ++i) {
    add_captures(cf, own[i].regex, names);
  }
  return names;
}

Names captured_by(ngx_conf_t* cf, const Found& found) {
  Names names;
  for (const auto* location : found.regular_expressions) add_captures(cf, location->regex, names);
  return names;
}

#else

Names captured_by_server_names(ngx_conf_t*, const ngx_http_core_srv_conf_t&) {
  return {};
}

Names captured_by(ngx_conf_t*, const Found&) {
  return {};
}

#endif

Names variables_of(const LocationConfiguration& rules) {
  Names used;
  add_variables(rules.level, used);
  add_variables(rules.property, used);
  return used;
}

// What the rules of a server depend on beside the path.
void add_deciders(const Names& used, const Names& by_server, Deciders& deciders) {
  constexpr std::string_view kArgument = "arg_";
  for (const std::string_view name : used) {
    if (name.starts_with(kArgument)) {
      deciders.arguments.push_back(in_small_letters(name.substr(kArgument.size())));
    }
    deciders.is_by_host =
        deciders.is_by_host || name == "host" || name == "http_host" || has(by_server, name);
  }
}

PathUse path_use_of(const Names& used, const Names& by_server, const Names& by_location) {
  PathUse use = PathUse::none;
  for (const std::string_view name : used) {
    if (has(by_location, name)) {
      use = PathUse::captures;
    } else if (!has(by_server, name) && !is_apart_from_path(name)) {
      return PathUse::unknown;
    }
  }
  return use;
}

bool is_same_value(const ngx_http_complex_value_t* a, const ngx_http_complex_value_t* b) {
  if (a == b) return true;
  return a != nullptr && b != nullptr && a->lengths == nullptr && b->lengths == nullptr &&
         view(a->value) == view(b->value);
}

bool ask_the_same(const LocationConfiguration& a, const LocationConfiguration& b) {
  if (a.is_on != b.is_on) return false;
  return a.is_on == 0 ||
         (a.max_age == b.max_age && view(a.authn_context) == view(b.authn_context) &&
          is_same_value(a.level, b.level) && is_same_value(a.property, b.property));
}

// Captures without what other spellings of a path differ in.
std::string spelled_alike(std::string_view captures) {
  std::string out;
  for (const char c : captures) {
    if (c == '\0' && out.ends_with('/')) out.pop_back();
    out += small_letter(c);
  }
  return out;
}

// Where a level stands among those that are configured; -1: a variable decides, or there is none.
int rank_of(const ngx_http_core_srv_conf_t& server, const ngx_http_complex_value_t* level) {
  if (level == nullptr || level->lengths != nullptr) return -1;
  const auto& levels = main_configuration(server).settings->access.levels;
  const auto found = std::find(levels.begin(), levels.end(), view(level->value));
  return found == levels.end() ? -1 : static_cast<int>(found - levels.begin());
}

// By the order of levels; neither depends on variables, but for a property that is the same.
bool asks_as_much(const ngx_http_core_srv_conf_t& server, const LocationConfiguration& rules,
                  const LocationConfiguration& others) {
  const bool is_fresh =
      others.max_age == 0 || (rules.max_age != 0 && rules.max_age <= others.max_age);
  const bool is_class =
      others.authn_context.len == 0 || view(rules.authn_context) == view(others.authn_context);
  const bool is_property =
      others.property == nullptr || is_same_value(rules.property, others.property);
  const int needed = rank_of(server, others.level);
  const bool is_level =
      others.level == nullptr || (needed >= 0 && rank_of(server, rules.level) >= needed);
  return rules.is_on == 1 && is_fresh && is_class && is_property && is_level;
}

// Whether who may come to `decided` may come to `other`, too.
bool is_covered(const ngx_http_core_srv_conf_t& server, const Place& decided, const Place& other,
                bool is_other_spelling) {
  const LocationConfiguration& rules = rules_of(server, decided.location);
  const LocationConfiguration& others = rules_of(server, other.location);
  if (others.is_on == 0 || asks_as_much(server, rules, others)) return true;
  if (!ask_the_same(rules, others)) return false;
  if (rules.path_use == PathUse::none) return true;
  return rules.path_use == PathUse::captures && decided.location == other.location &&
         (decided.captures == other.captures ||
          (is_other_spelling && spelled_alike(decided.captures) == spelled_alike(other.captures)));
}

// A location that takes whatever comes is nothing that an app would know `path` by.
bool takes_anything_like(const ngx_http_core_srv_conf_t& server, const Place& there,
                         std::string_view path) {
  if (there.location == root_of(server)) return true;
#if (NGX_PCRE)
  if (there.location->regex != nullptr) return false;
#endif
  return there.location->exact_match == 0 && path.starts_with(view(there.location->name));
}

LocationConfiguration& writable_rules_of(const ngx_http_core_srv_conf_t& server,
                                         const ngx_http_core_loc_conf_t* location) {
  void** all = location == root_of(server) ? server.ctx->loc_conf : location->loc_conf;
  return *static_cast<LocationConfiguration*>(all[ngx_http_auth_saml_module.ctx_index]);
}

// No path leads to the server's own block where a location stands for "/".
bool is_reachable(const ngx_http_core_srv_conf_t& server, const Found& found) {
  return found.location != root_of(server) || find_place(server, "/").location == found.location;
}

void warn_of_paths_as_sent(ngx_conf_t* cf, const ngx_http_core_srv_conf_t& server,
                           const std::vector<Found>& all) {
  for (const Found& found : all) {
    if (rules_of(server, found.location).is_path_as_sent != 1) continue;
    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "auth_saml_path_as_sent in location \"%V\": the app behind it must read "
                       "paths just as nginx does, or whoever may come here gets at locations of "
                       "server \"%V\" that ask for more",
                       &found.location->name, &server.server_name);
  }
}

bool has_idle_requirement(ngx_conf_t* cf, const ngx_http_core_srv_conf_t& server,
                          const std::vector<Found>& all) {
  for (const Found& found : all) {
    const LocationConfiguration& rules = rules_of(server, found.location);
    if (!rules.has_own_requirement || rules.is_on == 1 || found.location == root_of(server) ||
        has_locations(found.location)) {
      continue;
    }
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "auth_saml_require in location \"%V\" of server \"%V\" asks nobody for "
                       "anything: write \"auth_saml on;\" there, too",
                       &found.location->name, &server.server_name);
    return true;
  }
  return false;
}

}  // namespace

bool compare_rules(ngx_conf_t* cf, const ngx_http_core_srv_conf_t& server,
                   const std::vector<const LocationConfiguration*>& gated) {
  std::vector<Found> all = all_places(server);
  if (has_idle_requirement(cf, server, all)) return false;
  std::erase_if(all, [&](const Found& found) { return !is_reachable(server, found); });
  ServerConfiguration& configuration = server_configuration(server);
  const LocationConfiguration& first = rules_of(server, all.front().location);
  const Names by_server = captured_by_server_names(cf, server);
  Deciders deciders;
  for (const Found& found : all) {
    LocationConfiguration& rules = writable_rules_of(server, found.location);
    const Names used = variables_of(rules);
    rules.path_use = path_use_of(used, by_server, captured_by(cf, found));
    configuration.has_several_rules =
        configuration.has_several_rules || !ask_the_same(rules, first);
    if (rules.is_on != 1) continue;
    add_deciders(used, by_server, deciders);
    configuration.has_unknown_rules =
        configuration.has_unknown_rules || rules.path_use == PathUse::unknown;
    configuration.has_several_rules =
        configuration.has_several_rules || rules.path_use != PathUse::none;
  }
  // A map of $host?
  deciders.is_by_host = deciders.is_by_host || configuration.has_unknown_rules;
  if (deciders.is_by_host || !deciders.arguments.empty()) {
    configuration.deciders = make_in_pool<Deciders>(cf->pool, std::move(deciders));
    if (configuration.deciders == nullptr) return false;
  }
  configuration.stands_beside = !configuration.has_several_rules &&
                                std::any_of(gated.begin(), gated.end(), [&](const auto* rules) {
                                  return !ask_the_same(*rules, first);
                                });
  if (!configuration.has_several_rules) return true;
  configuration.spellings = make_in_pool<Spellings>(cf->pool, spellings_of(server));
  warn_of_paths_as_sent(cf, server, all);
  return configuration.spellings != nullptr;
}

void add_gated(const ngx_http_core_srv_conf_t& server,
               std::vector<const LocationConfiguration*>& gated) {
  for (const Found& found : all_places(server)) {
    const LocationConfiguration& rules = rules_of(server, found.location);
    if (rules.is_on == 1) gated.push_back(&rules);
  }
}

const LocationConfiguration& rules_of(const ngx_http_core_srv_conf_t& server,
                                      const ngx_http_core_loc_conf_t* location) {
  return writable_rules_of(server, location);
}

std::optional<std::string> stricter_among(const ngx_http_core_srv_conf_t& server,
                                          std::vector<std::string> spellings, std::string_view path,
                                          const Place& place) {
  for (std::string& other : spellings) {
    const Place there = find_place(server, other);
    if (!takes_anything_like(server, there, path) && !is_covered(server, place, there, true))
      return std::move(other);
  }
  return std::nullopt;
}

std::optional<std::string> other_reading(const ngx_http_core_srv_conf_t& server,
                                         std::string_view sent, std::string_view decided,
                                         const Place& place) {
  const auto readings = readings_of(sent);
  if (!readings) return "one of more than 24 others, or of very long ones";
  const Spellings* spellings = server_configuration(server).spellings;
  for (const std::string& reading : *readings) {
    if (reading != decided && !is_covered(server, place, find_place(server, reading), false)) {
      return reading;
    }
    if (spellings == nullptr) continue;
    if (auto other = stricter_among(server, other_spellings(*spellings, reading), reading, place)) {
      return other;
    }
  }
  const auto up = std::find_if(readings->begin(), readings->end(), leads_up);
  return up == readings->end() ? std::nullopt : std::optional(*up);
}

}  // namespace anteroom::nginx
