#include "scim/document.h"

#include <algorithm>
#include <set>
#include <vector>

#include "scim/codes.h"
#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::scim {

namespace {

// Builds the document while it is read, and stops at the first thing that is out of bounds. (The
// library's own callback parser searches the whole of what it has at the end of each object.)
// Of two members with one name it would keep the last, and others keep the first: whatever stands
// twice is refused.
class Builder : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(Effort& effort) : effort_(effort) {}

  [[nodiscard]] const std::string& complaint() const { return complaint_; }
  [[nodiscard]] Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override {
    if (value.size() > kMaxString) return refuse("The body holds a text that is too long.");
    return put(std::move(value));
  }
  bool binary(binary_t&) override { return refuse("The body is not a JSON object."); }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    Level& level = levels_.back();
    if (name.size() > kMaxAttributeName) return refuse("An attribute's name is too long.");
    if (level.names.size() == kMaxNames) return refuse("An object has too many attributes.");
    if (!level.names.insert(text::to_lower(name)).second) {
      return refuse("An attribute is in the body twice.");
    }
    level.member = &(*level.value)[name];
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return refuse("The body is not a JSON object.");
  }

 private:
  struct Before {
    Effort* effort;
    bool operator()(const std::string& a, const std::string& b) const {
      ++effort->steps;
      return a < b;
    }
  };
  struct Level {
    Json* value;   // stays where it is until it is closed: what holds it does not grow before
    Json* member;  // of an object: where the next value goes
    std::set<std::string, Before> names;
  };

  bool refuse(const char* complaint) {
    complaint_ = complaint;
    return false;
  }
  // nullptr: out of bounds.
  Json* place(Json value) {
    if (++effort_.steps, ++values_ > kMaxValues) {
      refuse("The body holds too many values.");
      return nullptr;
    }
    if (levels_.empty()) return &(root_ = std::move(value));
    Level& level = levels_.back();
    if (level.value->is_object()) return &(*level.member = std::move(value));
    level.value->push_back(std::move(value));
    return &level.value->back();
  }
  bool put(Json value) { return place(std::move(value)) != nullptr; }
  bool open(Json value) {
    if (levels_.size() == kMaxDepth) return refuse("The body is nested too deep.");
    Json* placed = place(std::move(value));
    if (placed == nullptr) return false;
    levels_.push_back({placed, nullptr, std::set<std::string, Before>(Before{&effort_})});
    return true;
  }
  bool close() {
    levels_.pop_back();
    return true;
  }

  Effort& effort_;
  Json root_;
  std::vector<Level> levels_;
  std::size_t values_ = 0;
  std::string complaint_;
};

}  // namespace

Result<Json> parse_document(std::string_view text, Effort& effort) {
  if (text.size() > kMaxDocument) return Failure{code::kScimTooLarge, "The body is too large."};
  Builder builder(effort);
  if (!Json::sax_parse(text, &builder)) {
    return Failure{code::kScimInvalidSyntax, builder.complaint()};
  }
  Json document = builder.take();
  if (!document.is_object()) {
    return Failure{code::kScimInvalidSyntax, "The body is not a JSON object."};
  }
  return document;
}

Result<Json> parse_document(std::string_view text) {
  Effort effort;
  return parse_document(text, effort);
}

const Json* member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  for (const auto& item : object.items()) {
    if (text::equals_ignoring_case(item.key(), name)) return &item.value();
  }
  return nullptr;
}

bool has_schema(const Json& object, std::string_view urn) {
  const Json* schemas = member(object, "schemas");
  return schemas != nullptr && schemas->is_array() &&
         std::any_of(schemas->begin(), schemas->end(), [&](const Json& schema) {
           return schema.is_string() &&
                  text::equals_ignoring_case(schema.get_ref<const std::string&>(), urn);
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
  if (!text::is_plain_text(text, text::Lines::one)) {
    return Failure{code::kScimInvalidValue,
                   std::string(name) + " must be without control and formatting characters."};
  }
  return text;
}

Result<bool> read_boolean(const Json& value, std::string_view name) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text::equals_ignoring_case(text, "true")) return true;
    if (text::equals_ignoring_case(text, "false")) return false;
  }
  return Failure{code::kScimInvalidValue, std::string(name) + " must be true or false."};
}

}  // namespace anteroom::scim
