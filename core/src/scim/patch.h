// PATCH as directories send it (RFC 7644, 3.5.2): operations in any case, attributes named by a
// path or as members of a value.
#pragma once

#include <functional>
#include <string_view>

#include "scim/document.h"
#include "scim/path.h"
#include "text/person_text.h"

namespace anteroom::scim {

enum class Operation { set, add, remove };  ///< set: "replace"

/// One attribute to change. `value` is null where an operation brings none, and only with "remove":
/// null is not a value (RFC 7643, 2.5), to set it takes the attribute away and to add it does
/// nothing.
using Apply = std::function<Status(Operation, const Path&, const Json& value)>;

/// Calls `apply` for each operation of a PATCH's body in order and stops at the first failure. At
/// most 100 operations.
Status each_operation(const Json& document, const Apply& apply);

/// The members of a resource as replacements; "schemas", "id", "meta" and what is null are left
/// out.
Status each_attribute(const Json& resource, const Apply& apply);

/// A text attribute: removed, or set to a text.
Status change_text(std::optional<std::string>& attribute, Operation operation, const Json& value,
                   std::string_view name, std::size_t max);

inline constexpr std::size_t kMaxName = text::kMaxDirectoryName;  // of anything that people read

}  // namespace anteroom::scim
