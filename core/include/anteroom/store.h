// What is kept in PostgreSQL. Each function is one statement and one round trip.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "anteroom/asserted_access.h"
#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/session.h"
#include "anteroom/task.h"

namespace anteroom {
struct Retention;
}

namespace anteroom::store {

/// One sign-on: consume the message, find or create the user, open the session, write the audit
/// event.
struct SignOn {
  std::string idp, issuer, response_id, assertion_id;  ///< consumed together, until replay_until
  Time replay_until;
  std::string
      request_id;      ///< the AuthnRequest that it answers, consumed as well; empty: nobody asked
  Time request_until;  ///< until when; no sooner than anybody's login state for it ends
  std::string
      subject;  ///< stable identifier at the IdP; empty: the IdP has none, email is all there is
  std::string email, display_name, name_id, name_id_format, session_index;
  TokenHash token_hash;
  std::string reference;  ///< 16 hex digits, random
  std::string origin;     ///< the origin the session is for
  std::chrono::seconds lifetime;
  std::optional<Time> not_after;  ///< SessionNotOnOrAfter
  Time authenticated_at;          ///< not in the future
  std::string authn_context;
  std::optional<TokenHash> replaces;  ///< this browser's session until now: its sign-on ends
  std::string client_address, user_agent;
  Asserted asserted;                ///< given and taken along with it
  std::vector<std::string> levels;  ///< access.levels
};

enum class SignOnOutcome {
  signed_in,         ///< provisioned
  waiting,           ///< record found or created, not provisioned
  replayed,          ///< this Response or assertion was consumed before: no session
  request_answered,  ///< another message has answered this request: no session
  user_disabled,     ///< no session
  identity_pinned,   ///< the email belongs to a record pinned to another identifier: no session
  company_closed,    ///< it was suspended a moment ago: no session
};

struct SignOnResult {
  SignOnOutcome outcome = SignOnOutcome::replayed;
  std::string user;  ///< UUID, empty when replayed or request_answered
};

Task<Result<SignOnResult>> sign_on(Database& database, SignOn sign_on);

/// The live session of this token as a SessionRecord's bytes, or an empty string. Live: before its
/// end, used within `idle_timeout`, the user not disabled. `levels`: lowest first. Notes the use,
/// if it is one, every five minutes or every tenth of `idle_timeout` where that is less.
Task<Result<std::string>> load_session(Database& database, TokenHash hash,
                                       std::chrono::seconds idle_timeout,
                                       std::vector<std::string> levels, SessionUse use);

/// What the IdP of an ended session needs to be told.
struct EndedSession {
  std::string idp, name_id, name_id_format, session_index;
};
/// Ends this session and every session of the same sign-on, on all nodes. Writes the audit event.
/// nullopt: there was none.
Task<Result<std::optional<EndedSession>>> sign_out(Database& database, TokenHash hash,
                                                   std::string client_address);

/// A verified LogoutRequest: consumed until keep_until.
struct IdpLogout {
  std::string idp, issuer, message_id;
  Time keep_until;
  std::string name_id;
  std::vector<std::string> session_indexes;  ///< none: all sessions of that NameID
  std::string client_address;
};
/// Ends the sessions that it names, on all nodes. How many sign-ons; nullopt: it was used before.
Task<Result<std::optional<int>>> log_out_by_idp(Database& database, IdpLogout logout);

/// A one-time ticket that carries a session to another origin. Lives 30 s.
struct HandoffTicket {
  TokenHash ticket_hash;
  TokenHash session_hash;  ///< the session it is made from; must be live
  std::string origin;      ///< where it may be redeemed
  TokenHash browser_hash;  ///< SHA-256 of the browser cookie at that origin
  std::string target;      ///< path and query to land on
};
/// False if the session is not live.
Task<Result<bool>> issue_ticket(Database& database, HandoffTicket ticket);

struct Redemption {
  TokenHash ticket_hash;
  std::string origin;
  TokenHash browser_hash;
  TokenHash new_token_hash;  ///< of the session that is opened
  std::string new_reference;
  std::string client_address, user_agent;
};
/// Uses the ticket up whatever comes of it; opens the new session; gives the target. nullopt: no
/// such ticket, expired, used, other origin or other browser.
Task<Result<std::optional<std::string>>> redeem_ticket(Database& database, Redemption redemption);

/// One line of the audit trail about something that was refused or done outside the functions
/// above.
struct AuditEvent {
  std::string kind;                        ///< "sign_on_refused", …
  std::string code;                        ///< reason code, may be empty
  std::string reference;                   ///< the number on the person's page, may be empty
  std::string idp, email, client_address;  ///< may be empty
  std::string detail;                      ///< no secrets
};
/// Of "sign_on_refused" without an email only 60 a minute are kept for one IdP and address, and 600
/// for one IdP.
Task<Result<Done>> audit(Database& database, AuditEvent event);

struct Schema {
  int version = 0;  ///< 0: there is none
  /// Where the version is ours: the functions are, and were at some time, those of this build.
  bool has_our_functions = false, had_our_functions = false;
};
/// Fails with kDatabaseRefused where names cannot be kept: the encoding is not UTF8.
Task<Result<Schema>> find_schema(Database& database);
/// Why this version cannot work on it, and what mends that; empty: it can. A newer one will do.
std::string trouble_with(const Schema& schema);

struct Upkeep {
  int removed = 0;       ///< rows
  bool is_more = false;  ///< there may be: a batch was full
};
/// If no other node is at it: removes a batch of what has expired and of what is kept no longer,
/// and seals a batch of audit events into the chain.
Task<Result<Upkeep>> housekeep(Database& database, Retention keep);
/// How long an expired session, ticket or message number has waited to be removed.
Task<Result<std::chrono::seconds>> upkeep_behind(Database& database);

/// What changes tables or what is in them; each is applied once, in order.
struct Migration {
  int version;
  const char* name;
  const char* sql;
};
const std::vector<Migration>& migrations();

/// Views, functions and triggers; all are applied together, in order, wherever this set of them
/// never was.
struct FunctionFile {
  const char* name;
  const char* sql;
};
const std::vector<FunctionFile>& functions();
const char* functions_digest();  ///< of all of them, hexadecimal

/// What every connection runs first (one simple-protocol string). `statement_timeout`: when the
/// server is to end a statement by itself; 0: as it has it.
std::string session_setup_sql(std::chrono::milliseconds statement_timeout);

/// What the listener runs besides.
const char* listen_sql();

/// text[] and bytea as parameters are written.
std::string array_literal(const std::vector<std::string>& items);
std::string bytea_literal(const TokenHash& hash);

/// libpq keywords and values of the configured connection, the password added, application_name
/// set, host names left as they are. Fails with an operator's message on a malformed string.
Result<std::vector<std::pair<std::string, std::string>>> connection_parameters(
    std::string_view connection, const std::string& password);

}  // namespace anteroom::store
