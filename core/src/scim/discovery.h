// What this endpoint can do, for clients that ask (RFC 7643, 5 to 7; RFC 7644, 4); and errors.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/result.h"

namespace anteroom::scim {

/// "ServiceProviderConfig", "ResourceTypes", "ResourceTypes/User", "Schemas", "Schemas/URN";
/// nullopt: there is no such thing. `base`: the URL of the company's endpoint.
std::optional<std::string> write_discovery(std::string_view resource, const std::string& base);

/// The HTTP status that a failure of this library stands for.
int status_of(Code code);

/// RFC 7644, 3.12. `detail` is read by the customer's administrator.
std::string write_error(int status, Code code, const std::string& detail);

}  // namespace anteroom::scim
