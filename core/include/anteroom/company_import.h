// From the configuration into the database: what a company is in YAML, as a row.
#pragma once

#include <string>
#include <vector>

#include "anteroom/companies.h"

namespace anteroom {

/// An entry of identity_providers.
struct MovableCompany {
  store::CompanyRow row;      ///< live, of no version, without its metadata
  std::string metadata_file;  ///< absolute
};

/// Those of a configuration that load_settings() takes, in its order. Throws std::runtime_error
/// where a file cannot be read (any more).
[[nodiscard]] std::vector<MovableCompany> movable_companies(const std::string& file);

}  // namespace anteroom
