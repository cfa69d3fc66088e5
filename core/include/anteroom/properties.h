// What properties are called.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/result.h"
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

}  // namespace anteroom::store
