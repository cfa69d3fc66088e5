// Keys of an entry of identity_providers that are no settings of a row.
#pragma once

#include <array>
#include <string_view>

namespace anteroom::config {

/// They have places of their own.
inline constexpr std::array<std::string_view, 4> kInPlacesOfTheirOwn{"name", "display_name",
                                                                     "domains", "metadata"};
/// Nodes share no files, and nobody fetches for rows yet.
inline constexpr std::array<std::string_view, 5> kNotInRows{
    "metadata_url", "metadata_ca", "metadata_refresh", "metadata_certificate", "back_channel_ca"};

}  // namespace anteroom::config
