// Access by what a company asserts of its people when they sign on.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "anteroom/actor.h"
#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/task.h"

namespace anteroom {

struct AccessSettings;
struct AssertedAccess;

/// Entra ID's claims (Microsoft's reference-saml-tokens): the object IDs of groups, and where they
/// are to be asked for in their place where they are too many for an assertion (150).
inline constexpr const char* kEntraGroups =
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";
inline constexpr const char* kEntraGroupsLink = "http://schemas.microsoft.com/claims/groups.link";

struct AssertedGrant {
  std::string value, property, level;  ///< property: key, or "*"
};

/// What an assertion gives by its company's table.
struct Asserted {
  enum class Kind {
    no_table,
    said,
    too_many,  ///< groups that it does not name: what was said last counts still
  };
  Kind kind = Kind::no_table;
  /// In the order of the table: of said what it gives, of too_many all that the table could.
  std::vector<AssertedGrant> grants = {};
};

/// `attributes`: of a verified assertion. One that is absent says nothing: it gives nothing.
[[nodiscard]] Asserted read_asserted(
    const AssertedAccess& table,
    const std::map<std::string, std::vector<std::string>, std::less<>>& attributes);

/// What these values give.
[[nodiscard]] std::vector<AssertedGrant> given_for(const AssertedAccess& table,
                                                   const std::vector<std::string>& values);

namespace store {

/// What the last sign-on of somebody said.
struct LastAsserted {
  std::vector<std::string> values;  ///< those of the company's table
  std::string too_many_at;          ///< ISO 8601 UTC: it named no groups, and `values` are older
};
/// Nothing for whoever may not look after that person.
Task<Result<LastAsserted>> last_asserted(Database& database, Actor actor, AccessSettings access,
                                         std::string user);

/// Of a company's people: those whose last sign-on named no groups, for they have too many.
struct TooManyGroups {
  int people = 0;       ///< at most 1,000 are counted
  std::string last_at;  ///< ISO 8601 UTC; empty: nobody's
};
Task<Result<TooManyGroups>> too_many_groups(Database& database, std::string idp);

}  // namespace store

}  // namespace anteroom
