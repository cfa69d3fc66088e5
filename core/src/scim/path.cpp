#include "scim/path.h"

#include <algorithm>
#include <array>
#include <utility>

#include "scim/codes.h"
#include "scim/document.h"
#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::scim {

namespace {

constexpr std::size_t kMaxNesting = 8;
constexpr std::array<std::string_view, 10> kTests{"eq", "ne", "co", "sw", "ew",
                                                  "gt", "ge", "lt", "le", "pr"};

bool is_name_character(char c) {
  const char l = text::lower(c);
  return (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '_' || l == '-' || l == '$';
}

// What an unquoted value and the URN of a schema go on with.
bool is_word_character(char c) {
  return std::string_view(" \"()[]").find(c) == std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

  std::optional<Path> path() {
    Path path;
    if (is_urn() && !take_own_schema()) {
      path.is_foreign = true;
      rest_ = {};
      return path;
    }
    path.attribute = name();
    if (path.attribute.empty()) return std::nullopt;
    if (take('[')) {
      path.where = bracketed(path.attribute);
      if (!path.where) return std::nullopt;
    }
    if (take('.')) {
      path.sub = name();
      if (path.sub.empty()) return std::nullopt;
    }
    return path;
  }

  std::optional<Expression> expression() {
    if (!any("", 0)) return std::nullopt;
    return finished();
  }

 private:
  static constexpr int kAnd = -1;
  static constexpr int kOr = -2;
  static constexpr int kNot = -3;

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
  template <class Is>
  std::string_view while_is(Is is) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  /// Lower case; empty if there is none.
  std::string name() { return text::to_lower(while_is(is_name_character)); }
  bool keyword(std::string_view word) {
    if (!text::equals_ignoring_case(rest_.substr(0, word.size()), word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  [[nodiscard]] bool is_urn() const {
    return text::equals_ignoring_case(rest_.substr(0, 4), "urn:");
  }
  bool take_own_schema() {
    for (const std::string_view own : {"urn:ietf:params:scim:schemas:core:2.0:User:",
                                       "urn:ietf:params:scim:schemas:core:2.0:Group:"}) {
      if (keyword(own)) return true;
    }
    return false;
  }

  std::optional<std::string> value() {
    if (rest_.empty() || rest_.front() != '"') {
      const std::string_view word = while_is(is_word_character);
      const std::string lower = text::to_lower(word);
      if (word.empty() || !text::is_plain_text(word, text::Lines::one)) return std::nullopt;
      if (lower == "null") return std::string();
      return lower == "true" || lower == "false" ? lower : std::string(word);
    }
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2U : 1U;
    if (end >= rest_.size()) return std::nullopt;
    const Json text = Json::parse(rest_.substr(0, end + 1), nullptr, false);
    rest_.remove_prefix(end + 1);
    if (!text.is_string()) return std::nullopt;
    auto plain = read_text(text, "", kMaxPath);
    return plain ? std::optional(std::move(*plain)) : std::nullopt;
  }

  // Between what it joins: spaces, or a parenthesis behind it.
  bool joined_by(std::string_view word) {
    const std::string_view before = rest_;
    if (spaces() && keyword(word) && (spaces() || rest_.starts_with('('))) return true;
    rest_ = before;
    return false;
  }
  // `outer`: the attribute whose brackets these are, if any.
  bool any(const std::string& outer, std::size_t depth) {
    if (!all(outer, depth)) return false;
    while (joined_by("or")) {
      if (!all(outer, depth)) return false;
      program_.push_back(kOr);
    }
    return true;
  }
  bool all(const std::string& outer, std::size_t depth) {
    if (!one(outer, depth)) return false;
    while (joined_by("and")) {
      if (!one(outer, depth)) return false;
      program_.push_back(kAnd);
    }
    return true;
  }
  bool one(const std::string& outer, std::size_t depth) {
    const std::string_view before = rest_;
    if (keyword("not")) {
      spaces();
      if (take('(')) {
        if (!parenthesised(outer, depth)) return false;
        program_.push_back(kNot);
        return true;
      }
      rest_ = before;
    }
    return take('(') ? parenthesised(outer, depth) : comparison(outer, depth);
  }
  bool parenthesised(const std::string& outer, std::size_t depth) {
    if (depth == kMaxNesting) return false;
    spaces();
    if (!any(outer, depth + 1)) return false;
    spaces();
    return take(')');
  }
  bool comparison(const std::string& outer, std::size_t depth) {
    Comparison made;
    if (is_urn() && !take_own_schema()) {
      while_is(is_word_character);
    } else if (!attribute(outer, made)) {
      return false;
    }
    if (outer.empty() && !made.attribute.empty() && take('[')) {
      if (depth == kMaxNesting || !any(made.attribute, depth + 1) || !take(']')) return false;
      if (!take('.')) return true;
      made.sub = name();
      return !made.sub.empty() && tested(std::move(made)) && joined_to_its_brackets();
    }
    return tested(std::move(made));
  }
  bool attribute(const std::string& outer, Comparison& made) {
    made.attribute = name();
    if (made.attribute.empty()) return false;
    if (!outer.empty()) {
      made.sub = std::exchange(made.attribute, outer);
    } else if (take('.')) {
      made.sub = name();
      return !made.sub.empty();
    }
    return true;
  }
  bool joined_to_its_brackets() {
    program_.push_back(kAnd);
    return true;
  }
  bool tested(Comparison made) {
    if (!spaces() || comparisons_.size() == kMaxComparisons) return false;
    made.test = name();
    if (std::find(kTests.begin(), kTests.end(), made.test) == kTests.end()) return false;
    if (made.test != "pr") {
      auto wanted = spaces() ? value() : std::nullopt;
      if (!wanted) return false;
      made.value = std::move(*wanted);
    }
    program_.push_back(static_cast<int>(comparisons_.size()));
    comparisons_.push_back(std::move(made));
    return true;
  }

  std::optional<Expression> bracketed(const std::string& outer) {
    if (!any(outer, 1) || !take(']')) return std::nullopt;
    return finished();
  }
  [[nodiscard]] char result_for(std::size_t bits) const {
    std::vector<bool> stack;
    for (const int step : program_) {
      if (step >= 0) {
        stack.push_back((bits >> static_cast<unsigned>(step) & 1U) != 0);
        continue;
      }
      const bool last = stack.back();
      if (step == kNot) {
        stack.back() = !last;
        continue;
      }
      stack.pop_back();
      stack.back() = step == kAnd ? stack.back() && last : stack.back() || last;
    }
    return stack.back() ? '1' : '0';
  }
  Expression finished() {
    Expression expression;
    const std::size_t size = std::size_t{1} << comparisons_.size();
    for (std::size_t bits = 0; bits < size; ++bits) expression.table += result_for(bits);
    expression.comparisons = std::move(comparisons_);
    return expression;
  }

  std::string_view rest_;
  std::vector<Comparison> comparisons_;
  std::vector<int> program_;  // in postfix order: a comparison's number, or what joins
};

}  // namespace

Result<Path> parse_path(std::string_view text) {
  Reader reader(text);
  auto path = text.size() > kMaxPath ? std::nullopt : reader.path();
  if (!path || !reader.is_at_end()) {
    return Failure{code::kScimInvalidPath, "A path cannot be read."};
  }
  return std::move(*path);
}

std::optional<Expression> parse_expression(std::string_view text) {
  if (text.size() > kMaxPath) return std::nullopt;
  Reader reader(text);
  auto expression = reader.expression();
  return reader.is_at_end() ? std::move(expression) : std::nullopt;
}

bool holds(const Comparison& comparison, std::string_view have) {
  const std::string has = text::to_lower(have);
  const std::string wanted = text::to_lower(comparison.value);
  const std::string& test = comparison.test;
  if (test == "eq") return has == wanted;
  if (test == "ne") return has != wanted;
  if (has.empty()) return false;
  if (test == "pr") return true;
  if (test == "co") return has.find(wanted) != std::string::npos;
  if (test == "sw") return has.starts_with(wanted);
  if (test == "ew") return has.ends_with(wanted);
  if (test == "gt") return has > wanted;
  if (test == "ge") return has >= wanted;
  if (test == "lt") return has < wanted;
  return has <= wanted;
}

}  // namespace anteroom::scim
