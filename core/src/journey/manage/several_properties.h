// Several properties at once, as they are typed on a request's page.
#pragma once

#include <string>
#include <vector>

#include "journey/manage/property_choice.h"

namespace anteroom::journey {

/// What the page sends of them.
struct PropertiesTyped {
  std::string typed;                ///< one a line, or with commas
  std::string typed_was;            ///< what was not clear when the page was shown
  std::vector<std::string> chosen;  ///< keys that are ticked
  std::string chosen_was;           ///< that were when it was shown, with commas
};

struct PropertiesFound {
  std::vector<std::string> keys;
  bool are_whole = true;  ///< none of them was found by a part
  std::string left;       ///< what is not clear, as it was typed
  PropertyFound rest;     ///< about that
};
/// Looks where `reach` goes. What was not clear is answered by ticking what it may mean.
Task<Result<PropertiesFound>> find_several_properties(const Exchange& exchange, Reach reach,
                                                      PropertiesTyped asked);

}  // namespace anteroom::journey
