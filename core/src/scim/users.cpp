#include "scim/users.h"

#include <algorithm>
#include <array>

#include "scim/codes.h"
#include "scim/emails.h"
#include "scim/filter.h"
#include "scim/patch.h"
#include "scim/write.h"
#include "text/ascii.h"

namespace anteroom::scim {

namespace {

constexpr const char* kUserUrn = "urn:ietf:params:scim:schemas:core:2.0:User";
constexpr const char* kOldUrn = "urn:scim:schemas:core:2.0";  // of drafts; OneLogin's default
constexpr std::size_t kMaxUserName = 254;
constexpr std::size_t kMaxExternalId = 256;

bool is_word(const Json* value, std::string_view word) {
  return value != nullptr && value->is_string() &&
         text::equals_ignoring_case(value->get_ref<const std::string&>(), word);
}

Status change_name(UserChange& change, Operation operation, const Path& path, const Json& value) {
  struct Part {
    std::string_view name;
    std::optional<std::string> UserChange::*member;
  };
  constexpr std::array<Part, 3> kParts{{{"formatted", &UserChange::formatted_name},
                                        {"givenName", &UserChange::given_name},
                                        {"familyName", &UserChange::family_name}}};
  const bool is_whole = path.sub.empty();
  if (is_whole && operation != Operation::remove && !value.is_object()) {
    return Failure{code::kScimInvalidValue, "name must be an object."};
  }
  for (const Part& part : kParts) {
    if (!is_whole && !text::equals_ignoring_case(part.name, path.sub)) continue;
    const bool removes_all = is_whole && operation == Operation::remove;
    const Json* given = is_whole ? member(value, part.name) : &value;
    if (given == nullptr && !removes_all) continue;
    Status changed = change_text(change.*part.member, operation, removes_all ? value : *given,
                                 "name." + std::string(part.name), kMaxName);
    if (!changed) return changed;
  }
  return Done{};
}

Status change_user_name(UserChange& change, Operation operation, const Json& value) {
  Status changed = change_text(change.user_name, operation, value, "userName", kMaxUserName);
  if (changed && change.user_name->empty()) {
    return Failure{code::kScimMutability, "userName cannot be taken away."};
  }
  return changed;
}

Status change_active(UserChange& change, Operation operation, const Json& value) {
  if (operation == Operation::remove) return Done{};  // nobody is turned on without a word
  const auto is_active = read_boolean(value, "active");
  if (!is_active) return is_active.failure();
  change.is_active = *is_active;
  return Done{};
}

Status change_user(UserChange& change, Operation operation, const Path& path, const Json& value) {
  const std::string& name = path.attribute;
  if (path.is_foreign) return Done{};
  if (name == "emails") return change_emails(change, operation, path, value);
  if (is_not_kept(name) || name == "password") return Done{};
  if (name == "name" && !path.where) return change_name(change, operation, path, value);
  if (!path.sub.empty() || path.where) {
    return Failure{code::kScimInvalidPath, "A path leads to nothing."};
  }
  if (name == "username") return change_user_name(change, operation, value);
  if (name == "active") return change_active(change, operation, value);
  if (name == "externalid") {
    return change_text(change.external_id, operation, value, "externalId", kMaxExternalId);
  }
  if (name == "displayname") {
    return change_text(change.display_name, operation, value, "displayName", kMaxName);
  }
  return Failure{code::kScimInvalidPath, "A User has no attribute " + name.substr(0, 64) + "."};
}

Result<UserChange> read_whole(const Json& document) {
  if (!has_schema(document, kUserUrn) && !has_schema(document, kOldUrn)) {
    return Failure{code::kScimInvalidSyntax, std::string("schemas must name ") + kUserUrn + "."};
  }
  UserChange change;
  for (auto member :
       {&UserChange::external_id, &UserChange::work_email, &UserChange::display_name,
        &UserChange::formatted_name, &UserChange::given_name, &UserChange::family_name}) {
    change.*member = "";
  }
  // Attributes that a User does not have are ignored (RFC 7644, 3.3).
  const Status read =
      each_attribute(document, [&change](Operation operation, const Path& path, const Json& value) {
        Status changed = change_user(change, operation, path, value);
        return !changed && changed.failure().code == code::kScimInvalidPath ? Status(Done{})
                                                                            : changed;
      });
  if (!read) return read.failure();
  if (!change.user_name) return Failure{code::kScimInvalidValue, "userName is missing."};
  return change;
}

Result<UserChange> read_patch(const Json& document) {
  UserChange change;
  const Status read =
      each_operation(document, [&change](Operation operation, const Path& path, const Json& value) {
        return change_user(change, operation, path, value);
      });
  if (!read) return read.failure();
  return change;
}

bool is_off(const Json* active) {
  if (active == nullptr) return false;
  const auto value = read_boolean(*active, "active");
  return value && !*value;
}

// Of a PUT or PATCH that cannot be taken as a whole.
bool says_inactive(const Json& document) {
  if (is_off(member(document, "active"))) return true;
  const Json* operations = member(document, "Operations");
  if (operations == nullptr || !operations->is_array()) return false;
  return std::any_of(operations->begin(), operations->end(), [](const Json& operation) {
    const Json* value = member(operation, "value");
    const Json* path = member(operation, "path");
    if (is_word(member(operation, "op"), "remove") || value == nullptr) return false;
    if (is_word(path, "active")) return is_off(value);
    return (path == nullptr || path->is_null()) && is_off(member(*value, "active"));
  });
}

UserReading read(std::string_view body, Result<UserChange> (*read_document)(const Json&)) {
  const auto document = parse_document(body);
  if (!document) return {document.failure(), false};
  auto change = read_document(*document);
  const bool turns_off =
      change ? change->is_active == std::optional(false) : says_inactive(*document);
  return {std::move(change), turns_off};
}

}  // namespace

Result<UserChange> read_new_user(std::string_view body) {
  auto user = read(body, read_whole).change;
  if (user && !user->is_active) user->is_active = true;
  return user;
}

UserReading read_user_replacement(std::string_view body) {
  return read(body, read_whole);
}

UserReading read_user_patch(std::string_view body) {
  return read(body, read_patch);
}

namespace {

OrderedJson user_object(const User& user, const std::string& base) {
  OrderedJson out{{"schemas", {kUserUrn}}, {"id", user.id}};
  add_text(out, "externalId", user.external_id);
  out["userName"] = user.user_name;
  add_text(out, "displayName", user.display_name);
  OrderedJson name = OrderedJson::object();
  add_text(name, "formatted", user.formatted_name);
  add_text(name, "givenName", user.given_name);
  add_text(name, "familyName", user.family_name);
  if (!name.empty()) out["name"] = name;
  if (!user.work_email.empty()) {
    out["emails"] = {{{"value", user.work_email}, {"type", "work"}, {"primary", true}}};
  }
  out["active"] = user.is_active;
  out["meta"] = meta_of("User", base + "/Users/" + user.id, user.created_at, user.changed_at);
  return out;
}

}  // namespace

std::string write_user(const User& user, const std::string& base, const Projection& projection) {
  return text_of(projection.of(user_object(user, base)));
}

void add_users(OrderedJson& resources, const std::vector<User>& users, const std::string& base,
               const Projection& projection) {
  for (const User& user : users) resources.push_back(projection.of(user_object(user, base)));
}

}  // namespace anteroom::scim
