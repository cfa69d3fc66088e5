// What the journey tells its host to count. The gate and the database count in the host itself.
#pragma once

#include <chrono>
#include <string_view>

#include "anteroom/result.h"

namespace anteroom {

/// Where a sign-on ended.
enum class Stage {
  start,     ///< before anybody left for the identity provider
  response,  ///< with what came back
  session,   ///< with the record and the session, be it well or badly
};

/// On the event loop's thread only; costs a few memory accesses. `idp`: the configured name, empty
/// where it is not known.
class Meter {
 public:
  virtual ~Meter() = default;
  /// Somebody left for this identity provider.
  virtual void started(std::string_view idp) = 0;
  /// A browser brought an answer to that.
  virtual void returned(std::string_view idp) = 0;
  virtual void ended(std::string_view idp, Stage stage, Code code) = 0;
  /// Somebody was given a reference number.
  virtual void refused(Code code) = 0;
  /// A Response was looked at, whatever came of it: time in the thread.
  virtual void verified(std::chrono::microseconds took) = 0;
  /// Our clock minus IssueInstant of a verified assertion that has just come.
  virtual void clock_seen(std::string_view idp, std::chrono::milliseconds offset) = 0;
};

}  // namespace anteroom
