// What operators do with people and properties. One statement each; every change is audited.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/task.h"

namespace anteroom::store {

struct Person {
  std::string id, email, name;
  std::string state;  ///< waiting (no grant yet), active, disabled
  std::string idp, subject, created_at, last_sign_on_at;  ///< times ISO 8601 UTC, empty: never
  std::string grants;  ///< "key=level,…", "*" for all properties
};

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
/// Open requests for no more than that count as approved. "provisioned", "disabled" or "no_property
/// KEY".
Task<Result<std::string>> provision(Database& database, Provision provision);

// False: no such user (or, for enable, none that is disabled).
Task<Result<bool>> disable_user(Database& database, std::string email, std::string actor);
/// "enabled", "not_disabled", or whose directory has the account off ("scim:COMPANY"), which is
/// left alone unless that is meant.
Task<Result<std::string>> enable_user(Database& database, std::string email, std::string actor,
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

/// `rows_json`: [{"line","email","name","property","level","expires"}]. All or nothing: the number
/// of rows. A row that the database refuses comes back as kDatabaseRefused with the line in its
/// detail. Requests and `levels` as for provision().
Task<Result<int>> import_users(Database& database, std::string rows_json, std::string actor,
                               std::vector<std::string> levels);

struct Property {
  std::string key, name;
};
/// False: the key exists.
Task<Result<bool>> add_property(Database& database, Property property, std::string actor);
Task<Result<std::vector<Property>>> list_properties(Database& database);

}  // namespace anteroom::store
