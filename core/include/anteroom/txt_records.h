// TXT records of the DNS (RFC 1035, 3.3.14), for hosts that may wait.
#pragma once

#include <string>
#include <vector>

#include "anteroom/result.h"

namespace anteroom {

/// What a resolver said of one name.
struct TxtAnswer {
  enum class Kind {
    texts,           ///< there are such records
    no_name,         ///< NXDOMAIN
    no_text,         ///< the name is there, without such a record
    no_answer,       ///< in time, or of use
    server_failure,  ///< SERVFAIL: the name's own servers gave the resolver none
    server_refused,  ///< REFUSED
  };
  Kind kind = Kind::no_answer;
  std::vector<std::string> texts;  ///< of each record, its strings put together
  std::string alias_of;            ///< without texts: where the name's CNAME leads, if it has one
};

/// Asks for all names at once, in this order; by UDP, and by TCP where an answer is too long for
/// it. `servers`: resolvers, "192.0.2.1:5353"; none: the system's. Takes at most ten seconds. The
/// first call is made before other threads exist.
[[nodiscard]] Result<std::vector<TxtAnswer>> find_txt_records(
    const std::vector<std::string>& names, const std::vector<std::string>& servers);

namespace code {
inline constexpr Code kDns{"dns"};
}  // namespace code

}  // namespace anteroom
