// What the pages about people are filled with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/people.h"
#include "anteroom/properties.h"
#include "journey/frame/context.h"
#include "journey/manage/property_choice.h"

namespace anteroom::journey {

/// Where on a person's page something was tried, and what came of it; all empty: nothing was.
struct Tried {
  std::string form = {};      ///< "grant", "add", "account", "sessions"
  std::string property = {};  ///< of a grant
  store::GrantChange entered = {};
  Message error = {};
  PropertyPick pick = {};  ///< of "add"
  PropertyFound found = {};
};

/// One entry of the list: `href`, `name`, `email`, `company`, `last_sign_on`, `state` and one of
/// is_waiting, is_disabled, is_active; list `grants` as named_grants() makes it.
pages::Values person_values(const Context& context, const store::Person& person,
                            const store::PropertyNames& names);

/// A whole person; who looks at them has `viewer`'s rights, and may give what is in the offer.
pages::Values person_page_values(const Context& context, const store::PersonDetail& detail,
                                 const PropertyOffer& offer, const store::PropertyNames& names,
                                 const SessionFields& viewer, const Tried& tried);

/// What is wrong with a change.
Message change_message(store::PersonChange change);

}  // namespace anteroom::journey
