// Who is signed in, as the gate sees it: read from the database once, kept in the node's memory as
// one flat record, read back without copying.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "anteroom/ports.h"

namespace anteroom {

/// 64 hex digits as a hash, as notifications name sessions; nullopt for anything else.
std::optional<TokenHash> hash_from_hex(std::string_view hex);

enum class UserStatus : char { waiting = 'w', active = 'a', disabled = 'd' };

/// The record's fields. All strings are ready to be used as header values (no control characters).
struct SessionFields {
  std::string_view reference;  ///< public name of the session (16 hex digits); not the token
  std::string_view user;       ///< the user's UUID
  std::string_view email;
  std::string_view name;
  std::string_view idp;     ///< the identity provider's configured name
  std::string_view origin;  ///< the origin ("https://app.example.com") this session belongs to
  std::string_view access_level;  ///< highest level over all unexpired grants; empty without one
  std::string_view properties;    ///< "key=level,key=level"; key "*" stands for all properties
  std::string_view authn_context = {};  ///< AuthnContextClassRef of the sign-on, may be empty
  /// Of somebody who waits: another whenever a request for them is filed, decided or withdrawn.
  std::string_view news = {};
  /// Properties at which a grant for all counts for nothing: "key,key"; "*": all.
  std::string_view closed = {};
};

struct SessionTimes {
  Time expires_at{};        ///< of the session or the first of its grants, whichever comes first
  Time authenticated_at{};  ///< when the person last proved to the IdP who they are
  Time ends_at{};           ///< the session itself, however much it is used
  Time idle_until{};        ///< and when, if nobody uses it from now on; to some minutes
};

/// What it means for a session's idle time that it is asked for.
enum class SessionUse {
  counts,  ///< as any request does: what this node remembers of the last minute will do
  renews,  ///< it is noted at once, whatever this node remembers
  none,    ///< somebody only looks
};

/// One session as loaded from the store; owns its bytes.
///
/// Layout: fixed part, then the strings of SessionFields, each with a 16-bit length, then when it
/// is idle. Host byte order: it never leaves the node.
class SessionRecord {
 public:
  SessionRecord(UserStatus status, const SessionTimes& times, const SessionFields& fields);
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// All of a record's bytes but those that change because it is used.
  static std::string_view without_use(std::string_view bytes);

 private:
  std::string bytes_;
};

/// Reads a record in place. Valid as long as the bytes are.
class SessionView {
 public:
  /// nullopt if the bytes are not a record of this version.
  static std::optional<SessionView> parse(std::string_view bytes);

  [[nodiscard]] UserStatus status() const { return status_; }
  /// When the session or the first of its grants ends, whichever comes first: reload then.
  [[nodiscard]] Time expires_at() const { return times_.expires_at; }
  /// When the person last proved to the identity provider who they are; never in the future.
  [[nodiscard]] Time authenticated_at() const { return times_.authenticated_at; }
  [[nodiscard]] const SessionTimes& times() const { return times_; }
  [[nodiscard]] const SessionFields& fields() const { return fields_; }
  /// Status active and at least one grant.
  [[nodiscard]] bool is_provisioned() const {
    return status_ == UserStatus::active && !fields_.access_level.empty();
  }

 private:
  UserStatus status_ = UserStatus::disabled;
  SessionTimes times_;
  SessionFields fields_;
};

}  // namespace anteroom
