// Percent-encoding and application/x-www-form-urlencoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anteroom::http {

/// Everything but RFC 3986 unreserved characters becomes %XX (upper-case hex).
std::string percent_encode(std::string_view text);

/// nullopt on a malformed escape or a decoded NUL. `plus_is_space` for forms and queries.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// A decoded form or query: at most 64 fields. A field given twice makes the whole form invalid.
class Form {
 public:
  static std::optional<Form> parse(std::string_view encoded);

  /// Empty if absent.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace anteroom::http
