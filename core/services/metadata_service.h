// `anteroom idp refresh` as a service, and its parts for one refresh by hand.
#pragma once

#include <string>
#include <vector>

#include "services/journal.h"
#include "services/metadata_copy.h"

namespace anteroom::code {
inline constexpr Code kConfiguration{"configuration"};   ///< the files are broken
inline constexpr Code kUnknownSource{"unknown_source"};  ///< no provider of this name with a URL
}  // namespace anteroom::code

namespace anteroom::services {

struct RefreshOptions {
  std::string config_file;
  std::vector<std::string> names;  ///< these providers only; empty: all with a metadata_url
  std::string on_change;           ///< shell command that makes nginx read new metadata
};

/// As the files say now. Failures: kConfiguration, kUnknownSource.
Result<std::vector<MetadataSource>> metadata_sources(const RefreshOptions& options);

/// Fetches one, and says when the next attempt is: not when all nodes ask.
Refreshed refresh_now(const MetadataSource& source);

/// Runs on_change if anything new has not been announced by it yet; false if that failed. Throws
/// FileError.
bool announce(const std::vector<MetadataSource>& sources, const std::string& on_change, Log& log);

/// Refreshes each when it is due, until it is told to stop.
void keep_metadata_fresh(const RefreshOptions& options, const StopSignals& signals, Log& log);

}  // namespace anteroom::services
