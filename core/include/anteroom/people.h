// People and what they may do where, for operators and for support. Each function is one statement
// and one transaction; every change is audited with who, what, before and after.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anteroom/actor.h"
#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/settings.h"
#include "anteroom/task.h"

namespace anteroom::store {

struct Person {
  std::string id, email, name;
  std::string state;  ///< waiting (no grant yet), active, disabled
  std::string idp;
  std::string subject;                      ///< at the identity provider; empty in lists
  std::string created_at, last_sign_on_at;  ///< ISO 8601 UTC, empty: never
  std::string grants;                       ///< as grants.h reads them
};

// What operators do, by address.

struct PeopleFilter {
  bool only_waiting = false;
  std::string search;  ///< part of email or name; empty: all
  int limit = 1000;
};

Task<Result<std::vector<Person>>> list_people(Database& database, PeopleFilter filter);
Task<Result<std::optional<Person>>> find_person(Database& database, std::string email);

/// False: there is one already.
Task<Result<bool>> add_user(Database& database, std::string email, std::string name,
                            std::string actor);

struct Provision {
  std::string email, name, level;
  std::vector<std::string> properties;  ///< keys; "*" for all
  std::string expires_at;               ///< ISO 8601, empty: never
  std::string actor;
  std::vector<std::string> levels;  ///< all that there are, lowest first
};
struct Provisioned {
  enum class Outcome { done, user_disabled, no_property, in_the_past };
  Outcome outcome = Outcome::done;
  std::string property;  ///< of no_property: the key of one that there is not, or that is closed
};
/// Open requests for no more than that count as approved.
Task<Result<Provisioned>> provision(Database& database, Provision provision);

// False: no such user (or, for enable, none that is disabled).
Task<Result<bool>> disable_user(Database& database, std::string email, std::string actor);
struct Enabled {
  enum class Outcome { done, not_disabled, off_by_directory };
  Outcome outcome = Outcome::done;
  std::string directory;  ///< of off_by_directory: "scim:COMPANY"
};
/// What the company's directory has off is left alone unless that is meant.
Task<Result<Enabled>> enable_user(Database& database, std::string email, std::string actor,
                                  bool is_against_directory);
/// Ends every session that was begun with this identity provider, configured or not. The number.
Task<Result<int>> end_company_sessions(Database& database, std::string idp, std::string actor);
Task<Result<bool>> unpin_user(Database& database, std::string email, std::string actor);
/// Everybody who is pinned to this identity provider, configured or not; a preview only counts.
struct Unpinned {
  int people = 0, sessions = 0;
};
Task<Result<Unpinned>> unpin_company(Database& database, std::string idp, std::string actor,
                                     bool is_preview);

/// The first of the rows of import_users() that the database would refuse, and why; none: all are
/// fine.
Task<Result<std::optional<std::string>>> check_import(Database& database, std::string rows_json);
/// `rows_json`: [{"line","email","name","property","level","expires"}]. All or nothing: the number
/// of rows. A row that the database refuses comes back as kDatabaseRefused with the line in its
/// detail. Requests and `levels` as for provision().
Task<Result<int>> import_users(Database& database, std::string rows_json, std::string actor,
                               std::vector<std::string> levels);

// People, for support. The actor must reach manage.process_requests somewhere; changes need it at
// each property concerned, and nobody touches a level above their own there: disabling somebody or
// ending their sessions concerns every property where that person holds something.

/// Part of address or name, without case; keyset paging by email. `only_waiting`: those who have
/// signed on and have no access.
Task<Result<std::vector<Person>>> search_people(Database& database, Actor actor,
                                                AccessSettings access, std::string search,
                                                bool only_waiting, std::string after_email,
                                                int limit);
/// Who has this address, if the actor may see them.
Task<Result<std::optional<Person>>> see_person(Database& database, Actor actor,
                                               AccessSettings access, std::string email);

/// Those who wait and for whom no request is open, whoever waits longest first.
Task<Result<std::vector<Person>>> waiting_without_request(Database& database, Actor actor,
                                                          AccessSettings access, int limit);

struct GrantRow {
  std::string property, property_name, level, expires_at, granted_at, granted_by;
  bool may_change = false;
  std::string shared_key;  ///< the property's key if another has the same name; else empty
  bool is_closed = false;  ///< the property is: the grant counts for nothing meanwhile
};
struct SessionRow {
  std::string reference, origin, idp, created_at, last_seen_at, expires_at, client_address,
      user_agent;
};
struct HistoryRow {
  std::string at, kind, code, reference, actor, detail;
};
struct PersonDetail {
  Person person;
  bool is_off_by_people = false, is_off_by_directory = false;
  std::vector<GrantRow> grants;
  std::vector<SessionRow> sessions;
  std::vector<HistoryRow> history;  ///< newest first, at most 100
};
/// nullopt: no such user, or none that the actor may see.
Task<Result<std::optional<PersonDetail>>> show_person(Database& database, Actor actor,
                                                      AccessSettings access, std::string user);

enum class PersonChange {
  done,
  not_allowed,
  above_own_level,
  own_account,
  no_property,
  no_level,
  not_found,
  in_the_past,
  bad_expiry,
  own_request,       ///< the actor asked for it
  off_by_directory,  ///< people's switch is on again; the company's directory's is not
};
/// Empty level: takes the grant away. Whoever waits is let in by a grant; whoever is disabled stays
/// so. Nobody changes their own, or gives what they asked for. A request that is fulfilled by the
/// grant counts as approved. What is changed of a grant that came from a group, the group does not
/// give back.
struct GrantChange {
  std::string user, property, level, expires_at;
};
Task<Result<PersonChange>> change_grant(Database& database, Actor actor, AccessSettings access,
                                        GrantChange change);
/// Nobody switches themselves off. Ends every session. An account is on when neither people nor the
/// company's directory have it off; operators turn it on whatever the directory says.
Task<Result<PersonChange>> set_disabled(Database& database, Actor actor, AccessSettings access,
                                        std::string user, bool is_disabled);
/// One session by its reference, with all of its sign-on; empty: all of that person's. not_found:
/// no such user, or that user has no such session.
Task<Result<PersonChange>> end_sessions(Database& database, Actor actor, AccessSettings access,
                                        std::string user, std::string reference);

}  // namespace anteroom::store
