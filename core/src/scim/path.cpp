#include "scim/path.h"

#include <algorithm>
#include <vector>

#include "http/text.h"
#include "scim/codes.h"
#include "scim/document.h"

namespace anteroom::scim {

namespace {

constexpr std::size_t kMaxText = 1024;
constexpr std::size_t kMaxConditions = 4;

bool is_name_character(char c) {
  const char l = http::lower(c);
  return (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '_' || l == '-' || l == '$';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool spaces() {
    const std::size_t before = rest_.size();
    while (take(' ')) {
    }
    return rest_.size() < before;
  }
  /// Lower case; empty if there is none.
  std::string name() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_name_character);
    const auto length = static_cast<std::size_t>(end - rest_.begin());
    std::string out = http::to_lower(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return out;
  }
  bool keyword(std::string_view word) {
    if (!http::equals_ignoring_case(rest_.substr(0, word.size()), word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  /// A JSON string, or true or false.
  std::optional<std::string> value() {
    if (rest_.empty() || rest_.front() != '"') {
      const std::string word = name();
      return word == "true" || word == "false" ? std::optional(word) : std::nullopt;
    }
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2U : 1U;
    if (end >= rest_.size()) return std::nullopt;
    const Json text = Json::parse(rest_.substr(0, end + 1), nullptr, false);
    rest_.remove_prefix(end + 1);
    if (!text.is_string()) return std::nullopt;
    auto plain = read_text(text, "", kMaxText);
    return plain ? std::optional(std::move(*plain)) : std::nullopt;
  }
  /// "eq" and a value, the spaces around them included.
  std::optional<std::string> equals() {
    if (!spaces() || !keyword("eq") || !spaces()) return std::nullopt;
    return value();
  }

  /// A path up to where it ends.
  std::optional<Path> path() {
    Path path;
    if (http::equals_ignoring_case(rest_.substr(0, 4), "urn:") && !take_schema()) {
      path.is_foreign = true;
      return path;
    }
    path.attribute = name();
    if (path.attribute.empty()) return std::nullopt;
    if (take('[')) {
      Selector where{name(), ""};
      const auto value = equals();
      if (where.attribute.empty() || !value || !take(']')) return std::nullopt;
      where.value = *value;
      path.where = std::move(where);
    }
    if (take('.')) {
      path.sub = name();
      if (path.sub.empty()) return std::nullopt;
    }
    return path;
  }

 private:
  // False: it is another schema's, and all of the rest with it.
  bool take_schema() {
    for (const std::string_view own : {"urn:ietf:params:scim:schemas:core:2.0:User:",
                                       "urn:ietf:params:scim:schemas:core:2.0:Group:"}) {
      if (keyword(own)) return true;
    }
    rest_ = {};
    return false;
  }

  std::string_view rest_;
};

struct Condition {
  Path path;
  std::string value;
};

Failure no_filter() {
  return {code::kScimInvalidFilter,
          "The filter must be ATTRIBUTE eq \"VALUE\", or several of these joined with and."};
}

Result<std::vector<Condition>> parse_conditions(std::string_view text) {
  std::vector<Condition> conditions;
  if (text.empty()) return conditions;
  if (text.size() > kMaxText) return no_filter();
  Reader reader(text);
  while (true) {
    auto path = reader.path();
    if (!path || path->is_foreign) return no_filter();
    auto value = reader.equals();
    if (!value || conditions.size() == kMaxConditions) return no_filter();
    conditions.push_back({std::move(*path), std::move(*value)});
    const bool has_spaces = reader.spaces();
    if (reader.is_at_end()) return conditions;
    if (!has_spaces || !reader.keyword("and") || !reader.spaces()) return no_filter();
  }
}

bool is_plain(const Path& path, std::string_view attribute) {
  return path.attribute == attribute && path.sub.empty() && !path.where;
}

bool is_value_of(const Path& path, std::string_view attribute) {
  return path.attribute == attribute && (path.sub.empty() || path.sub == "value") && !path.where;
}

bool is_work_email(const Path& path) {
  if (path.attribute != "emails" || path.sub != "value") return false;
  return !path.where ||
         (path.where->attribute == "type" && http::equals_ignoring_case(path.where->value, "work"));
}

// Fills the query's member; nullopt: no such attribute, or there already.
template <class Query, class MemberOf>
Result<Query> read_query(std::string_view text, MemberOf member_of) {
  const auto conditions = parse_conditions(text);
  if (!conditions) return conditions.failure();
  Query query;
  for (const Condition& condition : *conditions) {
    std::optional<std::string>* value = member_of(query, condition.path);
    if (value == nullptr || *value) {
      return Failure{code::kScimInvalidFilter,
                     "The filter asks for an attribute that cannot be "
                     "searched for, or for one of them twice."};
    }
    *value = condition.value;
  }
  return query;
}

}  // namespace

Result<Path> parse_path(std::string_view text) {
  Reader reader(text);
  auto path = text.size() > kMaxText ? std::nullopt : reader.path();
  if (!path || !reader.is_at_end()) {
    return Failure{code::kScimInvalidPath, "A path cannot be read."};
  }
  return std::move(*path);
}

Result<UserQuery> parse_user_filter(std::string_view text) {
  return read_query<UserQuery>(
      text, [](UserQuery& query, const Path& path) -> std::optional<std::string>* {
        if (is_plain(path, "username")) return &query.user_name;
        if (is_plain(path, "externalid")) return &query.external_id;
        if (is_plain(path, "id")) return &query.id;
        return is_work_email(path) ? &query.email : nullptr;
      });
}

Result<GroupQuery> parse_group_filter(std::string_view text) {
  return read_query<GroupQuery>(
      text, [](GroupQuery& query, const Path& path) -> std::optional<std::string>* {
        if (is_plain(path, "displayname")) return &query.display_name;
        if (is_plain(path, "externalid")) return &query.external_id;
        if (is_plain(path, "id")) return &query.id;
        return is_value_of(path, "members") ? &query.member : nullptr;
      });
}

}  // namespace anteroom::scim
