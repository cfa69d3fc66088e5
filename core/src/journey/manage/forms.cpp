#include "journey/manage/forms.h"

#include "journey/manage/people_list.h"

namespace anteroom::journey {

Message complaint_about_needed_name(std::string_view name) {
  return name.empty() ? Message("property_no_name"_message) : complaint_about_name(name);
}

}  // namespace anteroom::journey
