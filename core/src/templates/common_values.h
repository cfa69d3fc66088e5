// What every template can say about this installation.
#pragma once

#include <string_view>

#include "anteroom/settings.h"
#include "anteroom/template_values.h"

namespace anteroom::templates {

/// All but the addresses of assets. Links that are not http(s) are left out.
Values common_values(const Settings& settings);

/// True for "https://…", "http://…" and a path of this host: "/…", but not "//…" or "/\…".
bool is_web_link(std::string_view url);

}  // namespace anteroom::templates
