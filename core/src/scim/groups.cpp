#include "scim/groups.h"

#include <set>

#include "scim/codes.h"
#include "scim/patch.h"
#include "scim/write.h"
#include "text/ascii.h"
#include "text/uuid.h"

namespace anteroom::scim {

namespace {

constexpr const char* kGroupUrn = "urn:ietf:params:scim:schemas:core:2.0:Group";
constexpr const char* kOldUrn = "urn:scim:schemas:core:2.0";  // of drafts; OneLogin's default
constexpr std::size_t kMaxExternalId = 256;

// What a sequence of operations comes to.
struct Members {
  bool is_cleared = false;
  std::set<std::string> added, removed;

  void clear() {
    is_cleared = true;
    added.clear();
    removed.clear();
  }
  void add(const std::string& id) {
    removed.erase(id);
    added.insert(id);
  }
  void remove(const std::string& id) {
    added.erase(id);
    removed.insert(id);
  }
};

Result<std::string> read_member(const Json& value) {
  const Json* id = value.is_object() ? member(value, "value") : &value;
  if (id == nullptr || !id->is_string() || !text::is_uuid(id->get_ref<const std::string&>())) {
    return Failure{code::kScimInvalidValue, "members must hold the ids of Users."};
  }
  return text::to_lower(id->get_ref<const std::string&>());
}

Failure no_way_to_members() {
  return {code::kScimInvalidPath, "Only remove takes a path into members, by value eq ID."};
}

// Of "members[value eq \"ID\" or …]": each whose id alone makes it true.
Status remove_chosen(Members& members, const Expression& where) {
  std::size_t known = 0;
  for (std::size_t i = 0; i < where.comparisons.size(); ++i) {
    const Comparison& comparison = where.comparisons[i];
    const bool is_id = comparison.sub == "value";
    if (is_id && comparison.test != "eq") return no_way_to_members();
    if (!is_id && holds(comparison, comparison.sub == "type" ? "User" : "")) {
      known |= std::size_t{1} << i;
    }
  }
  if (where.table[known] == '1') return no_way_to_members();  // whoever it is
  for (std::size_t i = 0; i < where.comparisons.size(); ++i) {
    const Comparison& comparison = where.comparisons[i];
    if (comparison.sub != "value" || !text::is_uuid(comparison.value)) continue;
    std::size_t bits = known;
    for (std::size_t j = 0; j < where.comparisons.size(); ++j) {
      const Comparison& other = where.comparisons[j];
      if (other.sub == "value" && text::equals_ignoring_case(other.value, comparison.value)) {
        bits |= std::size_t{1} << j;
      }
    }
    if (where.table[bits] == '1') members.remove(text::to_lower(comparison.value));
  }
  return Done{};
}

Status change_members(Members& members, Operation operation, const Path& path, const Json& value) {
  if (!path.sub.empty()) return no_way_to_members();
  if (path.where) {
    return operation == Operation::remove ? remove_chosen(members, *path.where)
                                          : no_way_to_members();
  }
  if (operation == Operation::set || (operation == Operation::remove && value.is_null())) {
    members.clear();
  }
  const auto change = [&](const Json& entry) -> Status {
    const auto id = read_member(entry);
    if (!id) return id.failure();
    operation == Operation::remove ? members.remove(*id) : members.add(*id);
    return Done{};
  };
  if (value.is_null()) return Done{};
  if (!value.is_array()) return change(value);
  for (const Json& entry : value) {
    Status changed = change(entry);
    if (!changed) return changed;
  }
  return Done{};
}

Status change_display_name(GroupChange& change, Operation operation, const Json& value) {
  Status changed = change_text(change.display_name, operation, value, "displayName", kMaxName);
  if (changed && change.display_name->empty()) {
    return Failure{code::kScimMutability, "displayName cannot be taken away."};
  }
  return changed;
}

Status change_group(GroupChange& change, Members& members, Operation operation, const Path& path,
                    const Json& value) {
  if (path.is_foreign) return Done{};
  if (path.attribute == "members") return change_members(members, operation, path, value);
  if (path.sub.empty() && !path.where) {
    if (path.attribute == "displayname") return change_display_name(change, operation, value);
    if (path.attribute == "externalid") {
      return change_text(change.external_id, operation, value, "externalId", kMaxExternalId);
    }
  }
  return Failure{code::kScimInvalidPath,
                 "A Group has no attribute " + path.attribute.substr(0, 64) + "."};
}

GroupChange finished(GroupChange change, const Members& members) {
  change.clears_members = members.is_cleared;
  change.adds.assign(members.added.begin(), members.added.end());
  change.removes.assign(members.removed.begin(), members.removed.end());
  return change;
}

}  // namespace

Result<GroupChange> read_group(std::string_view body) {
  const auto document = parse_document(body);
  if (!document) return document.failure();
  if (!has_schema(*document, kGroupUrn) && !has_schema(*document, kOldUrn)) {
    return Failure{code::kScimInvalidSyntax, std::string("schemas must name ") + kGroupUrn + "."};
  }
  GroupChange change;
  change.external_id = "";
  Members members;
  members.clear();
  const Status read =
      each_attribute(*document, [&](Operation operation, const Path& path, const Json& value) {
        Status changed = change_group(change, members, operation, path, value);
        return !changed && changed.failure().code == code::kScimInvalidPath ? Status(Done{})
                                                                            : changed;
      });
  if (!read) return read.failure();
  if (!change.display_name) return Failure{code::kScimInvalidValue, "displayName is missing."};
  return finished(std::move(change), members);
}

Result<GroupChange> read_group_patch(std::string_view body) {
  GroupChange change;
  Members members;
  const auto document = parse_document(body);
  if (!document) return document.failure();
  const Status read =
      each_operation(*document, [&](Operation operation, const Path& path, const Json& value) {
        return change_group(change, members, operation, path, value);
      });
  if (!read) return read.failure();
  return finished(std::move(change), members);
}

namespace {

OrderedJson group_object(const Group& group, const std::string& base) {
  OrderedJson out{{"schemas", {kGroupUrn}}, {"id", group.id}};
  add_text(out, "externalId", group.external_id);
  out["displayName"] = group.display_name;
  if (group.shows_members) {
    out["members"] = OrderedJson::array();
    const std::string users = base + "/Users/";
    for (const std::string& id : group.members) {
      out["members"].push_back({{"value", id}, {"type", "User"}, {"$ref", users + id}});
    }
  }
  out["meta"] = meta_of("Group", base + "/Groups/" + group.id, group.created_at, group.changed_at);
  return out;
}

}  // namespace

std::string write_group(const Group& group, const std::string& base, const Projection& projection) {
  return text_of(projection.of(group_object(group, base)));
}

void add_groups(OrderedJson& resources, const std::vector<Group>& groups, const std::string& base,
                const Projection& projection) {
  for (const Group& group : groups) resources.push_back(projection.of(group_object(group, base)));
}

}  // namespace anteroom::scim
