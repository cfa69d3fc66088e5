// An identity provider's metadata over https, for hosts that may wait.
#pragma once

#include <string>

#include "anteroom/result.h"

namespace anteroom {

namespace code {
inline constexpr Code kMetadataFetch{"metadata_fetch"};
}  // namespace code

struct MetadataCall {
  std::string url;            ///< https
  std::string ca_pem;         ///< the only authorities trusted; empty: the system's
  std::string etag;           ///< of the copy we have, as the server gave them; empty: it did not,
  std::string last_modified;  ///< or there is no copy
};

struct MetadataAnswer {
  bool is_unchanged = false;  ///< the server says that our copy is the newest
  std::string xml;
  std::string etag;
  std::string last_modified;
};

/// Certificate and host name are verified, TLS is 1.2 or later, no redirect is followed, no proxy
/// is asked, at most 5 s to connect and 20 s in all, at most 4 MiB. The failure's detail is for an
/// operator. The first call is made before other threads exist.
[[nodiscard]] Result<MetadataAnswer> fetch_metadata(const MetadataCall& call);

}  // namespace anteroom
