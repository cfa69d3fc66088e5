// What goes on, in numbers.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/task.h"

namespace anteroom::store {

/// What happened at one identity provider on one day (UTC). Days without anything are left out.
struct ActivityDay {
  std::string day, idp;
  long started = 0;   ///< left for the identity provider
  long returned = 0;  ///< with a Response, good or bad: signed_on + refused
  long signed_on = 0, refused = 0;
};
Task<Result<std::vector<ActivityDay>>> activity(Database& database, int days);
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
