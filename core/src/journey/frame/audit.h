// Events for the audit trail that nobody waits for.
#pragma once

#include "anteroom/store.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

/// The event on its way to the database: not waited for, its loss is logged.
void audit_later(Context& context, store::AuditEvent event);

}  // namespace anteroom::journey
