// Users in and out of JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/scim.h"
#include "scim/projection.h"

namespace anteroom::scim {

/// The body of a POST: absent attributes are taken as empty, `active` as true.
Result<UserChange> read_new_user(std::string_view body);

struct UserReading {
  Result<UserChange> change;
  /// The account is to be off, also where `change` is a failure: whoever left is not kept in by a
  /// mistake beside it.
  bool turns_off = false;
};
/// The body of a PUT: absent attributes are taken as empty, but an absent `active` changes nothing.
UserReading read_user_replacement(std::string_view body);
/// The body of a PATCH.
UserReading read_user_patch(std::string_view body);

/// `base`: the URL of the company's endpoint, without a slash at the end.
std::string write_user(const User& user, const std::string& base,
                       const Projection& projection = {});
/// To those of a list.
void add_users(OrderedJson& resources, const std::vector<User>& users, const std::string& base,
               const Projection& projection);

}  // namespace anteroom::scim
