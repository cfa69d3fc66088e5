// Attribute paths and boolean expressions over them (RFC 7644, 3.4.2.2 and 3.5.2), in all of their
// grammar. What stands without quotes where a value must is taken as the text it looks like: that
// is how some clients write.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/result.h"

namespace anteroom::scim {

inline constexpr std::size_t kMaxComparisons = 8;
inline constexpr std::size_t kMaxPath = 1024;  ///< bytes of a path or a filter

/// `attribute.sub eq "value"`
struct Comparison {
  std::string attribute;  ///< lower case, without the schema's URN; empty: another schema's
  std::string sub;        ///< lower case, empty: none
  std::string test;       ///< "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le" or "pr"
  std::string value;      ///< true and false as these words; null, and with pr: empty
};

/// Comparisons joined with and, or, not and parentheses. Bit i of an index of the table says
/// whether comparison i holds, and '1' there that the expression then does.
struct Expression {
  std::vector<Comparison> comparisons;  ///< at most kMaxComparisons
  std::string table;
};

/// "emails[type eq \"work\"].value". Comparisons within the brackets are of "emails", too.
struct Path {
  bool is_foreign = false;  ///< an attribute of another schema than User and Group; rest is empty
  std::string attribute;    ///< lower case, without the schema's URN
  std::string sub;          ///< lower case, empty: none
  std::optional<Expression> where;
};

/// kScimInvalidPath
Result<Path> parse_path(std::string_view text);

/// nullopt: there is none, or one beyond these bounds. Parentheses nest at most 8 levels deep.
std::optional<Expression> parse_expression(std::string_view text);

/// Whether a text without case is, or begins with … what it is compared with. `have` is empty where
/// the attribute has no value.
bool holds(const Comparison& comparison, std::string_view have);

}  // namespace anteroom::scim
