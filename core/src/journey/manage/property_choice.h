// Properties, chosen from a few or found by typing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/pages.h"
#include "anteroom/properties.h"
#include "journey/frame/context.h"
#include "journey/manage/choices.h"

namespace anteroom::journey {

/// Bytes of one text: the longest name, with its key in brackets, is shorter.
inline constexpr std::size_t kMaxLookedFor = 500;

/// What a form says of one property: the list `property`, or the part `property_search`.
struct PropertyPick {
  std::string key = {};     ///< that was chosen; "*" for all; empty: none was
  std::string typed = {};   ///< what to look for
  bool is_unclear = false;  ///< all properties and one of them, both

  /// What was typed anew counts for more than what was chosen before.
  template <class Form>
  static PropertyPick of(const Form& form) {
    return read(form.get("property"), form.get("looked_for"), form.get("looked_for_was"),
                !form.get("everywhere").empty());
  }
  static PropertyPick read(std::string_view chosen, std::string_view looked_for,
                           std::string_view looked_for_was, bool is_everywhere);
};

/// What came of looking for it.
struct PropertyFound {
  std::string key = {};    ///< the one that is meant; empty: none was named, or it is not clear
  Message complaint = {};  ///< why it is not
  std::vector<store::Property> candidates = {};  ///< at most kMostOffered
  int more = 0;                                  ///< that match as well
};

/// Whether what only one has in its name or key means that one, and what is one's key and another's
/// name the first. Whoever narrows a list or asks sees what they get; whoever gives access is
/// asked.
enum class Parts { suffice, are_asked_about };

/// Looks where `reach` goes for what was typed, unless one was chosen.
Task<Result<PropertyFound>> find_property(const Exchange& exchange, Reach reach, PropertyPick pick,
                                          Parts parts);

/// What is offered where `reach` goes.
struct PropertyOffer {
  std::vector<store::Property> few;     ///< all that there are, if they are few
  bool is_typed = false;                ///< they are not
  std::vector<store::Property> chosen;  ///< those of the keys, if they are not
};
Task<Result<PropertyOffer>> offer_properties(const Exchange& exchange, Reach reach,
                                             std::vector<std::string> keys);
Task<Result<PropertyOffer>> offer_properties(const Exchange& exchange, Reach reach,
                                             const PropertyPick& pick);

/// Adds what a page needs to choose one: the list `properties`, or what `property_search` shows.
void add_property_choice(pages::Values& values, const PropertyOffer& offer,
                         const PropertyPick& pick, const PropertyFound& found);

/// The list `candidates` and what belongs to it.
void add_candidates(pages::Values& values, const PropertyFound& found);

/// Why `typed`, which so many have, does not name one.
Message complaint_about_matches(const std::string& typed, int matches);

/// "Elm Court (elm)": typed, it finds that one and no other.
std::string unmistakable(const store::Property& property);

}  // namespace anteroom::journey
