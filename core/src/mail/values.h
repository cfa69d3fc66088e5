// What a letter's parameters become before a template sees them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "anteroom/template_values.h"

namespace anteroom::mail {

/// Fit for one line of a mail: control characters become spaces, marks that change the direction of
/// text are left out, at most 500 bytes.
std::string one_line(std::string_view text);

/// From a JSON object: texts and numbers as they are, booleans as flags, lists of texts joined with
/// commas, lists of objects as lists; all through one_line(). Where `idp` is given, there is
/// `company`, its name for people; "*" as `property` or `properties` becomes the flag
/// `all_properties`. nullopt: not a JSON object.
std::optional<templates::Values> values_of(
    const std::string& parameters, const std::map<std::string, std::string>& company_by_idp);

}  // namespace anteroom::mail
