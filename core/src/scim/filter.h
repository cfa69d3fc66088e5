// Filters of Users and Groups as questions to the database.
#pragma once

#include <string_view>

#include "anteroom/result.h"
#include "anteroom/scim.h"

namespace anteroom::scim {

/// Who asks for Users and Groups at once names attributes that only one of them has.
enum class Among { one, all };

/// An expression over userName, externalId, id, displayName, name, emails, active, meta and schemas
/// (of Users); displayName, externalId, id, members, meta and schemas (of Groups). Attributes that
/// are accepted and not kept have no value. Everything else: kScimInvalidFilter. An empty text asks
/// for all.
Result<UserQuery> parse_user_filter(std::string_view text, Among among = Among::one);
Result<GroupQuery> parse_group_filter(std::string_view text, Among among = Among::one);

/// An attribute of the core schema of Users (RFC 7643, 4.1) that is accepted and not kept.
bool is_not_kept(std::string_view attribute);

}  // namespace anteroom::scim
