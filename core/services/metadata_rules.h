// What holds for metadata that is fetched, wherever it is kept.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "services/metadata_copy.h"

namespace anteroom::services {

/// "new key 9C2F…, key gone 7A01…": the keys that came and went, and what is odd.
std::string difference(const std::optional<IdpMetadata>& before, const IdpMetadata& after);

/// Until the next attempt, after so many failures in a row: on our own clock, sooner after a
/// failure, and where the metadata ends before that. `spread`, 0 to 1, moves it by up to a tenth.
std::chrono::seconds pause_before_next(std::chrono::seconds refresh_every, int failures,
                                       const std::optional<Time>& valid_until, Time now,
                                       double spread);

/// A line for the journal; of what has not changed none.
void say_refreshed(Log& log, const std::string& company, const Refreshed& done);

/// From 0 to 1; the middle where there is no randomness: nodes then ask at the same time.
double any_spread();

/// After so long without good news somebody is told.
std::chrono::seconds stale_after(std::chrono::seconds refresh_every);

}  // namespace anteroom::services
