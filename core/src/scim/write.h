// What answers are made of.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace anteroom::scim {

using OrderedJson = nlohmann::ordered_json;

/// Leaves out what is empty: a null would be one too (RFC 7643, 2.5).
void add_text(OrderedJson& object, const char* name, const std::string& text);

OrderedJson meta_of(const char* type, const std::string& location, const std::string& created,
                    const std::string& changed);

/// A ListResponse (RFC 7644, 3.4.2).
OrderedJson list_of(int total, int start, OrderedJson resources);
std::string write_list(int total, int start, OrderedJson resources);

std::string text_of(const OrderedJson& json);

}  // namespace anteroom::scim
