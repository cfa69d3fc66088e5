// Groups in and out of JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/scim.h"
#include "scim/projection.h"

namespace anteroom::scim {

/// The body of a POST or PUT: absent attributes are taken as empty.
Result<GroupChange> read_group(std::string_view body);
/// The body of a PATCH.
Result<GroupChange> read_group_patch(std::string_view body);

/// `base`: the URL of the company's endpoint, without a slash at the end.
std::string write_group(const Group& group, const std::string& base,
                        const Projection& projection = {});
/// To those of a list.
void add_groups(OrderedJson& resources, const std::vector<Group>& groups, const std::string& base,
                const Projection& projection);

}  // namespace anteroom::scim
