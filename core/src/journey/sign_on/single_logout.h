#pragma once

#include <optional>

#include "anteroom/store.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

/// The way to the IdP that is told of a session's end; nullopt if it is not to be told.
/// `exchange` outlives the task.
Task<std::optional<Response>> tell_idp(const Exchange& exchange, store::EndedSession ended);

}  // namespace anteroom::journey
