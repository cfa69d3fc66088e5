// A list of properties to put in: a key and a name in each row.
#pragma once

#include <string_view>
#include <vector>

#include "anteroom/message.h"
#include "anteroom/properties.h"

namespace anteroom::journey {

struct ListedProperty {
  int line = 0;
  store::Property property;
  Message complaint;  ///< what is wrong with the row; empty: nothing
};

struct PropertyList {
  std::vector<ListedProperty> properties;
  Message complaint;  ///< what is wrong with the list as a whole; `properties` is empty then
};

/// `text`: at most store::kMaxPutIn rows of CSV. A first row may name the columns, key and name, in
/// either order. Which keys there can be is for the database to say.
PropertyList read_property_list(std::string_view text);

}  // namespace anteroom::journey
