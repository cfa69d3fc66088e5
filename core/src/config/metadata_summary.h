// What nodes know of a company's metadata before anybody signs on there.
#pragma once

#include <string>

#include "anteroom/result.h"
#include "anteroom/settings.h"

namespace anteroom::config {

/// A JSON object: all of it but the certificates' bytes and the remarks.
[[nodiscard]] std::string write_summary(const IdpMetadata& metadata);

/// IdpMetadata::is_summary is set. Never throws.
[[nodiscard]] Result<IdpMetadata> read_summary(const std::string& json);

}  // namespace anteroom::config
