#include "anteroom/session_source.h"

#include "anteroom/store.h"
#include "session/mint.h"

namespace anteroom {

struct SessionSource::Keys {
  explicit Keys(const std::vector<Secret>& cookie_keys) : mints(cookie_keys) {}
  session::Mints mints;
};

SessionSource::SessionSource(const Settings& settings, Database& database)
    : settings_(settings),
      database_(database),
      keys_(std::make_unique<Keys>(settings.sessions.cookie_keys)) {}

SessionSource::~SessionSource() = default;

bool SessionSource::has_made(std::string_view token) {
  return keys_->mints.sessions.has_made(token);
}

Task<Result<std::string>> SessionSource::load(TokenHash hash) {
  return store::load_session(database_, hash, settings_.sessions.idle_timeout,
                             settings_.access.levels);
}

}  // namespace anteroom
