// Groups in and out of JSON.
#pragma once

#include <string>
#include <string_view>

#include "anteroom/scim.h"

namespace anteroom::scim {

/// The body of a POST or PUT: absent attributes are taken as empty.
Result<GroupChange> read_group(std::string_view body);
/// The body of a PATCH.
Result<GroupChange> read_group_patch(std::string_view body);

/// `base`: the URL of the company's endpoint, without a slash at the end.
std::string write_group(const Group& group, const std::string& base);
std::string write_groups(const List<Group>& groups, const Page& page, const std::string& base);

}  // namespace anteroom::scim
