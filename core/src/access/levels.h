// Access levels: an ordered list of names, lowest first.
#pragma once

#include <optional>
#include <string_view>

#include "anteroom/gate.h"
#include "anteroom/settings.h"

namespace anteroom::access {

/// 0 is the lowest; nullopt: no such level.
std::optional<std::size_t> rank(const AccessSettings& access, std::string_view level);

/// The level that "key=level,key=level" grants at `property` ("*" applies everywhere; the higher
/// one wins). Empty: none.
std::string_view level_at(const AccessSettings& access, std::string_view properties,
                          std::string_view property);

/// True if the session's grants meet the requirement. An unknown level is met by nobody.
bool meets(const AccessSettings& access, const SessionFields& session,
           const Requirement& requirement);

}  // namespace anteroom::access
