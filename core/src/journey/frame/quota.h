// How much one of many may do, in memory that does not grow with how many there are.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "anteroom/ports.h"

namespace anteroom::journey {

/// Counts by key, for a while each. Where there is no room for another key the one that has done
/// least among a few is forgotten: who floods is remembered. One worker's, on its own thread.
class Quota {
 public:
  Quota(std::uint32_t most, std::chrono::seconds each) : most_(most), each_(each) {}

  /// Counts one more; false if that is more than `most` since the first, unless `each` has passed
  /// since then.
  bool take(std::string_view key, Time now);

 private:
  struct Slot {
    std::uint64_t key = 0;
    Time since{};
    std::uint32_t taken = 0;  ///< 0: free
  };
  [[nodiscard]] bool is_over(const Slot& slot, Time now) const;

  std::uint32_t most_;
  std::chrono::seconds each_;
  std::vector<Slot> slots_{};  ///< made when first needed
};

/// What refused sign-ons may have written down. Anybody begins a sign-on and sends back rubbish, as
/// often as they like: whoever does shall not keep others' refusals from being found.
class RefusalQuota {
 public:
  /// Whether this one may be: of one sign-on the first three, of one client (network_of())
  /// sixty in ten minutes. `email`, if a company has proven it, counts in the client's place.
  bool take(std::string_view request_id, std::string_view client, std::string_view email, Time now);

  /// Whether the database is asked once more to take a Response in answer to this request: ten
  /// times. Whoever repeats a good one knows by then that it was used.
  bool may_try(std::string_view request_id, Time now) { return tries_.take(request_id, now); }

 private:
  // A login state lives an hour at most, but for what is configured beyond that.
  Quota sign_ons_{3, std::chrono::hours(1)};
  Quota clients_{60, std::chrono::minutes(10)};
  Quota tries_{10, std::chrono::hours(1)};
};

}  // namespace anteroom::journey
