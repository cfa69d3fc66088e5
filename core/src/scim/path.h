// Attribute paths and filters (RFC 7644, 3.4.2.2 and 3.5.2): the part of the grammar that
// directories use.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/result.h"
#include "anteroom/scim.h"

namespace anteroom::scim {

/// `[attribute eq "value"]`
struct Selector {
  std::string attribute;  ///< lower case
  std::string value;      ///< true and false as these words
};

/// "emails[type eq \"work\"].value"
struct Path {
  bool is_foreign = false;  ///< an attribute of another schema than User and Group; rest is empty
  std::string attribute;    ///< lower case, without the schema's URN
  std::string sub;          ///< lower case, empty: none
  std::optional<Selector> where;
};

/// kScimInvalidPath
Result<Path> parse_path(std::string_view text);

/// `attribute eq "value"`, several joined with `and`. userName, externalId, id and the work email
/// (of Users); displayName, externalId, id and members (of Groups). Everything else:
/// kScimInvalidFilter. An empty text asks for all.
Result<UserQuery> parse_user_filter(std::string_view text);
Result<GroupQuery> parse_group_filter(std::string_view text);

}  // namespace anteroom::scim
