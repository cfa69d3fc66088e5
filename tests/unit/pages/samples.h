// The pages with the values that the journey gives them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/pages.h"

namespace samples {

using anteroom::Settings;
using anteroom::pages::Values;

/// One page as a person could meet it. `file` tells variants of a template apart.
struct Sample {
  std::string file;
  std::string name;
  int status = 200;
  Values values;
};

Settings settings();
std::vector<Sample> all();

/// Every text value that the journey gives, by template: what pages.h and nginx-conf/templates.md
/// agree on.
const std::map<std::string, std::vector<std::string>>& text_values();

}  // namespace samples
