// How pages call properties.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/asserted_access.h"
#include "anteroom/gate.h"
#include "anteroom/pages.h"
#include "anteroom/properties.h"
#include "anteroom/session.h"
#include "anteroom/settings.h"

namespace anteroom::journey {

/// The keys that grants (grants.h) name.
std::vector<std::string> keys_in_grants(std::string_view grants);

/// What somebody who is refused may know the names of: the properties where they have access, and
/// that which is asked for if it is one of those. Of others a page repeats what the address says,
/// whether there is such a property or not.
std::vector<std::string> keys_for_refusal(const AccessSettings& access, const SessionFields& who,
                                          const Requirement& requirement);

/// Adds `property`, the name, or the key where no name is known, and `property_key`, the key where
/// another property has the same name, else empty. Both are empty for all properties.
void name_property(pages::Values& values, std::string_view key, const store::PropertyNames& names);

/// In one text: "Elm Court", or "Elm Court (elm)" where another property has the same name.
std::string name_of_property(std::string_view key, const store::PropertyNames& names);

/// The keys that what an assertion gives names.
std::vector<std::string> keys_in_asserted(const std::vector<AssertedGrant>& grants);

/// Entries of `property`, `property_key` and `level`.
std::vector<pages::Values> named_grants(std::string_view grants, const store::PropertyNames& names);

}  // namespace anteroom::journey
