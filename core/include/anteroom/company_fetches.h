// Metadata of companies in the database that is fetched from an address: what is due, and what came
// of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "anteroom/companies.h"

namespace anteroom::store {

/// One that is to be fetched now. Whoever has it has five minutes for it.
struct DueFetch {
  std::string company, url;
  std::string etag, last_modified;  ///< of the metadata in force, as the server gave them; or empty
  int failures = 0;                 ///< in a row, before this
  std::optional<std::string> number;  ///< of the metadata in force
  std::string lease;                  ///< says that it is ours
};
/// The one that has been due for longest, or that of one company, due or not; nothing while
/// somebody has it.
Task<Result<std::optional<DueFetch>>> begin_fetch(Database& database, std::string company);

struct EndedFetch {
  DueFetch due;
  std::string etag, last_modified;                ///< of what is in force now
  std::string error;                              ///< for operators; empty: all is well
  std::chrono::seconds refresh_every{}, pause{};  ///< as configured; until it is due again
};
Task<Result<Done>> end_fetch(Database& database, EndedFetch ended);

/// As bring_metadata(), by the address: it is who brought it in the audit trail. `is_news`: not
/// only that it holds longer.
struct BroughtFetched {
  CompanyChange change = CompanyChange::not_allowed;
  bool is_news = false;
};
Task<Result<BroughtFetched>> bring_fetched(Database& database, AccessSettings access,
                                           std::string company, std::string url, long version,
                                           NewMetadata metadata);

/// How it stands with a company's address. Times as ISO 8601, empty: never.
struct FetchState {
  std::string url, checked_at, good_at, error;
};
Task<Result<std::optional<FetchState>>> fetch_of_company(Database& database, std::string company);

/// A live company whose address has given nothing good for long.
struct StaleFetch {
  std::string company;
  Time since;
  std::string error;
};
Task<Result<std::vector<StaleFetch>>> stale_fetches(Database& database, std::chrono::seconds age);

}  // namespace anteroom::store
