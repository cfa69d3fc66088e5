// Access levels: an ordered list of names, lowest first.
#pragma once

#include <optional>
#include <string_view>

#include "anteroom/gate.h"
#include "anteroom/settings.h"

namespace anteroom::access {

/// 0 is the lowest; nullopt: no such level.
std::optional<std::size_t> rank(const AccessSettings& access, std::string_view level);

/// The highest level that grants (grants.h) give at `property`. Empty: none. `closed` as in
/// SessionFields: there they give none.
std::string_view level_at(const AccessSettings& access, std::string_view grants,
                          std::string_view property, std::string_view closed = {});

/// The highest level that they give anywhere. Empty: none.
std::string_view highest_level(const AccessSettings& access, std::string_view grants);

/// True if the session's grants meet the requirement. An unknown level is met by nobody.
bool meets(const AccessSettings& access, const SessionFields& session,
           const Requirement& requirement);

}  // namespace anteroom::access
