// Where sessions come from that a node does not remember: the database, and which tokens it is
// asked about at all.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "anteroom/ports.h"
#include "anteroom/session.h"
#include "anteroom/settings.h"
#include "anteroom/task.h"

namespace anteroom {

namespace session {
struct Mints;
}  // namespace session

class SessionSource {
 public:
  /// Reads the cookie keys. Throws std::runtime_error if the cryptographic library fails.
  SessionSource(const Settings& settings, Database& database);
  ~SessionSource();

  /// Whether a session token is one of ours, to be told without asking anybody. One that is not was
  /// made up, or under a key that was retired.
  [[nodiscard]] bool has_made(std::string_view token);

  /// One statement, one round trip. Empty string: no such live session. Also notes that the session
  /// was used, if it was.
  Task<Result<std::string>> load(TokenHash hash, SessionUse use);

 private:
  const Settings& settings_;
  Database& database_;
  std::unique_ptr<session::Mints> mints_;
};

}  // namespace anteroom
