// Properties: what they are called, and their list as operators and whoever decides everywhere keep
// it. Each function is one statement and one transaction; every change is audited.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "anteroom/actor.h"
#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/settings.h"
#include "anteroom/task.h"

namespace anteroom::store {

struct PropertyName {
  std::string name;
  bool is_shared = false;  ///< another property is called the same: say the key, too
};
/// By key.
using PropertyNames = std::map<std::string, PropertyName, std::less<>>;

/// Of those of `keys` that there are. Nobody is asked about no keys.
Task<Result<PropertyNames>> property_names(Database& database, std::vector<std::string> keys);

/// Those of `keys` that are closed; likewise.
Task<Result<std::vector<std::string>>> closed_among(Database& database,
                                                    std::vector<std::string> keys);

struct Property {
  std::string key, name;

  friend bool operator==(const Property&, const Property&) = default;
};
/// Which of the open ones: where access can be asked for and given.
struct PropertyScope {
  std::optional<std::vector<std::string>> among = std::nullopt;  ///< keys; nullopt: all
  int most = 0;                                                  ///< 0: however many there are
};
/// In order of their keys.
Task<Result<std::vector<Property>>> list_properties(Database& database, PropertyScope scope = {});

/// Whom a text means: the key, or the name with the key in brackets; else a name; else parts of
/// these, of two characters at least. Case does not matter.
struct PropertyMatches {
  std::vector<Property> properties;  ///< by name, no more than the scope says
  int count = 0;                     ///< of all
  bool are_whole = false;            ///< not found by a part
};
/// What is the key of one and the name of another means the first, or both.
enum class KeyOrName { key_first, alike };
/// Of each text, in the order of `texts`.
Task<Result<std::vector<PropertyMatches>>> find_properties(Database& database, PropertyScope scope,
                                                           std::vector<std::string> texts,
                                                           KeyOrName rank = KeyOrName::key_first);

// What follows is for operators and for those who reach manage.process_requests at all properties;
// others get nothing, and not_allowed, and that is audited.

struct PropertyRow {
  std::string key, name;
  std::string shared_key;  ///< the key if another has the same name; else empty
  std::string closed_at;   ///< ISO 8601 UTC; empty: open
  std::string closed_by;
  int people = 0;    ///< who have a level of their own there; not in lists
  int requests = 0;  ///< open ones that name it; not in lists
};

/// Keyset paging: `after` is the last key of the page before.
struct PropertyFilter {
  std::string search;  ///< part of key or name, without case; empty: all
  std::string state;   ///< "open" or "closed"; empty: both
  std::string after;
  int limit = 50;
};
Task<Result<std::vector<PropertyRow>>> search_properties(Database& database, Actor actor,
                                                         AccessSettings access,
                                                         PropertyFilter filter);
/// nullopt: there is none.
Task<Result<std::optional<PropertyRow>>> show_property(Database& database, Actor actor,
                                                       AccessSettings access, std::string key);

/// Stable names (they are the database's answers too).
enum class PropertyChange {
  done,
  not_allowed,
  exists,     ///< of an added one: its key
  bad_key,    ///< not as properties.key has to be
  not_found,  ///< there is no such property
  changed,    ///< somebody else was quicker: it is not as it was said to be
};
Task<Result<PropertyChange>> make_property(Database& database, Actor actor, AccessSettings access,
                                           std::string key, std::string name);

/// Of many that are put in at once.
struct PutIn {
  enum class Outcome { added, renamed, same, bad_key };
  Outcome outcome = Outcome::bad_key;
  std::string was;         ///< the name before; empty of an added one
  bool is_closed = false;  ///< and stays so
};
struct PutInMany {
  bool is_allowed = true;
  bool is_done = false;
  std::string seen;         ///< stands for `rows`
  std::vector<PutIn> rows;  ///< in the order of what was given
};
inline constexpr std::size_t kMaxPutIn = 5000;
/// All of them, or none: where one is bad, or what comes of them is not `seen` (nullopt: only say
/// what would). Each key once; at most kMaxPutIn.
Task<Result<PutInMany>> put_properties(Database& database, Actor actor, AccessSettings access,
                                       std::vector<Property> properties,
                                       std::optional<std::string> seen);
/// `was`: the name that it has as far as the actor knows; nullopt: whatever it is.
Task<Result<PropertyChange>> rename_property(Database& database, Actor actor, AccessSettings access,
                                             std::string key, std::string name,
                                             std::optional<std::string> was);
/// Closes it: nobody has access there from now on. Or opens it: what was granted counts again.
Task<Result<PropertyChange>> close_property(Database& database, Actor actor, AccessSettings access,
                                            std::string key, bool is_closed);

}  // namespace anteroom::store
