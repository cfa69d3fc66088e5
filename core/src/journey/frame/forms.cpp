#include "journey/frame/forms.h"

#include "text/unicode.h"

namespace anteroom::journey {

std::string field_of(const std::optional<http::Form>& form, std::string_view name,
                     std::size_t max) {
  return form ? std::string(text::cut(text::trimmed(form->get(name)), max)) : "";
}

}  // namespace anteroom::journey
