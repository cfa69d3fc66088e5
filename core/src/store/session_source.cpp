#include "anteroom/session_source.h"

#include "anteroom/store.h"
#include "session/mint.h"

namespace anteroom {

SessionSource::SessionSource(const Settings& settings, Database& database)
    : settings_(settings),
      database_(database),
      mints_(std::make_unique<session::Mints>(settings.sessions.cookie_keys)) {}

SessionSource::~SessionSource() = default;

bool SessionSource::has_made(std::string_view token) {
  return mints_->sessions.has_made(token);
}

Task<Result<std::string>> SessionSource::load(TokenHash hash, SessionUse use) {
  return store::load_session(database_, hash, settings_.sessions.idle_timeout,
                             settings_.access.levels, use);
}

}  // namespace anteroom
