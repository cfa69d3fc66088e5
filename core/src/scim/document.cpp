#include "scim/document.h"

#include <algorithm>
#include <set>
#include <vector>

#include "http/text.h"
#include "http/unicode.h"
#include "scim/codes.h"

namespace anteroom::scim {

namespace {

constexpr std::size_t kMaxDepth = 8;

// Watches the parser. It keeps the last of two members with one name, and others keep the first:
// whatever stands twice is refused.
class Watch {
 public:
  bool operator()(Json::parse_event_t event, const Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        names_.emplace_back();
        is_too_deep_ = is_too_deep_ || names_.size() > kMaxDepth;
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        names_.pop_back();
        break;
      case Json::parse_event_t::key:
        has_twice_ =
            !names_.back().insert(http::to_lower(parsed.get_ref<const std::string&>())).second ||
            has_twice_;
        break;
      case Json::parse_event_t::value:
        break;
    }
    return true;
  }
  [[nodiscard]] bool is_too_deep() const { return is_too_deep_; }
  [[nodiscard]] bool has_twice() const { return has_twice_; }

 private:
  std::vector<std::set<std::string>> names_;
  bool is_too_deep_ = false;
  bool has_twice_ = false;
};

}  // namespace

Result<Json> parse_document(std::string_view text) {
  if (text.size() > kMaxDocument) return Failure{code::kScimTooLarge, "The body is too large."};
  Watch watch;
  Json document = Json::parse(
      text,
      [&watch](int, Json::parse_event_t event, const Json& parsed) { return watch(event, parsed); },
      false);
  if (document.is_discarded() || !document.is_object()) {
    return Failure{code::kScimInvalidSyntax, "The body is no JSON object."};
  }
  if (watch.is_too_deep()) return Failure{code::kScimInvalidSyntax, "The body is nested too deep."};
  if (watch.has_twice()) {
    return Failure{code::kScimInvalidSyntax, "An attribute is in the body twice."};
  }
  return document;
}

const Json* member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  for (const auto& item : object.items()) {
    if (http::equals_ignoring_case(item.key(), name)) return &item.value();
  }
  return nullptr;
}

bool has_schema(const Json& object, std::string_view urn) {
  const Json* schemas = member(object, "schemas");
  return schemas != nullptr && schemas->is_array() &&
         std::any_of(schemas->begin(), schemas->end(), [&](const Json& schema) {
           return schema.is_string() &&
                  http::equals_ignoring_case(schema.get_ref<const std::string&>(), urn);
         });
}

Result<std::string> read_text(const Json& value, std::string_view name, std::size_t max) {
  if (value.is_null()) return std::string();
  if (!value.is_string()) {
    return Failure{code::kScimInvalidValue, std::string(name) + " must be a text."};
  }
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > max) {
    return Failure{code::kScimInvalidValue,
                   std::string(name) + " must be at most " + std::to_string(max) + " bytes long."};
  }
  if (!http::is_plain_text(text, http::Lines::one)) {
    return Failure{code::kScimInvalidValue,
                   std::string(name) + " must be without control and formatting characters."};
  }
  return text;
}

Result<bool> read_boolean(const Json& value, std::string_view name) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (http::equals_ignoring_case(text, "true")) return true;
    if (http::equals_ignoring_case(text, "false")) return false;
  }
  return Failure{code::kScimInvalidValue, std::string(name) + " must be true or false."};
}

}  // namespace anteroom::scim
