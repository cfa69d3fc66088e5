#include "journey/manage/forms.h"

#include "journey/manage/people_list.h"
#include "text/unicode.h"

namespace anteroom::journey {

std::string field_of(const std::optional<http::Form>& form, std::string_view name,
                     std::size_t max) {
  return form ? std::string(text::cut(text::trimmed(form->get(name)), max)) : "";
}

Message complaint_about_needed_name(std::string_view name) {
  return name.empty() ? Message("property_no_name"_message) : complaint_about_name(name);
}

}  // namespace anteroom::journey
