// How templates make up a document: a page within the layout, with the parts that it includes.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace anteroom::pages {

/// Template name to its text.
using TemplateTexts = std::map<std::string, std::string, std::less<>>;

/// The shipped templates, with those replaced that `overrides` names. Unknown names are ignored
/// here: check_template() refuses them.
TemplateTexts chosen_texts(const std::map<std::string, std::string>& overrides);

/// False for the parts that pages are made with: layout, styles, support …
bool is_page(std::string_view name);

/// True for the pages whose values open something, or may: links, tokens, messages to an identity
/// provider, the address that an error is about. They are not compressed, and no page beside them
/// is given such a value.
bool holds_secret(std::string_view name);

/// The text of a whole document: the page of that name within `manage_layout` if its name begins
/// with manage_ or is set_up, else within `layout`. Throws std::runtime_error if the page has no
/// <main> (its own head elements stand before it) or the layout no place for it.
std::string in_layout(const TemplateTexts& texts, const std::string& name);

}  // namespace anteroom::pages
