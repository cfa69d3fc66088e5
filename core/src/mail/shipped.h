// The templates of this folder, built into the program (embed_templates.cmake).
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace anteroom::mail {

/// By "NAME.LANGUAGE.FORMAT".
const std::map<std::string, std::string_view>& shipped_templates();

}  // namespace anteroom::mail
