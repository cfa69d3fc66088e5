// A page whose address is too long to travel through a sign-on. It stays behind in this browser, in
// cookies that only the way back to its own host brings along.
#pragma once

#include <optional>
#include <string>

#include "journey/frame/context.h"

namespace anteroom::journey {

struct Target {
  std::string path;  ///< and query, on the host that was asked
  HeaderList cookies = {};
};

/// Where a sign-on is to lead to that the page asked for needs: that page itself, or, if its
/// address is too long, the way back to it.
Target target_of(Context& context, const RequestHead& request);

}  // namespace anteroom::journey
