// The templates, assets and texts of these folders, built into the program (embed_files.cmake).
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace anteroom::pages {

/// By template name, without the extension.
const std::map<std::string, std::string_view>& shipped_templates();

/// By file name.
const std::map<std::string, std::string_view>& shipped_assets();

/// By language ("en", "es"): see Catalogue.
const std::map<std::string, std::string_view>& shipped_catalogues();

}  // namespace anteroom::pages
