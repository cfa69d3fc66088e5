// Which language a reader gets (RFC 9110, 12.5.4).
#pragma once

#include <string_view>
#include <vector>

namespace anteroom::pages {

/// The best of `available` for an Accept-Language header: the highest weight, then the first named.
/// "es-MX" asks for "es" (RFC 4647, 3.4). The first of `available` (there is one) if none is asked
/// for; what cannot be read in the header counts as absent.
std::string_view choose_language(std::string_view accept_language,
                                 const std::vector<std::string_view>& available);

}  // namespace anteroom::pages
