#include "request/location_tree.h"

#include <algorithm>

#include "anteroom/readings.h"
#include "request/text.h"

namespace anteroom::nginx {

namespace {

using Location = const ngx_http_core_loc_conf_t*;

enum class Match { exact, prefix, none };

struct Static {
  Match match = Match::none;
  Location location = nullptr;
};

Location either(const ngx_http_location_tree_node_t& node) {
  return node.exact != nullptr ? node.exact : node.inclusive;
}

// As ngx_http_core_find_static_location().
Static find_static(const ngx_http_location_tree_node_t* node, std::string_view path) {
  Static found;
  while (node != nullptr) {
    const std::size_t shared = std::min<std::size_t>(path.size(), node->len);
    auto* text = reinterpret_cast<u_char*>(const_cast<char*>(path.data()));
    const ngx_int_t order = ngx_filename_cmp(text, const_cast<u_char*>(node->name), shared);
    if (order != 0) {
      node = order < 0 ? node->left : node->right;
    } else if (path.size() > node->len) {
      if (node->inclusive == nullptr) {
        node = node->right;
        continue;
      }
      found = {Match::prefix, node->inclusive};
      path.remove_prefix(shared);
      node = node->tree;
    } else if (path.size() == node->len) {
      return node->exact != nullptr ? Static{Match::exact, node->exact}
                                    : Static{Match::prefix, node->inclusive};
    } else {
      // It is sent there with a slash at its end.
      if (path.size() + 1 == node->len && node->auto_redirect != 0) {
        found = {Match::exact, either(*node)};
      }
      node = node->left;
    }
  }
  return found;
}

#if (NGX_PCRE)

bool matches(const ngx_http_regex_t& regex, std::string_view path, std::string& captures) {
  std::vector<int> at((regex.ncaptures + 1) * 3);
  ngx_str_t text{path.size(), reinterpret_cast<u_char*>(const_cast<char*>(path.data()))};
  const ngx_int_t groups = ngx_regex_exec(regex.regex, &text, at.data(), at.size());
  if (groups < 0) return false;
  for (std::size_t i = 1; i < static_cast<std::size_t>(groups) && 2 * i + 1 < at.size(); ++i) {
    const int begin = at[2 * i];
    const int end = at[2 * i + 1];
    if (begin >= 0 && end >= begin) {
      captures += decoded_once(
          path.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
    }
    captures += '\0';
  }
  return true;
}

#endif

// As ngx_http_core_find_location(): false where nothing in here fits.
Match find_in(Location block, std::string_view path, Place& place) {
  Static found = find_static(block->static_locations, path);
  bool may_be_regex = true;
  if (found.match != Match::none) place.location = found.location;
  if (found.match == Match::prefix) {
    may_be_regex = found.location->noregex == 0;
    found.match = find_in(found.location, path, place);
  }
  if (found.match == Match::exact) return Match::exact;
#if (NGX_PCRE)
  if (may_be_regex && block->regex_locations != nullptr) {
    for (ngx_http_core_loc_conf_t** next = block->regex_locations; *next != nullptr; ++next) {
      if (!matches(*(*next)->regex, path, place.captures)) continue;
      place.location = *next;
      find_in(*next, path, place);
      return Match::exact;
    }
  }
#else
  (void)may_be_regex;
#endif
  return found.match;
}

void collect(Location block, std::vector<Location> regular_expressions, std::vector<Found>& all);

void collect_tree(const ngx_http_location_tree_node_t* node,
                  const std::vector<Location>& regular_expressions, std::vector<Found>& all) {
  if (node == nullptr) return;
  if (node->exact != nullptr) collect(node->exact, regular_expressions, all);
  if (node->inclusive != nullptr) collect(node->inclusive, regular_expressions, all);
  collect_tree(node->left, regular_expressions, all);
  collect_tree(node->tree, regular_expressions, all);
  collect_tree(node->right, regular_expressions, all);
}

void collect(Location block, std::vector<Location> regular_expressions, std::vector<Found>& all) {
#if (NGX_PCRE)
  if (block->regex != nullptr) regular_expressions.push_back(block);
#endif
  all.push_back({block, regular_expressions});
  collect_tree(block->static_locations, regular_expressions, all);
#if (NGX_PCRE)
  if (block->regex_locations == nullptr) return;
  for (ngx_http_core_loc_conf_t** next = block->regex_locations; *next != nullptr; ++next) {
    collect(*next, regular_expressions, all);
  }
#endif
}

}  // namespace

const ngx_http_core_loc_conf_t* root_of(const ngx_http_core_srv_conf_t& server) {
  return static_cast<Location>(server.ctx->loc_conf[ngx_http_core_module.ctx_index]);
}

bool has_locations(const ngx_http_core_loc_conf_t* location) {
#if (NGX_PCRE)
  if (location->regex_locations != nullptr) return true;
#endif
  return location->static_locations != nullptr;
}

std::vector<std::string> static_names(const ngx_http_core_srv_conf_t& server) {
  std::vector<std::string> names;
  for (const Found& found : all_places(server)) {
    const auto* location = found.location;
    bool is_static = location != root_of(server) && location->named == 0 && location->noname == 0;
#if (NGX_PCRE)
    is_static = is_static && location->regex == nullptr;
#endif
    if (is_static) names.emplace_back(view(location->name));
  }
  return names;
}

Place find_place(const ngx_http_core_srv_conf_t& server, std::string_view path) {
  Place place{root_of(server), {}};
  find_in(place.location, path, place);
  return place;
}

std::vector<Found> all_places(const ngx_http_core_srv_conf_t& server) {
  std::vector<Found> all;
  collect(root_of(server), {}, all);
  if (server.named_locations == nullptr) return all;
  for (ngx_http_core_loc_conf_t** next = server.named_locations; *next != nullptr; ++next) {
    collect(*next, {}, all);
  }
  return all;
}

}  // namespace anteroom::nginx
