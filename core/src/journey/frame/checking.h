// What may be read on any thread while requests are served: nothing of it changes but what guards
// itself.
#pragma once

#include <memory>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "companies/verifier_cache.h"

namespace anteroom::journey {

/// What checking a message of an identity provider needs. Work for the thread pool gets this, and
/// values of its own; never the Context, which is the event loop's alone.
struct Checking {
  std::shared_ptr<const Settings> settings_owner;
  const Settings& settings;
  const Clock& clock;
  BackChannel& back_channel;            ///< takes calls from any thread
  companies::VerifierCache& verifiers;  ///< likewise
};

}  // namespace anteroom::journey
