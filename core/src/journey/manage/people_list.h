// A list of people to ask access for: addresses one a line, or a table with a head.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/message.h"
#include "anteroom/requests.h"

namespace anteroom::journey {

struct ListedPerson {
  int line = 0;
  store::AccessRequest request;  ///< expires_at as written: a day
  Message complaint;             ///< what is wrong with the row; empty: nothing
};

struct PeopleList {
  std::vector<ListedPerson> people;
  Message complaint;  ///< what is wrong with the list as a whole; `people` is empty then
};

/// `text`: at most store::kMaxFiled rows of CSV. With a first row that names the columns (email,
/// name, property, level, expires, note; email is needed) or with addresses alone. Whatever a row
/// leaves open is as in `standard`.
PeopleList read_people(std::string_view text, const store::AccessRequest& standard);

/// What is wrong with a name or a note; empty: nothing.
Message complaint_about_name(std::string_view name);
Message complaint_about_note(std::string_view note);

}  // namespace anteroom::journey
