// What is wrong with what was sent to a page of Manage.
#pragma once

#include <string_view>

#include "journey/frame/forms.h"

namespace anteroom::journey {

/// What is wrong with a name that there has to be; empty: nothing.
Message complaint_about_needed_name(std::string_view name);

}  // namespace anteroom::journey
