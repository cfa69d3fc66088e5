// What the gate answers to whoever is not let through.
#pragma once

#include "anteroom/gate.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

/// A redirect, a page or JSON. `session` as given to decide().
Response turn_away(Context& context, Outcome outcome, const RequestHead& request,
                   const SessionView* session, const Requirement& requirement,
                   const store::PropertyNames& names = {});

}  // namespace anteroom::journey
