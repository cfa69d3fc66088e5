// The security headers of pages and assets.
#pragma once

#include <string_view>

#include "anteroom/http.h"

namespace anteroom::pages {

/// For an HTML page that may hold a person's data. `form_action`: see Renderer::page(); what is not
/// a plain list of sources is left out.
HeaderList page_headers(std::string_view language, std::string_view form_action);

/// For a file that never changes under its address.
HeaderList asset_headers(std::string_view type);

}  // namespace anteroom::pages
