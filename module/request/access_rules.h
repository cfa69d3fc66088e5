// Which locations of a server ask the same of who comes, and which paths could lead to another
// rule than the one that was applied.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configuration.h"
#include "request/location_tree.h"

namespace anteroom::nginx {

/// Adds the rules of the server's gated locations.
void add_gated(const ngx_http_core_srv_conf_t& server,
               std::vector<const LocationConfiguration*>& gated);

/// After the configuration is read: finds out whether the server's locations have different rules
/// and what they depend on; warns of locations that pass paths on as sent beside others with other
/// rules. `gated`: the rules of all servers. False: said why it cannot be.
bool compare_rules(ngx_conf_t* cf, const ngx_http_core_srv_conf_t& server,
                   const std::vector<const LocationConfiguration*>& gated);

/// What the gate has to say about a place.
const LocationConfiguration& rules_of(const ngx_http_core_srv_conf_t& server,
                                      const ngx_http_core_loc_conf_t* location);

/// The first of these other spellings of `path` (decoded) that leads to a location which is written
/// for it and asks more than `place`. nullopt: there is none.
std::optional<std::string> stricter_among(const ngx_http_core_srv_conf_t& server,
                                          std::vector<std::string> spellings, std::string_view path,
                                          const Place& place);

/// nullopt if all that servers may make of `sent` (percent-encoded, without the query) leads to
/// what asks no more than `place`, which nginx finds for `decided` (its own reading), and no ".."
/// leads out of whatever that place is called at the app. Else one reading that does, for the log.
std::optional<std::string> other_reading(const ngx_http_core_srv_conf_t& server,
                                         std::string_view sent, std::string_view decided,
                                         const Place& place);

}  // namespace anteroom::nginx
