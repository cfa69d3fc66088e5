// The pages with the values that the journey gives them.
#pragma once

#include <map>
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
/// Of an installation with settings(): made once, for that takes long.
const anteroom::pages::Renderer& renderer();
std::vector<Sample> all();
/// Of them, those about companies.
std::vector<Sample> companies();
/// And those for their administrators.
std::vector<Sample> set_up();

/// A page of Manage, with what manage_layout asks for, besides what the page does.
Sample managed(std::string file, std::string name, int status, Values values,
               const std::string& tab);

/// Every text value that the journey gives, by template: what pages.h and
/// nginx-conf/manual/templates.md agree on.
const std::map<std::string, std::vector<std::string>>& text_values();

/// A page with everything that Manage's pages are made of, in manage_layout: kit.mustache.
std::string kit_page(const std::string& language);

/// Value of a response header, empty if it has none.
std::string header(const anteroom::Response& response, std::string_view name);

/// A page with these values, in an installation with settings().
std::string body(const std::string& name, const Values& values);

/// The opening tags of a document, each from '<' to '>' (attribute values hold no '>': it is
/// escaped).
std::vector<std::string> tags(const std::string& html);

/// The values of an attribute, in document order.
std::vector<std::string> attributes(const std::string& html, const std::string& name);

std::string read_file(const std::string& path_in_repository);

}  // namespace samples
