// Keys of an entry of identity_providers that are no settings of a row.
#pragma once

#include <array>
#include <string_view>

namespace anteroom::config {

/// They have places of their own.
inline constexpr std::array<std::string_view, 4> kInPlacesOfTheirOwn{"name", "display_name",
                                                                     "domains", "metadata"};
/// Their values are certificates themselves, never the name of a file: a row makes no node read
/// one.
inline constexpr std::array<std::string_view, 3> kCertificates{
    "metadata_ca", "metadata_certificate", "back_channel_ca"};

inline constexpr std::string_view kPemBegins = "-----BEGIN CERTIFICATE-----";

}  // namespace anteroom::config
