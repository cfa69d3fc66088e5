// Telling people in time that a certificate ends, or that metadata is not refreshed any more.
#pragma once

#include <memory>

#include "anteroom/company_directory.h"
#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom::services {

/// Writes the letters that are due about what `settings` holds, and a line for each. `mail` must be
/// there.
Status write_warnings(Database& database, const std::shared_ptr<const Settings>& settings, Time now,
                      Log& log);

}  // namespace anteroom::services
