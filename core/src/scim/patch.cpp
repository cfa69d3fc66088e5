#include "scim/patch.h"

#include <algorithm>
#include <array>

#include "scim/codes.h"
#include "text/ascii.h"

namespace anteroom::scim {

namespace {

constexpr std::size_t kMaxOperations = 100;
constexpr std::string_view kPatchUrn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

std::optional<Operation> operation_of(const Json& entry) {
  const Json* op = member(entry, "op");
  if (op == nullptr || !op->is_string()) return std::nullopt;
  const auto& name = op->get_ref<const std::string&>();
  if (text::equals_ignoring_case(name, "replace")) return Operation::set;
  if (text::equals_ignoring_case(name, "add")) return Operation::add;
  if (text::equals_ignoring_case(name, "remove")) return Operation::remove;
  return std::nullopt;
}

// What clients repeat though only the server says it.
bool is_echo(const Path& path) {
  constexpr std::array<std::string_view, 3> kEchoes{"schemas", "id", "meta"};
  return std::find(kEchoes.begin(), kEchoes.end(), path.attribute) != kEchoes.end();
}

Status apply_value(Operation operation, const Path& path, const Json& value, const Apply& apply) {
  if (!value.is_null() || operation == Operation::remove) return apply(operation, path, value);
  return operation == Operation::add ? Status(Done{}) : apply(Operation::remove, path, value);
}

Status each_member(Operation operation, const Json& object, const Apply& apply) {
  for (const auto& item : object.items()) {
    const auto path = parse_path(item.key());
    if (!path) return path.failure();
    if (is_echo(*path)) continue;
    Status applied = apply_value(operation, *path, item.value(), apply);
    if (!applied) return applied;
  }
  return Done{};
}

Status apply_entry(const Json& entry, const Apply& apply) {
  static const Json kNone;
  const auto operation = operation_of(entry);
  if (!operation) {
    return Failure{code::kScimInvalidSyntax, "op must be add, replace or remove."};
  }
  const Json* given = member(entry, "value");
  const Json& value = given == nullptr ? kNone : *given;
  const Json* path_text = member(entry, "path");
  if (path_text == nullptr || path_text->is_null()) {
    if (*operation == Operation::remove) {
      return Failure{code::kScimNoTarget, "remove needs a path."};
    }
    if (!value.is_object()) {
      return Failure{code::kScimInvalidValue, "Without a path the value must be an object."};
    }
    return each_member(*operation, value, apply);
  }
  if (!path_text->is_string()) return Failure{code::kScimInvalidPath, "path must be a text."};
  const auto path = parse_path(path_text->get_ref<const std::string&>());
  if (!path) return path.failure();
  if (is_echo(*path))
    return Failure{code::kScimMutability, path->attribute + " cannot be changed."};
  return apply_value(*operation, *path, value, apply);
}

}  // namespace

Status each_operation(const Json& document, const Apply& apply) {
  if (!has_schema(document, kPatchUrn)) {
    return Failure{code::kScimInvalidSyntax, "schemas must name " + std::string(kPatchUrn) + "."};
  }
  const Json* operations = member(document, "Operations");
  if (operations == nullptr || !operations->is_array() || operations->empty() ||
      operations->size() > kMaxOperations) {
    return Failure{code::kScimInvalidSyntax, "Operations must be a list of 1 to 100."};
  }
  for (const Json& entry : *operations) {
    Status applied = apply_entry(entry, apply);
    if (!applied) return applied;
  }
  return Done{};
}

Status each_attribute(const Json& resource, const Apply& apply) {
  return each_member(Operation::set, resource,
                     [&apply](Operation operation, const Path& path, const Json& value) {
                       return value.is_null() ? Status(Done{}) : apply(operation, path, value);
                     });
}

Status change_text(std::optional<std::string>& attribute, Operation operation, const Json& value,
                   std::string_view name, std::size_t max) {
  if (operation == Operation::remove) {
    attribute = "";
    return Done{};
  }
  auto text = read_text(value, name, max);
  if (!text) return text.failure();
  attribute = std::move(*text);
  return Done{};
}

}  // namespace anteroom::scim
