#include "scim/projection.h"

#include <algorithm>
#include <functional>

#include "scim/path.h"
#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::scim {

namespace {

constexpr std::size_t kMaxNames = 64;

bool is_always_there(std::string_view attribute) {
  return attribute == "schemas" || attribute == "id";
}

// Erases the members for which it is true.
void erase_if(OrderedJson& object, const std::function<bool(const std::string& name)>& is_wrong) {
  for (auto at = object.begin(); at != object.end();) {
    at = is_wrong(text::to_lower(at.key())) ? object.erase(at) : std::next(at);
  }
}

// Of a complex attribute, or each of several.
void each_object(OrderedJson& value, const std::function<void(OrderedJson&)>& change) {
  if (value.is_object()) change(value);
  if (!value.is_array()) return;
  for (OrderedJson& item : value) {
    if (item.is_object()) change(item);
  }
}

}  // namespace

std::vector<Projection::Name> Projection::names_of(std::string_view list) {
  std::vector<Name> names;
  for (std::size_t i = 0; i < kMaxNames && !list.empty(); ++i) {
    const auto comma = std::min(list.find(','), list.size());
    const auto path = parse_path(text::trimmed(list.substr(0, comma)));
    if (path && !path->is_foreign) names.push_back({path->attribute, path->sub});
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

Projection::Projection(std::string_view wanted, std::string_view excluded)
    : is_restricted_(!wanted.empty()), wanted_(names_of(wanted)), excluded_(names_of(excluded)) {}

bool Projection::has(const std::vector<Name>& names, std::string_view attribute,
                     std::string_view sub) {
  return std::any_of(names.begin(), names.end(), [&](const Name& name) {
    return name.attribute == attribute && name.sub == sub;
  });
}

bool Projection::asks_for(std::string_view attribute) const {
  return std::any_of(wanted_.begin(), wanted_.end(),
                     [&](const Name& name) { return name.attribute == attribute; });
}

bool Projection::shows(std::string_view attribute) const {
  return (!is_restricted_ || asks_for(attribute)) && !has(excluded_, attribute, "");
}

void Projection::keep_wanted_parts(OrderedJson& value, const std::string& attribute) const {
  if (!is_restricted_ || has(wanted_, attribute, "")) return;
  each_object(value, [&](OrderedJson& object) {
    erase_if(object, [&](const std::string& sub) { return !has(wanted_, attribute, sub); });
  });
}

void Projection::drop_excluded_parts(OrderedJson& value, const std::string& attribute) const {
  if (!std::any_of(excluded_.begin(), excluded_.end(),
                   [&](const Name& name) { return name.attribute == attribute; })) {
    return;
  }
  each_object(value, [&](OrderedJson& object) {
    erase_if(object, [&](const std::string& sub) { return has(excluded_, attribute, sub); });
  });
}

OrderedJson Projection::of(OrderedJson resource) const {
  if (!is_restricted_ && excluded_.empty()) return resource;
  OrderedJson out = OrderedJson::object();
  for (auto& [name, value] : resource.items()) {
    const std::string attribute = text::to_lower(name);
    if (!is_always_there(attribute)) {
      if (!shows(attribute)) continue;
      keep_wanted_parts(value, attribute);
      drop_excluded_parts(value, attribute);
      if (value.is_object() && value.empty()) continue;
    }
    out[name] = std::move(value);
  }
  return out;
}

}  // namespace anteroom::scim
