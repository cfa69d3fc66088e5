// What was sent to a page, and what is wrong with it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "anteroom/message.h"
#include "http/form.h"

namespace anteroom::journey {

/// A field of a form, without the white space around it, cut off beyond `max` bytes.
std::string field_of(const std::optional<http::Form>& form, std::string_view name, std::size_t max);

/// What came of a form: the page is shown again with it.
struct Attempt {
  int status = 200;
  std::map<std::string, Message> messages;  ///< by their names in the template

  void refuse(const std::string& message, Message why, int with = 422) {
    messages[message] = std::move(why);
    status = with;
  }
};

}  // namespace anteroom::journey
