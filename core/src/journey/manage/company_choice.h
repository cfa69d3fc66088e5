// Companies, chosen from a few or found by typing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/pages.h"
#include "anteroom/settings.h"

namespace anteroom::journey {

/// Whom `typed` means: a name, or else a domain, what people call a company, or parts of these,
/// whatever the case of ASCII letters. Where one of `among` has it whole, that one; at most `most`.
std::vector<const IdentityProvider*> find_companies(
    const std::vector<const IdentityProvider*>& among, std::string_view typed, std::size_t most);

/// For a field `company`: lists `companies` (options) if there are few, else the flag `is_typed`;
/// text `typed`.
void offer_companies(pages::Values& values, const std::vector<const IdentityProvider*>& among,
                     std::string_view typed);

}  // namespace anteroom::journey
