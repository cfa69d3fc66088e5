// `anteroom company refresh` as a service.
#pragma once

#include <string>

#include "services/journal.h"

namespace anteroom::services {

/// Fetches the metadata of companies in the database when it is due, until it is told to stop.
/// Reads the configuration again every minute; while that is broken, as it was.
void keep_companies_fresh(const std::string& config_file, const StopSignals& signals, Log& log);

}  // namespace anteroom::services
