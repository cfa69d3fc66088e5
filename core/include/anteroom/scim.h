// People and groups as a company's directory writes them here (SCIM 2.0, RFC 7643 and 7644), and
// where they are kept. A company sees and changes only its own: what its token created or claimed,
// as long as the address is in one of its domains.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/settings.h"
#include "anteroom/task.h"

namespace anteroom::scim {

/// "https://login.example.com/auth/scim/v2/contoso": what Entra calls the Tenant URL.
[[nodiscard]] std::string endpoint_of(const ServiceProviderSettings& sp, const std::string& idp);

/// A User (RFC 7643, 4.1) as far as it is kept. Texts as the directory sent them; empty: none.
struct User {
  std::string id;  ///< UUID of the person's record
  std::string user_name, external_id, work_email, display_name, formatted_name, given_name,
      family_name;
  bool is_active = true;
  std::string created_at, changed_at;  ///< ISO 8601
};

/// What a POST, PUT or PATCH makes of a User. nullopt: stays as it is; empty: is taken away.
struct UserChange {
  /// Addresses of other kinds, the likeliest first. Where no work email is given, the first of
  /// these that is an address in a domain of the company is taken as it.
  std::vector<std::string> other_emails;
  bool adds_email = false;                ///< only where there is no work email
  std::optional<std::string> only_email;  ///< only where this is the work email, without case
  std::optional<std::string> user_name, external_id, work_email, display_name, formatted_name,
      given_name, family_name;
  std::optional<bool> is_active;
  /// The canonical forms of user_name and work_email where they are addresses in a domain of the
  /// company, else empty; set whenever those are. The person's address is the work email's, or else
  /// the user name's.
  std::optional<std::string> user_name_address, work_address;
};

/// A Group (RFC 7643, 4.2).
struct Group {
  std::string id, display_name, external_id;
  std::vector<std::string> members;  ///< ids of Users
  std::string created_at, changed_at;
  bool shows_members = true;  ///< false: nobody asked for them, or there are too many
};

struct GroupChange {
  std::optional<std::string> display_name, external_id;
  bool clears_members = false;  ///< before the following two
  std::vector<std::string> adds, removes;
};

/// `test` ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr") of what the database calls
/// `attribute` (scim_value()).
struct Condition {
  std::string attribute, test, value;
};
/// Bit i of an index of the table says whether condition i holds, and '1' there that the resource
/// is asked for.
struct Filter {
  std::vector<Condition> conditions;
  std::string table = "1";
};

/// What must hold and has an index, nullopt: anything; and what else. Without case, but for
/// externalId.
struct UserQuery {
  std::optional<std::string> id, user_name, external_id, email;
  Filter rest;
};
struct GroupQuery {
  std::optional<std::string> id, display_name, external_id, member;
  Filter rest;
};

/// RFC 7644, 3.4.2.4.
struct Page {
  int start = 1;
  int count = 100;  ///< at most kMaxCount
};
inline constexpr int kMaxCount = 200;
inline constexpr int kMaxMembersShown = 5000;

template <class T>
struct List {
  int total = 0;
  std::vector<T> items;
};

}  // namespace anteroom::scim

namespace anteroom::store {

/// Whose directory is writing.
struct ScimCompany {
  std::string idp;
  std::vector<std::string> domains;
};

/// What membership in a group gives. Groups are known by their display name, without case.
struct ScimGrant {
  std::string group, property, level;  ///< property: key, or "*"
};
struct ScimTable {
  std::vector<ScimGrant> grants;
  std::vector<std::string> levels;  ///< access.levels, lowest first
};

[[nodiscard]] ScimCompany scim_company_of(const IdentityProvider& idp);
[[nodiscard]] ScimTable scim_table_of(const IdentityProvider& idp, const AccessSettings& access);

/// A token is good at one company.
struct ScimTokenKey {
  std::string idp;
  TokenHash hash;
  friend bool operator<(const ScimTokenKey& a, const ScimTokenKey& b) {
    return std::tie(a.idp, a.hash) < std::tie(b.idp, b.hash);
  }
};
/// Of all companies.
Task<Result<std::vector<ScimTokenKey>>> scim_token_keys(Database& database);

/// True if the token is one of this company's. Notes its use, or that one was refused, at most once
/// a minute. One indexed look-up.
Task<Result<bool>> scim_authenticate(Database& database, std::string idp, TokenHash token,
                                     std::string client_address);

enum class ScimOutcome {
  done,
  not_found,   ///< no such resource, or another company's
  exists,      ///< the user name, address or display name is taken
  pinned,      ///< the address belongs to somebody who signs in elsewhere
  no_address,  ///< neither user name nor work email is an address of the company
  no_member,   ///< a member to be added is not a User of the company
};
template <class T>
struct ScimResult {
  ScimOutcome outcome = ScimOutcome::not_found;
  T resource;  ///< as it is now; empty unless done
};

Task<Result<scim::List<scim::User>>> scim_find_users(Database& database, ScimCompany company,
                                                     scim::UserQuery query, scim::Page page);
/// Claims the record that has the address already, if there is one. An account that anybody but
/// this directory turned off stays off.
Task<Result<ScimResult<scim::User>>> scim_create_user(Database& database, ScimCompany company,
                                                      scim::UserChange user);
/// Turning an account off ends every session at once, on all nodes.
Task<Result<ScimResult<scim::User>>> scim_change_user(Database& database, ScimCompany company,
                                                      std::string id, scim::UserChange change);
/// Turns the account off for good and forgets what the directory said. False: no such User.
Task<Result<bool>> scim_delete_user(Database& database, ScimCompany company, std::string id);

/// `with_members`: false leaves them out. Groups have them up to kMaxMembersShown in all.
Task<Result<scim::List<scim::Group>>> scim_find_groups(Database& database, ScimCompany company,
                                                       scim::GroupQuery query, scim::Page page,
                                                       bool with_members);
// Grants that come from groups follow at once. They fill what is missing: what a person was given
// by people is neither changed nor taken away.
/// The id of the new Group.
Task<Result<ScimResult<std::string>>> scim_create_group(Database& database, ScimCompany company,
                                                        ScimTable table, scim::GroupChange group);
Task<Result<ScimOutcome>> scim_change_group(Database& database, ScimCompany company,
                                            ScimTable table, std::string id,
                                            scim::GroupChange change);
Task<Result<bool>> scim_delete_group(Database& database, ScimCompany company, ScimTable table,
                                     std::string id);
/// Makes everybody's grants what the table says, after it was changed: a hundred people at a time,
/// only those who get or lose something. How many they were.
Task<Result<int>> scim_apply_table(Database& database, ScimCompany company, ScimTable table);

// Tokens, for operators.
struct ScimToken {
  std::string idp, name, created_at, created_by, last_used_at;
};
/// An empty name becomes today's date. The name; nullopt: there is one of that name.
Task<Result<std::optional<std::string>>> add_scim_token(Database& database, std::string idp,
                                                        std::string name, TokenHash token,
                                                        std::string actor);
Task<Result<std::vector<ScimToken>>> list_scim_tokens(Database& database);
/// False: there is none.
Task<Result<bool>> remove_scim_token(Database& database, std::string idp, std::string name,
                                     std::string actor);

}  // namespace anteroom::store
