// Metadata of companies in the database that is fetched from an address, once for all nodes.
#pragma once

#include <optional>
#include <string>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "services/metadata_copy.h"

namespace anteroom::services {

struct FetchedCompany {
  std::string company;
  Refreshed done;
};

/// Fetches, judges and, if all is well and something is new, puts in force the metadata of
/// `company`, or, if that is empty, of the one that has been due for longest. What was in force
/// stays with every failure. nullopt: none is due, or it has no address.
Result<std::optional<FetchedCompany>> fetch_company(Database& database, const Settings& settings,
                                                    const std::string& company);

}  // namespace anteroom::services
