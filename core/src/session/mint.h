// Values that stand for something to whoever brings them, and that we know for ours before anybody
// is asked what they stand for: strangers make up as many as they like.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "crypto/mac.h"

namespace anteroom::session {

/// Makes the values of one kind: base64url of 20 random bytes and the first 12 of an HMAC-SHA-256
/// over them (RFC 2104, 5: a truncated one), under a key derived from the cookie key for this kind
/// alone. 160 bits nobody guesses; one made up in 2^96 is looked up. One thread's.
class Mint {
 public:
  /// Cookie keys, at least one: the first is used, what any of them made is ours. Throws
  /// std::runtime_error if the library fails.
  Mint(const std::vector<Secret>& keys, std::string_view kind);

  /// 43 characters; nullopt if the random source or the library failed. `bound_to`: what it is good
  /// with, not contained in it.
  std::optional<std::string> make(Random& random, std::string_view bound_to = {});

  /// False also if the library fails.
  bool has_made(std::string_view token, std::string_view bound_to = {});

 private:
  std::vector<crypto::Mac> macs_;
};

/// The kind of what set-up links end in, which the command makes, too.
inline constexpr std::string_view kSetUpLinks = "anteroom set-up links";

/// One of each kind that there is.
struct Mints {
  explicit Mints(const std::vector<Secret>& keys)
      : sessions(keys, "anteroom session tokens"),
        tickets(keys, "anteroom hand-off tickets"),
        directories(keys, "anteroom SCIM tokens"),
        links(keys, kSetUpLinks),
        link_holders(keys, "anteroom set-up browsers") {}

  Mint sessions;
  Mint tickets;
  Mint directories;   ///< bound to the company's name
  Mint links;         ///< what set-up links end in (set_up_link.h)
  Mint link_holders;  ///< what a browser keeps that has opened one
};

}  // namespace anteroom::session
