// The BackChannel on libcurl, for hosts that have threads to wait on.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "anteroom/ports.h"

namespace anteroom {

/// Certificates and host names are verified, TLS is 1.2 or later, no redirect is followed, no proxy
/// is asked, at most 2 s to connect and 5 s in all, at most 512 KiB; at most 4 calls to one address
/// and 16 in all are under way at once.
class HttpsBackChannel final : public BackChannel {
 public:
  /// Before other threads exist. Throws std::runtime_error if libcurl cannot be set up.
  HttpsBackChannel();

  [[nodiscard]] Result<std::string> post(const BackChannelCall& call) override;

 private:
  class Place;
  std::mutex mutex_;
  std::map<std::string, int> under_way_;  ///< by address
  int all_ = 0;
};

}  // namespace anteroom
