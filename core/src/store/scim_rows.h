// What the statements for directories share.
#pragma once

#include <string>
#include <string_view>

#include "anteroom/scim.h"
#include "store/rows.h"
#include "text/uuid.h"

namespace anteroom::store {

/// The id, or one that nothing has where it is not a UUID.
inline Cell uuid_or_none(const std::optional<std::string>& id) {
  constexpr const char* kNobody = "00000000-0000-0000-0000-000000000000";
  return !id || text::is_uuid(*id) ? id : Cell(kNobody);
}

/// The table of a filter (NULL: there is none), and its conditions as three lists of one length.
void append_filter(Params& params, const scim::Filter& filter);

inline ScimOutcome scim_outcome(std::string_view name) {
  if (name == "done") return ScimOutcome::done;
  if (name == "exists") return ScimOutcome::exists;
  if (name == "pinned") return ScimOutcome::pinned;
  if (name == "no_address") return ScimOutcome::no_address;
  if (name == "no_member") return ScimOutcome::no_member;
  return ScimOutcome::not_found;
}

}  // namespace anteroom::store
