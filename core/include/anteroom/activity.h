// What goes on, in numbers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/task.h"

namespace anteroom::store {

struct SignOns {
  long started = 0;  ///< left for the identity provider
  long signed_on = 0, refused = 0;

  /// With a Response, good or bad.
  [[nodiscard]] long returned() const { return signed_on + refused; }
};
/// What happened at all companies, or at one.
struct Activity {
  std::map<std::string, SignOns> days;  ///< by date (UTC); those without anything are left out
  std::vector<std::pair<std::string, SignOns>> companies;  ///< by name, the busiest first
  int others = 0;                                          ///< companies that are not among them
  SignOns of_others;
};
/// Of the last `days`, with the `most` busiest companies. `idp` empty: of all.
Task<Result<Activity>> activity(Database& database, int days, std::string idp, int most);
/// Counts the sign-ons of one day that is over and was not counted yet. False: there is none;
/// nullopt: somebody else counts.
Task<Result<std::optional<bool>>> count_day(Database& database);
/// How long those who were let in during the last `days` had waited: number of people per bucket of
/// under 1 hour, 4 hours, 1 day, 3 days, 1 week, and more; last, those still waiting.
Task<Result<std::vector<long>>> waiting_times(Database& database, int days);

/// Who is in the Waiting Room now.
struct WaitingNow {
  long count = 0;
  std::optional<Time> since;  ///< the first of them
};
Task<Result<WaitingNow>> waiting_now(Database& database);
/// Adds a worker's counts of people who left for an identity provider; at most once a minute.
Task<Result<Done>> count_started(Database& database,
                                 std::vector<std::pair<std::string, long>> started_by_idp);

}  // namespace anteroom::store
