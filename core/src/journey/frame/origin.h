// Which of the served origins a request is for.
#pragma once

#include <string_view>

#include "anteroom/settings.h"

namespace anteroom::journey {

/// By the Host header, without case; its scheme's default port may be named (RFC 3986 6.2.3).
/// nullptr: not one of ours.
const Origin* origin_named(const ServiceProviderSettings& sp, std::string_view host);

}  // namespace anteroom::journey
