// nginx's own choice of a location, for a path that is not the request's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ngx.h"

namespace anteroom::nginx {

/// Where a path leads.
struct Place {
  const ngx_http_core_loc_conf_t* location = nullptr;
  /// Of all regular expressions on the way: what they captured, escapes decoded, each ended by NUL.
  std::string captures;
};

/// The server's own block, outside of all locations.
const ngx_http_core_loc_conf_t* root_of(const ngx_http_core_srv_conf_t& server);

/// The location that nginx would choose for `path` (decoded) in this server. Touches nothing of any
/// request: no variable is set.
Place find_place(const ngx_http_core_srv_conf_t& server, std::string_view path);

bool has_locations(const ngx_http_core_loc_conf_t* location);

/// What the static locations of the server are called, nested ones too.
std::vector<std::string> static_names(const ngx_http_core_srv_conf_t& server);

/// A location and the regular expressions in whose scope it stands, outermost first.
struct Found {
  const ngx_http_core_loc_conf_t* location;
  std::vector<const ngx_http_core_loc_conf_t*> regular_expressions;
};

/// The server's own block and all its locations, nested and named ones too.
std::vector<Found> all_places(const ngx_http_core_srv_conf_t& server);

}  // namespace anteroom::nginx
