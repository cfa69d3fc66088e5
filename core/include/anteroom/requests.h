// New User requests and decisions on them, and how whoever waits is doing. Each function is one
// statement and one transaction; every change is audited with who, what, before and after.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "anteroom/actor.h"
#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/settings.h"
#include "anteroom/task.h"

namespace anteroom::code {
inline constexpr Code kTooManyRows{"too_many_rows"};  ///< more than kMaxFiled in one call
}  // namespace anteroom::code

namespace anteroom::store {

inline constexpr std::size_t kMaxFiled = 5000;

/// One New User request as it is filed.
struct AccessRequest {
  std::string email;     ///< canonical
  std::string name;      ///< may be empty
  std::string property;  ///< key; "*" for all properties (only where the actor's grant is for all)
  std::string level;
  std::string expires_at;  ///< of the grant: ISO 8601, empty: never
  std::string note;
};

/// What filing one comes to. Stable names (they are the database's answers too).
enum class Filing {
  filed,
  already_open,   ///< the same person and property: `request` names it
  has_access,     ///< holds this level or a higher one there already
  user_disabled,  ///< only support can turn the account on again; told of colleagues only
  no_property,    ///< unknown, or closed
  no_level,       ///< not one of access.levels
  not_allowed,    ///< the actor is below manage.request_new_users there
  above_own_level,
  in_the_past,  ///< the expiry
  bad_expiry,   ///< no date or time at all
};

struct FilingResult {
  Filing outcome = Filing::not_allowed;
  std::string request;        ///< UUID of the one filed or open
  std::string waiting_since;  ///< ISO 8601: the person has signed on and waits; empty: has not
};

/// All or nothing: where one row is not `filed`, none is. `is_preview`: none is filed whatever
/// comes. Results in the order of `rows`; a second row for the same person and property is
/// already_open. At most kMaxFiled rows. Nobody is told by mail: those who decide get a digest.
Task<Result<std::vector<FilingResult>>> file_requests(Database& database, Actor actor,
                                                      AccessSettings access,
                                                      std::vector<AccessRequest> rows,
                                                      bool is_preview);

/// A request as it is listed.
struct RequestRow {
  std::string id;
  std::string email, name, property, property_name, level, expires_at, note;
  std::string state;         ///< open, approved, declined, withdrawn
  std::string requested_by;  ///< email
  std::string requested_at, decided_at;
  std::string decided_by;              ///< email, or an operator's name
  std::string reason;                  ///< of a decline; may be empty
  std::string waiting_since;           ///< the person has signed on and waits
  std::string idp;                     ///< where that was
  bool may_decide = false;             ///< the actor may
  bool requester_lost_reach = false;   ///< the requester no longer has this level there
  std::string held_level, held_until;  ///< what the person has there now
  std::string shared_key;  ///< the property's key if another has the same name; else empty
  bool is_closed = false;  ///< the property is
};

/// Keyset paging: `after` is the last row's "requested_at id" of the page before; anything else
/// begins at the first page.
struct RequestFilter {
  std::string requested_by;          ///< UUID: only this user's own, in every state, newest first
  std::string state = "open";        ///< empty: all
  std::vector<std::string> domains;  ///< of the requested emails; empty: all
  std::string property;              ///< key; "*": requests for all properties; empty: any
  int older_than_days = 0;
  std::string after;
  int limit = 50;
};
/// What the actor may see: own requests, or those they may decide. Oldest first, but for
/// requested_by. Whoever may not decide is told nothing of people of other companies but what they
/// wrote themselves; the last three members are only for who may.
Task<Result<std::vector<RequestRow>>> list_requests(Database& database, Actor actor,
                                                    AccessSettings access, RequestFilter filter);

/// One request as list_requests() shows it, in any state; nullopt: none that the actor may see.
Task<Result<std::optional<RequestRow>>> show_request(Database& database, Actor actor,
                                                     AccessSettings access, std::string request);

struct Decision {
  std::vector<std::string> requests;  ///< UUIDs
  bool is_approval = false;
  std::string level;  ///< approval: instead of what was asked for; empty: as asked
  std::vector<std::string> properties;  ///< approval: likewise
  std::string reason;                   ///< decline
};
enum class Deciding {
  done,
  decided_already,  ///< by somebody else meanwhile, or withdrawn
  own_request,      ///< nobody decides on what they asked for, or on themselves
  not_allowed,      ///< below manage.process_requests at a property concerned
  above_own_level,
  no_property,
  no_level,
  user_disabled,
  expired,     ///< the access asked for would have ended already
  look_first,  ///< approved along with others: the requester lost the right to ask, or a lower
               ///< level that lasts longer would be lost; it can be approved by itself
  not_found,
};
struct DecidingResult {
  std::string request;
  Deciding outcome = Deciding::not_found;
  std::string decided_by;  ///< of decided_already
};
/// Each on its own: one that cannot be decided keeps no other from being decided. Results in the
/// order of `requests`. An approval takes nothing away: a higher level that the person holds there
/// stays. Mail: "access_approved" to the person, "request_approved" or "request_declined" to the
/// requester, "access_declined" to the person only if they wait already.
Task<Result<std::vector<DecidingResult>>> decide_requests(Database& database, Actor actor,
                                                          AccessSettings access, Decision decision);

/// False: not the actor's, or not open any more.
Task<Result<bool>> withdraw_request(Database& database, Actor actor, std::string request);

/// One letter ("request_reminder") to each requester who has requests open for longer than `after`:
/// about the oldest, with `more` saying how many others. Each request is reminded of once. The
/// number of letters.
Task<Result<int>> remind_open_requests(Database& database, std::chrono::seconds after);

/// How things are for somebody in the Waiting Room.
struct WaitingState {
  enum class Kind { no_request, open, declined };
  Kind kind = Kind::no_request;
  std::string since;                   ///< of the open request, ISO 8601
  std::string requested_by;            ///< name or email of who filed it; empty: an operator
  std::string property_name;           ///< "" for all properties
  std::string reason;                  ///< declined because; may be empty
  std::vector<std::string> approvers;  ///< names of people of the same company who can file one
  std::string asked_at;                ///< when they were last asked by this person; empty: not yet
};
Task<Result<WaitingState>> waiting_state(Database& database, std::string user, std::string idp,
                                         AccessSettings access);

/// Asks those of the person's company who can file a request to do so (mail "please_request"), at
/// most once a day. The number of people asked; 0: there is nobody, or it was done already.
Task<Result<int>> ask_approvers(Database& database, Actor actor, std::string idp,
                                AccessSettings access);

}  // namespace anteroom::store
