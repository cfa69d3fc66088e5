// The last good copy of an identity provider's metadata, and what is known about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "anteroom/ports.h"
#include "anteroom/settings.h"

namespace anteroom::services {

/// Kept beside the copy, as FILE.state. Nothing in it is believed: without it, or with a wrong one,
/// the metadata is fetched as if for the first time.
struct MetadataState {
  std::string url, etag, last_modified;
  std::string sha256;       ///< of the copy that etag and last_modified belong to, hex
  Time checked_at{};        ///< last attempt
  Time good_at{};           ///< last one that ended well, changed or not
  Time next_at{};           ///< when the service asks again
  int failures = 0;         ///< in a row
  std::string error;        ///< of the last attempt; empty: it ended well
  bool is_pending = false;  ///< the copy is newer than what nginx was told to read
};

[[nodiscard]] MetadataState read_metadata_state(const MetadataSource& source);
/// Best effort: a state that cannot be written costs a fetch, not the copy.
void write_metadata_state(const MetadataSource& source, const MetadataState& state);

/// When the copy was last found to be what is published; nullopt if that cannot be known. A copy
/// that was never asked for counts from when it was put there.
std::optional<Time> last_heard_of(const MetadataSource& source, const MetadataState& state);

struct Refreshed {
  enum class Outcome : std::uint8_t { unchanged, changed, failed };
  Outcome outcome = Outcome::failed;
  std::string detail;  ///< what changed, or why not
};

/// Fetches, judges and, if all is well and something is new, replaces the copy; the change is then
/// pending. On every failure the copy stays. `spread`, 0 to 1, moves the next attempt by up to a
/// tenth of its distance.
Refreshed refresh_metadata(const MetadataSource& source, Time now, double spread);

}  // namespace anteroom::services
