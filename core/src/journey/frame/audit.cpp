#include "journey/frame/audit.h"

namespace anteroom::journey {

void audit_later(Context& context, store::AuditEvent event) {
  Log& log = context.ports.log;
  const std::string reference = event.reference;
  spawn<Result<Done>>(
      store::audit(context.ports.database, std::move(event)),
      [&log, reference](const Result<Done>& written) {
        if (written) return;
        log.write(LogLevel::warning,
                  "audit event lost reference=" + reference + ": " + written.failure().detail);
      },
      [] {});
}

}  // namespace anteroom::journey
