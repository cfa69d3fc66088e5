// Reading the audit trail, and telling whether it is still what was written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/task.h"

namespace anteroom::store {

struct RecordedEvent {
  long id = 0;
  std::string at;  ///< ISO 8601 UTC
  std::string kind, code, reference, actor, idp, email, user, client_address, detail;
};

/// Empty: any.
struct AuditFilter {
  std::string since, until;  ///< ISO 8601; from, and before
  std::string email, idp, kind, code, reference;
};

/// The newest `limit`, oldest first.
Task<Result<std::vector<RecordedEvent>>> newest_audit(Database& database, AuditFilter filter,
                                                      int limit);
/// A page of at most 1,000 behind the event `after` (0: from the beginning), oldest first.
Task<Result<std::vector<RecordedEvent>>> audit_page(Database& database, AuditFilter filter,
                                                    long after);

/// What is kept of a refused sign-on under the number on the person's page.
struct Transcript {
  std::string reference, idp;
  std::string email;  ///< what the company proved; empty: nothing
  std::string code;
  std::string content;  ///< JSON (journey/transcript.h)
  std::string at;       ///< ISO 8601 UTC; set by the database
  std::string network;  ///< of the client; not read back
};

/// Of one company at most 1,000 a day are kept: the next one pushes out the oldest of the network
/// that has most, one with a proven email last of all.
Task<Result<Done>> keep_transcript(Database& database, Transcript transcript);
Task<Result<std::optional<Transcript>>> find_transcript(Database& database, std::string reference);
/// The newest ten whose email is this; without their content.
Task<Result<std::vector<Transcript>>> transcripts_of(Database& database, std::string email);

/// How signing on with a company went last: the newest "signed_on" and the newest
/// "sign_on_refused".
Task<Result<std::vector<RecordedEvent>>> last_at_company(Database& database, std::string idp);

/// A link of the chain: what `audit --verify` printed once.
struct AuditLink {
  long position = 0;  ///< counts from 1
  std::string hash;   ///< 64 hex digits
};

struct AuditVerdict {
  std::string problem;  ///< what is wrong first; empty: the chain holds
  long event = 0;       ///< the event that it is about; 0: none
  long sealed = 0;      ///< events that hold
  long unsealed = 0;    ///< written lately, not yet in the chain: nothing is known of them
  AuditLink head;       ///< the last link; keep it elsewhere
  AuditLink removed;    ///< the last one that retention removed; 0: none
  std::string removed_at;
};

/// Recomputes the whole chain. `known`: a head kept elsewhere, which must still be in it. Many
/// statements: the caller holds a transaction that sees one state (REPEATABLE READ).
Task<Result<AuditVerdict>> verify_audit(Database& database, std::optional<AuditLink> known);

}  // namespace anteroom::store
